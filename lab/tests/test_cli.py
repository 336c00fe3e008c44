# SPDX-License-Identifier: Apache-2.0
"""The command line, with the engine api: the rest of it is in test_full.py."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gkelab import __version__, checks, environment, hints, times
from gkelab.admin import answers, ask
from gkelab.asked import asked
from gkelab.cloud import request_log
from gkelab.engine import ClusterSpec
from gkelab.lifecycle import Lifecycle
from gkelab.locks import locked_folder
from gkelab.machines import memory
from gkelab.machines.cluster import Cluster
from gkelab.machines.ports import GRPC_OFFSET, is_free
from gkelab.output import Progress
from gkelab.processes import MARK, Processes
from gkelab.state import Lab, LabError, Settings
from gkelab.waiting import wait_for

LAB_PACKAGE = Path(__file__).resolve().parent.parent
Run = Callable[..., subprocess.CompletedProcess[str]]


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "gkelab", words[0], "--dir", str(folder), *words[1:]]


BARE = "import runpy; runpy.run_module('gkelab', run_name='__main__')"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(LAB_PACKAGE)}


@pytest.fixture
def gkelab(folder: Path) -> Iterator[Run]:
    place = folder / "lab"

    def run(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command(place, *words), check=False, text=True, capture_output=True, env=ENVIRONMENT, timeout=120
        )
        assert done.returncode == code, done.stderr
        return done

    yield run
    run("down")
    assert not place.exists()
    assert Processes(place).strays() == []


@pytest.mark.slow
def test_a_lab_from_up_to_down(gkelab: Run, folder: Path, base_port: int) -> None:
    place = folder / "lab"
    assert "no lab" in gkelab("status", code=3).stdout
    assert "nothing to do" in gkelab("down").stderr
    assert not place.exists()
    # the folder of a lab that ran here was deleted: its cloud is in no record, and holds the port
    listen = f"import socket, time; s = socket.create_server(('127.0.0.1', {base_port})); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", listen], env={**os.environ, MARK: str(place)}) as stray:
        assert wait_for(lambda: not is_free(base_port), 10)
        up = gkelab("up", "--engine", "api", "--port", str(base_port))
        assert stray.wait(5) == -signal.SIGKILL
    assert "ended 1 processes" in up.stderr
    assert f"http://127.0.0.1:{base_port}" in up.stdout
    assert place.stat().st_mode & 0o777 == 0o700
    assert (place / "token").stat().st_mode & 0o777 == 0o600
    assert json.loads((place / "service-account.json").read_text())["project_id"] == "test-project"

    token = (place / "token").read_text()
    cloud = Processes(place).running("cloud")
    assert "started again" not in gkelab("up").stderr
    assert Processes(place).running("cloud") == cloud
    assert (place / "token").read_text() == token
    assert "runs" in gkelab("status").stdout
    assert gkelab("logs").stdout.split() == ["cloud"]
    assert "TIME" in gkelab("requests").stdout
    assert "--engine api, not full" in gkelab("up", "--engine", "full", code=1).stderr
    assert "only full has real nodes" in gkelab("kill-node", "x", code=1).stderr

    assert cloud
    os.kill(cloud.pid, signal.SIGKILL)
    assert wait_for(lambda: not cloud.runs, 5)
    assert "LOST" in gkelab("status", code=3).stdout
    assert "cloud had ended, it is started again" in gkelab("up").stderr


@pytest.mark.parametrize("offset", [0, GRPC_OFFSET])
def test_a_port_in_use_is_named_and_nothing_is_left(gkelab: Run, folder: Path, base_port: int, offset: int) -> None:
    with socket.create_server(("127.0.0.1", base_port + offset)):
        failed = gkelab("up", "--engine", "api", "--port", str(base_port), code=1)
    assert f"port {base_port + offset} on 127.0.0.1 is in use" in failed.stderr
    assert "--port" in failed.stderr
    assert not (folder / "lab").exists()


def test_a_foreign_folder_is_left_alone(folder: Path) -> None:
    (folder / "precious").write_text("x")
    for words in (("up", "--engine", "api"), ("down",)):
        done = subprocess.run(command(folder, *words), check=False, text=True, capture_output=True, env=ENVIRONMENT)
        assert done.returncode == 1
        assert "lab" in done.stderr
    assert (folder / "precious").read_text() == "x"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_up_leaves_nothing(folder: Path, base_port: int, number: signal.Signals) -> None:
    place = folder / "lab"
    words = command(place, "up", "--engine", "api", "--port", str(base_port))
    with subprocess.Popen(words, env=ENVIRONMENT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as up:
        assert wait_for((place / "run" / "cloud.json").exists, 20, 0.005)
        up.send_signal(number)
        _, said = up.communicate(timeout=30)
    assert up.returncode == 130
    assert "interrupted: stopped cloud again" in said
    assert not place.exists()
    assert Processes(place).strays() == []


def test_two_at_once_wait_for_each_other(folder: Path) -> None:
    place = folder / "lab"
    place.mkdir()
    with locked_folder(place, "test"):
        second = subprocess.Popen(command(place, "down"), env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
        assert second.stderr
        assert "another gkelab is at it" in second.stderr.readline()
        assert second.poll() is None
    _, said = second.communicate(timeout=60)
    assert second.returncode == 0, said
    assert not place.exists()


@pytest.fixture
def settled(folder: Path, base_port: int) -> Lab:
    """A lab whose `up` has not come to its processes."""
    made = Lab(folder / "lab")
    made.create(Settings("api", base_port))
    return made


@pytest.mark.parametrize("leads", [True, False])
def test_down_ends_what_a_crash_has_left(gkelab: Run, settled: Lab, leads: bool) -> None:
    mark = {**os.environ, MARK: str(settled.folder)}
    with subprocess.Popen(["sleep", "60"], env=mark, start_new_session=leads) as stray:
        gkelab("down")
        assert stray.wait(5) == -signal.SIGKILL


def test_a_lab_whose_folder_was_deleted_is_ended(gkelab: Run, folder: Path) -> None:
    with subprocess.Popen(["sleep", "60"], env={**os.environ, MARK: str(folder / "lab")}) as stray:
        assert "is left" in gkelab("down").stderr
        assert stray.wait(5) == -signal.SIGKILL


def test_a_repair_that_is_interrupted_stops_what_it_started(folder: Path, settled: Lab) -> None:
    lifecycle = Lifecycle(settled, Progress())
    here = lifecycle.processes.start("old", ["sleep", "60"], settled.logs / "old")

    def interrupted(settings: Settings, *, fresh: bool) -> None:
        assert settings == settled.settings()
        assert not fresh
        lifecycle.processes.start("new", ["sleep", "60"], settled.logs / "new")
        subprocess.Popen(["sleep", "60"], env={**os.environ, MARK: str(settled.folder)}, start_new_session=True)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifecycle, "_start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            lifecycle.up(None, None, None)
    assert [stray.pid for stray in lifecycle.processes.strays()] == [here.pid]
    assert lifecycle.down()
    assert not settled.folder.exists()


def test_a_folder_is_a_lab_until_all_else_in_it_is_gone(settled: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            settled.remove()
    assert settled.exists
    settled.remove()
    assert not settled.folder.exists()


def test_another_programs_lab_json_makes_no_lab(folder: Path) -> None:
    (folder / "lab.json").write_text('{"engine": "v8"}')
    assert not Lab(folder).exists
    with pytest.raises(LabError, match="not a lab"):
        Lifecycle(Lab(folder), Progress()).down()
    assert (folder / "lab.json").exists()


def test_a_lab_behind_a_link_is_the_same_lab(folder: Path, settled: Lab) -> None:
    (folder / "link").symlink_to(settled.folder)
    assert Lab(folder / "link").folder == settled.folder


def test_what_the_system_refuses_is_said_in_one_line(folder: Path) -> None:
    (folder / "file").write_text("")
    done = subprocess.run(
        command(folder / "file", "up", "--engine", "api"), check=False, text=True, capture_output=True, env=ENVIRONMENT
    )
    assert done.returncode == 1
    assert done.stderr.startswith("gkelab: ")
    assert "Traceback" not in done.stderr


def test_a_python_without_the_packages_says_so() -> None:
    bare = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(LAB_PACKAGE)!r}); {BARE}"]
    done = subprocess.run(bare, check=False, text=True, capture_output=True)
    assert done.returncode == 1
    assert "has no aiohttp, cryptography, google.cloud.compute_v1" in done.stderr


@pytest.mark.parametrize(
    ("called", "through", "said"),
    [
        ("/usr/bin/gkelab", "", ["gkelab down --dir 'a b'", "gkelab status --dir 'a b'"]),
        ("/x/gkelab/__main__.py", "", [f"{Path(sys.executable).name} -m gkelab down --dir 'a b'"]),
        ("/x/gkelab/__main__.py", "make", ["make down ARGS='--dir '\"'\"'a b'\"'\"''", "gkelab status --dir 'a b'"]),
    ],
)
def test_hints_name_the_command_as_it_was_called(
    monkeypatch: pytest.MonkeyPatch, called: str, through: str, said: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [called])
    monkeypatch.setenv(hints.VARIABLE, through)
    assert [hints.command(name, "--dir", "a b") for name in ("down", "status")[: len(said)]] == said


def test_environment_is_what_shells_read(lab: Lab) -> None:
    script = f"export NO_PROXY=example.com\n{environment.exports(lab)}\nenv -0"
    printed = subprocess.run(["sh", "-c", script], check=True, text=True, capture_output=True).stdout
    values = dict(entry.split("=", 1) for entry in printed.split("\0") if entry)
    assert values["GKELAB_TOKEN"] == values["GCP_ACCESS_TOKEN"] == lab.token
    assert values["NO_PROXY"] == "127.0.0.1,localhost,example.com"
    assert values["CLOUDSDK_COMPUTE_ZONE"] == "us-central1-c"
    assert values["CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE"] == f"{values['GKELAB_URL']}/compute/v1/"
    assert values["MULTINET_CONTAINER_ENDPOINT"] == values["GKELAB_URL"]
    assert values["PATH"].split(":")[0] == str(lab.bin)
    assert values["KUBECONFIG"] == str(lab.kubeconfig)
    assert values["GKELAB_GRPC"] == f"127.0.0.1:{lab.settings().port + GRPC_OFFSET}"
    assert "GCE_METADATA_HOST" not in values
    lab.create(Settings("api", 26400))
    assert environment.variables(lab)["GCE_METADATA_HOST"] == "127.0.0.1:26400"


def test_a_path_too_long_for_sockets_is_refused(folder: Path) -> None:
    with pytest.raises(LabError, match="too long by"):
        Lab(folder / ("x" * 90)).create(Settings("api", 26400))


def test_other_platforms_are_told_what_works(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(LabError, match="--engine api"):
        checks.check("full", folder, folder, fresh=True)
    assert checks.check("api", folder, folder, fresh=True) == []


def test_missing_tools_and_space_are_named(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(LabError, match=r"apt-get \(package apt\)"):
        checks.check("full", folder, folder, fresh=True)
    monkeypatch.undo()
    monkeypatch.setattr(checks, "SUPPLY_SPACE", 10**9)
    with pytest.raises(LabError, match="GKELAB_CACHE"):
        checks.check("full", folder, folder, fresh=True)


@pytest.mark.parametrize(("room", "said"), [(2048, ["room for 2 nodes only"]), (4096, [])])
def test_little_memory_is_a_warning(monkeypatch: pytest.MonkeyPatch, folder: Path, room: int, said: list[str]) -> None:
    monkeypatch.setattr(checks, "_check_build_space", lambda _: None)
    monkeypatch.setattr(checks, "room", lambda: room)
    warnings = checks.check("full", folder, folder, fresh=True)
    assert len(warnings) == len(said)
    assert all(part in warning for part, warning in zip(said, warnings, strict=True))


def test_no_memory_at_all_is_refused(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(checks, "_check_build_space", lambda _: None)
    monkeypatch.setattr(checks, "room", lambda: 64)
    with pytest.raises(LabError, match=str(memory.folder())):
        checks.check("full", folder, folder, fresh=True)


def test_times() -> None:
    now = datetime.now(UTC)
    assert timedelta(seconds=599) < now - times.since("10m") < timedelta(seconds=601)
    assert times.since("0") == datetime(1970, 1, 1, tzinfo=UTC)
    assert times.since("2026-01-31T12:00:00Z") == times.since("2026-01-31T12:00:00")
    with pytest.raises(ValueError, match="soon"):
        times.since("soon")


def test_requests_of_both_apis_in_order(lab: Lab, cluster_spec: ClusterSpec) -> None:
    place = Cluster(lab, cluster_spec.key)
    place.create(cluster_spec)

    def event(second: int, verb: str, resource: str, agent: str) -> str:
        return json.dumps(
            {
                "requestReceivedTimestamp": f"2026-01-01T00:00:{second:02}.000000Z",
                "verb": verb,
                "userAgent": agent,
                "user": {"username": "lab@example.com"},
                "objectRef": {"resource": resource, "namespace": "default", "name": "x"},
                "requestURI": "/api",
                "responseStatus": {"code": 201},
            }
        )

    events = [
        event(3, "create", "pods", "kubectl/v0.0.0 (linux)"),
        event(4, "get", "pods", "kubectl/v0.0.0"),
        event(5, "create", "selfsubjectreviews", "kubectl/v0.0.0"),
    ]
    place.audit_log.write_text("\n".join(events) + '\n{"half')
    google = {"time": "2026-01-01T00:00:02.000+00:00", "api": "compute", "method": "POST", "path": "/n", "status": 200}
    (lab.folder / request_log.FILE).write_text(json.dumps({**google, "user_agent": "Ansible"}) + "\n")
    lines = asked(lab, writes=False, since=None)
    assert [line.verb for line in lines] == ["POST", "create", "get", "create"]
    written = asked(lab, writes=True, since=None)
    assert [line.what for line in written] == ["/n", "pods default/x"]
    assert written[1].agent == "kubectl/v0.0.0 (lab@example.com)"
    assert len(asked(lab, writes=True, since=times.since("2026-01-01T00:00:03Z"))) == 1


@pytest.mark.slow
def test_faults_from_the_command_line(gkelab: Run, base_port: int) -> None:
    gkelab("up", "--engine", "api", "--port", str(base_port))
    added = gkelab("fault", "add", "status", "--method", "POST", "--path", "networks$", "--status", "429")
    assert added.stdout == "1\n"
    gkelab("fault", "add", "operation-error", "--code", "QUOTA_EXCEEDED", "--nth", "2", "--times", "0")
    listed = [line.split() for line in gkelab("fault", "list").stdout.splitlines()]
    assert listed[1:] == [
        ["1", "status", "POST", "networks$", "1", "1", "0", "0"],
        ["2", "operation-error", "-", "-", "2", "0", "0", "0"],
    ]
    assert gkelab("fault", "clear", "1").stdout == "cleared 1\n"
    assert "no fault 1" in gkelab("fault", "clear", "1", code=1).stderr
    assert "no regular expression" in gkelab("fault", "add", "html", "--path", "(", code=1).stderr
    assert gkelab("fault", "clear").stdout == "cleared 1\n"
    assert len(gkelab("fault", "list").stdout.splitlines()) == 1


@pytest.mark.slow
def test_two_labs_start_side_by_side(folder: Path, base_port: int) -> None:
    places = {folder / "one": base_port, folder / "other": base_port + 10}
    starting = [
        subprocess.Popen(
            command(place, "up", "--engine", "api", "--port", str(port)),
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for place, port in places.items()
    ]
    try:
        for up in starting:
            said, _ = up.communicate(timeout=120)
            assert up.returncode == 0, said
        one, other = (Lab(place) for place in places)
        assert one.token != other.token
        ask(one, "POST", "/lab/faults", {"kind": "html"})
        assert ask(other, "GET", "/lab/faults") == {"faults": []}
        assert Lifecycle(one, Progress()).down()
        assert answers(other)
        late = Lab(folder / "late")  # one that has found the port taken, and is answered by its owner
        late.create(Settings("api", base_port + 10))
        assert not answers(late)
    finally:
        for place in (*places, folder / "late"):
            Lifecycle(Lab(place), Progress()).down()
    assert not any(Processes(place).strays() for place in places)


def test_the_version_is_that_of_the_package(gkelab: Run) -> None:
    assert gkelab("--version").stdout == f"gkelab {__version__}\n"
