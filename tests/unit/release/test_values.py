# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a release that are values: archives, what lock files pin, bills of materials, and the README's lines."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pathlib
import re
import tarfile
from importlib.metadata import version

import pytest
import yaml
from cyclonedx.model.component import ComponentType
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL
from packaging.requirements import Requirement

from documents import rows
from gkelab.supplies import contents
from gkelab.supplies.programs import KUBERNETES
from harness import ROOT
from release import archive, go_modules, python_packages
from release.archive import FILES, MANIFEST, Entry
from release.bom import Part, bill
from release.commands import Failed
from release.rehearsal import Readme

LOCK = (ROOT / "tooling" / "requirements.txt").read_text()
MOMENT = 1_700_000_000
CONTENTS = {
    "README.md": b"# read me",
    "plugins": None,
    "plugins/a.sh": b"#!/bin/sh",
    "roles": None,
    "a": None,
    "a/b": b"",
}


def galaxy_artifact(names: list[str], moment: int, umask: int) -> bytes:
    """Pack a small collection as ansible-galaxy does: in any order, at any time, with whatever modes files have."""
    listed = [{"name": ".", "ftype": "dir"}]
    listed += [{"name": name, "ftype": "dir" if CONTENTS[name] is None else "file"} for name in names]
    files = json.dumps({"files": listed, "format": 1}, indent=True).encode()
    manifest = {"file_manifest_file": {"name": FILES, "chksum_sha256": hashlib.sha256(files).hexdigest()}}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as opened:
        for name, content in {
            MANIFEST: json.dumps(manifest).encode(),
            FILES: files,
            **{n: CONTENTS[n] for n in names},
        }.items():
            member = tarfile.TarInfo(name)
            member.mtime, member.uid, member.uname = moment, umask, "somebody"
            member.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            member.mode = (0o777 if content is None or name.endswith(".sh") else 0o666) & ~umask
            member.size = len(content or b"")
            opened.addfile(member, io.BytesIO(content or b""))
    return packed.getvalue()


@given(st.permutations(list(CONTENTS)), st.integers(0, 2**31), st.sampled_from([0, 0o022, 0o027, 0o077]))
def test_an_artifact_is_the_same_whatever_built_it(names: list[str], moment: int, umask: int) -> None:
    first = archive.normal(galaxy_artifact(list(CONTENTS), 1, 0), MOMENT)
    assert archive.normal(galaxy_artifact(names, moment, umask), MOMENT) == first


def test_an_artifact_keeps_its_contents_and_says_so_truly() -> None:
    found = {e.name: e for e in archive.unpack(archive.normal(galaxy_artifact(list(CONTENTS), 1, 0o077), MOMENT))}
    assert {name: entry.content for name, entry in found.items() if name not in (MANIFEST, FILES)} == CONTENTS
    assert [name for name, entry in found.items() if entry.executable] == ["plugins/a.sh"]
    said = json.loads(found[MANIFEST].content or b"")["file_manifest_file"]["chksum_sha256"]
    assert said == hashlib.sha256(found[FILES].content or b"").hexdigest()


def test_another_time_or_another_content_makes_another_archive() -> None:
    entries = [Entry("a", b"1")]
    same = archive.pack(entries, MOMENT)
    assert archive.pack(entries, MOMENT) == same
    assert archive.pack(entries, MOMENT + 1) != same
    assert archive.pack([Entry("a", b"2")], MOMENT) != same
    assert archive.pack([Entry("a", b"1", executable=True)], MOMENT) != same


