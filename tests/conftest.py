# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib
import platform
import secrets
import shutil
import tempfile
from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("cloud", "cluster", "harness", "installed")  # so that a failure says what was found

import pains
import returned
import sampling
from cloud import Cloud
from cluster import Cluster
from harness import INSTALLED, ROOT, Lab, free_port
from installed import Modules

samples: set[str] = set()
seen: set[str] = set()


def pytest_configure() -> None:
    """Choose the seed of this run, before processes are started that share it."""
    sampling.seed()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take the samples of this run from what was selected."""
    sampling.take(config, items)
    for item in items:
        pains.note(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> None:
    """Let the report know what modules have returned."""
    returned.note(item)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note which samples were run, what was shown and what was returned, whichever process ran them."""
    samples.update(value for name, value in report.user_properties if name == sampling.SAMPLE)
    seen.update(value for name, value in report.user_properties if name == returned.PROPERTY)
    pains.collect(report)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a whole run in which an attribute of a module was not shown to hold."""
    if _is_whole(session.config) and returned.never_shown(seen) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _is_whole(config: pytest.Config) -> bool:
    """Tell whether a run has all end-to-end tests, and of matrices all cases."""
    return sampling.WHOLE and _is_of_all(config)


def _is_of_all(config: pytest.Config) -> bool:
    """Tell whether a run has all end-to-end tests, of matrices perhaps a sample."""
    return bool({"tests", "tests/e2e"} & set(config.args)) and not config.option.markexpr


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what of each large matrix was run, and which pains and traps were shown to be handled."""
    for line in sorted(samples):
        terminalreporter.write_line(line)
    if _is_whole(config):
        for key in returned.never_returned(seen):
            terminalreporter.write_line(f"documented, but in no result of this run: {key}")
        for attribute in returned.never_shown(seen):
            terminalreporter.write_line(f"documented, but not shown by any test of this run: {attribute}", red=True)
    table = pains.lines()
    if table:
        pains.TABLE.write_text("\n".join([*table, ""]), encoding="utf-8")
    if table and _is_of_all(config):
        terminalreporter.write_line(
            "\nPains of users (E) and traps of the guide's manifest (D), and what shows them handled:"
        )
        for line in table:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def installed_artifact() -> pathlib.Path:
    """What is tested is what was built and installed, and it is as old as the sources."""
    if not (INSTALLED / "MANIFEST.json").is_file():
        pytest.fail("the collection is not installed: run make collection", pytrace=False)
    folders = ("roles", "playbooks", "extensions")
    for source in (
        *ROOT.glob("plugins/**/*.py"),
        *(path for name in folders for path in ROOT.glob(f"{name}/**/*.yml")),
    ):
        copy = INSTALLED / source.relative_to(ROOT)
        if not copy.is_file() or copy.read_bytes() != source.read_bytes():
            pytest.fail(f"{copy} is not {source}: run make collection", pytrace=False)
    return INSTALLED


def _lab(engine: str, *options: str) -> Iterator[Lab]:
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gl", dir="/tmp"))
    lab = Lab(folder / "l", engine, free_port())
    try:
        lab.up(*options)
        yield lab
    finally:
        lab.down()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def api_lab(installed_artifact: pathlib.Path) -> Iterator[Lab]:
    """A lab whose clusters are not real."""
    yield from _lab("api")


@pytest.fixture(scope="session")
def shared_lab(installed_artifact: pathlib.Path) -> Iterator[Lab]:
    """A lab for tests that have projects of their own in it; its operations take no time."""
    yield from _lab("api", "--time-factor", "0")


@pytest.fixture(scope="session")
def slow_lab(installed_artifact: pathlib.Path) -> Iterator[Lab]:
    """A lab for tests that watch operations: to make a cluster takes seven seconds."""
    yield from _lab("api", "--time-factor", "0.03")


@pytest.fixture(scope="session")
def modules(installed_artifact: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Modules]:
    """The installed modules."""
    found = Modules(tmp_path_factory.mktemp("modules"))
    yield found
    found.close()


@pytest.fixture
def cloud(shared_lab: Lab, modules: Modules) -> Iterator[Cloud]:
    """A project of this test's own."""
    cloud = Cloud(shared_lab, modules, f"test-{secrets.token_hex(4)}")
    yield cloud
    cloud.forget()


@pytest.fixture(scope="module")
def control_plane_lab(installed_artifact: pathlib.Path) -> Iterator[Lab]:
    """A lab whose clusters are real API servers without nodes; its operations take no time."""
    _needs_linux()
    yield from _lab("control-plane", "--time-factor", "0")


@pytest.fixture(scope="module")
def full_lab(installed_artifact: pathlib.Path) -> Iterator[Lab]:
    """A lab whose nodes are real kernels."""
    _needs_linux()
    yield from _lab("full")


@pytest.fixture(scope="session")
def plane_lab(installed_artifact: pathlib.Path, modules: Modules) -> Iterator[Lab]:
    """A lab whose cluster is a real API server with the guide's objects and three nodes; no pod runs there."""
    _needs_linux()
    for lab in _lab("control-plane", "--time-factor", "0"):
        made = lab.play("multinet.gke.site", arguments="--tags vpc,cluster,nodepool")
        assert made.rc == 0, made.stdout
        installed = Cluster(lab, modules, "kube-system").module("multus_install", wait=False)
        assert not installed.get("failed"), installed["msg"]
        yield lab


@pytest.fixture(scope="session")
def site_lab(installed_artifact: pathlib.Path) -> Iterator[Lab]:
    """A lab with the demo's site up to Multus and my-nad: two nodes that carry it, and one that does not."""
    _needs_linux()
    for lab in _lab("full", "--time-factor", "0"):
        made = lab.play("multinet.gke.site", arguments="--tags vpc,cluster,nodepool,multus,networks")
        assert made.rc == 0, made.stdout
        yield lab


def _cluster(lab: Lab, modules: Modules) -> Iterator[Cluster]:
    namespace = f"test-{secrets.token_hex(4)}"
    lab.kubectl("create", "namespace", namespace)
    yield Cluster(lab, modules, namespace)
    lab.kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture
def plane(plane_lab: Lab, modules: Modules) -> Iterator[Cluster]:
    """A namespace of this test's own on a real API server."""
    yield from _cluster(plane_lab, modules)


@pytest.fixture
def site(site_lab: Lab, modules: Modules) -> Iterator[Cluster]:
    """A namespace of this test's own in a site whose nodes are real kernels; what else a test changes, it puts back."""
    yield from _cluster(site_lab, modules)


def _needs_linux() -> None:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("only x86-64 Linux runs the lab's kernels and Kubernetes")