def test_a_folder_is_packed_in_order_and_without_what_is_hidden(tmp_path: pathlib.Path) -> None:
    for name in ("b/a.html", "a.html", ".doctrees/a", "b/.cache"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    found = archive.unpack(archive.pack(archive.folder(tmp_path, "docs"), MOMENT))
    assert [entry.name for entry in found] == ["docs", "docs/a.html", "docs/b", "docs/b/a.html"]


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_what_is_laid_out_has_modes_of_its_own(tmp_path: pathlib.Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        archive.lay_out([Entry("bin", None), Entry("bin/a", b"1", executable=True), Entry("b", b"2")], tmp_path / "new")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").rglob("*")}
    assert modes == {"bin": 0o755, "a": 0o755, "b": 0o644}


def test_the_lock_is_read_with_all_its_sums() -> None:
    allowed = python_packages.hashes(LOCK)
    assert sum(map(len, allowed.values())) == LOCK.count("--hash=sha256:")
    assert all(allowed.values())


def test_what_a_package_needs_is_followed_to_the_end() -> None:
    found = python_packages.closure([Requirement("google-cloud-compute>=1")], LOCK)
    assert {"google-api-core", "protobuf", "grpcio", "requests", "urllib3"} <= set(found)
    assert "pytest" not in found
    assert found["protobuf"].version == version("protobuf")
    assert all(need in found for package in found.values() for need in package.needs)


def test_an_extra_that_only_a_later_requirement_names_counts() -> None:
    plain = python_packages.closure([Requirement("google-api-core")], LOCK)
    grpc = python_packages.closure([Requirement("google-api-core[grpc]"), Requirement("google-api-core")], LOCK)
    assert "grpcio" not in plain
    assert "grpcio" in grpc


def test_go_modules_have_the_version_that_is_built() -> None:
    go_mod = """module lab/x

require (
\tk8s.io/api v0.0.0 // indirect
\texample.org/a v1.0.0
)

require example.org/b v2.0.0+incompatible

replace k8s.io/api => k8s.io/api v0.34.4
"""
    go_sum = "k8s.io/api v0.34.4 h1:A=\nk8s.io/api v0.34.4/go.mod h1:B=\nexample.org/a v1.0.0 h1:C=\n"
    assert go_modules.pinned(go_mod, go_sum) == {
        ("k8s.io/api", "v0.34.4"): "h1:A=",
        ("example.org/a", "v1.0.0"): "h1:C=",
        ("example.org/b", "v2.0.0+incompatible"): "",
    }


def test_every_go_module_of_the_lab_is_pinned_by_a_sum() -> None:
    folders = [path.parent for path in (ROOT / "lab" / "gkelab" / "go").glob("*/go.mod")]
    sources = {path.name: ((path / "go.mod").read_text(), (path / "go.sum").read_text()) for path in folders}
    modules = list(go_modules.modules(sources))
    assert {"kubernetes", "multus", "whereabouts"} <= {name for module in modules for name in module.programs}
    assert [module for module in modules if not module.sum.startswith("h1:")] == []


def test_a_bill_names_what_needs_what(tmp_path: pathlib.Path) -> None:
    (tmp_path / "artifact").write_bytes(b"whole")
    below = Part(PackageURL("pypi", None, "below", "2"), licence="MIT OR Apache-2.0", direct=False)
    above = Part(
        PackageURL("pypi", None, "above", "1"),
        licence="A licence of its own",
        files=("0" * 64,),
        needs=frozenset([below.purl]),
    )
    subject = Part(
        PackageURL("generic", None, "all", "0.1.0"), licence="GPL-3.0-or-later", kind=ComponentType.APPLICATION
    )
    text = bill(tmp_path / "artifact", subject, [above, below], MOMENT)
    assert bill(tmp_path / "artifact", subject, [below, above], MOMENT) == text
    read = json.loads(text)
    assert read["metadata"]["component"]["hashes"] == [
        {"alg": "SHA-256", "content": hashlib.sha256(b"whole").hexdigest()}
    ]
    assert {one["ref"]: one.get("dependsOn", []) for one in read["dependencies"]} == {
        "pkg:generic/all@0.1.0": ["pkg:pypi/above@1"],
        "pkg:pypi/above@1": ["pkg:pypi/below@2"],
        "pkg:pypi/below@2": [],
    }


def test_a_bill_that_the_schema_does_not_know_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "artifact").write_bytes(b"whole")
    wrong = Part(PackageURL("pypi", None, "above", "1"), files=("no checksum",))
    with pytest.raises(Failed, match="not valid"):
        bill(tmp_path / "artifact", Part(PackageURL("generic", None, "all", "1")), [wrong], MOMENT)


def test_the_readme_can_be_followed() -> None:
    readme = Readme((ROOT / "README.md").read_text())
    assert "ansible-galaxy collection install multinet-gke-*.tar.gz" in readme.installation.splitlines()
    assert list(yaml.safe_load(readme.inventory)["all"]["hosts"]) == ["edge"]
    names = {line.split()[1].removeprefix("multinet.gke.") for line in readme.playbooks}
    assert names == {path.stem for path in (ROOT / "playbooks").glob("*.yml")}


def test_the_readme_names_the_versions_that_are_wanted_and_locked() -> None:
    said = {row[0].partition(" ")[0]: row[1:] for row in rows((ROOT / "README.md").read_text(), "what")}
    locked = dict(python_packages.hashes(LOCK).keys())
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        needed = Requirement(line)
        least = str(needed.specifier).removeprefix(">=")
        assert said[needed.name] == [f"{least} or later", locked[needed.name]]


def test_the_readme_names_what_the_lab_builds() -> None:
    text = (ROOT / "README.md").read_text()
    for built in (f"Kubernetes:{KUBERNETES}", contents.UPSTREAM_MULTUS, contents.UPSTREAM_WHEREABOUTS):
        assert re.search(rf"^\|.* {re.escape(built.rpartition(':')[2])} ", text, re.MULTILINE), built
