# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gkelab.processes import MARK, Processes, Record, kill, kill_session, marked, start_time
from gkelab.waiting import wait_for

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# leaves a child behind that would outlive it
PARENT = [sys.executable, "-c", "import subprocess, time; subprocess.Popen(['sleep', '60']); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, sys, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
]


@pytest.fixture
def processes(folder: Path) -> Processes:
    return Processes(folder)


def test_started_is_found_again_by_others_and_stopped(folder: Path, processes: Processes) -> None:
    started = processes.start("a/b", SLEEP, folder / "log")
    other = Processes(folder)
    assert other.running("a/b") == started
    assert [record.name for record in other.records()] == ["a/b"]
    assert other.strays() == [(started.pid, started.pid)]
    other.stop("a/b")
    assert not start_time(started.pid)
    assert other.records() == []


def test_a_process_id_used_again_is_not_ours(folder: Path, processes: Processes) -> None:
    started = processes.start("one", SLEEP, folder / "log")
    try:
        record = json.loads((folder / "run" / "one.json").read_text())
        (folder / "run" / "one.json").write_text(json.dumps({**record, "started": "1"}))
        assert processes.running("one") is None
        processes.stop("one")
        assert start_time(started.pid)
    finally:
        kill_session(started.pid)


def test_stop_ends_the_whole_session(folder: Path, processes: Processes) -> None:
    processes.start("parent", PARENT, folder / "log")
    assert wait_for(lambda: len(processes.strays()) == 2, 5)
    processes.stop("parent")
    assert wait_for(lambda: not processes.strays(), 5)


def test_who_does_not_listen_is_ended(folder: Path, processes: Processes) -> None:
    started = processes.start("deaf", STUBBORN, folder / "log")
    assert wait_for(lambda: "deaf" in (folder / "log").read_text(), 5)
    processes.stop("deaf", patience=0.2)
    assert not start_time(started.pid)


def test_an_ended_child_is_not_running(folder: Path, processes: Processes) -> None:
    started = processes.start("short", SLEEP, folder / "log")
    os.kill(started.pid, signal.SIGKILL)
    assert wait_for(lambda: processes.running("short") is None, 5)
    assert [record.runs for record in processes.records()] == [False]


def test_a_process_that_dies_at_once_is_not_running(folder: Path, processes: Processes) -> None:
    for number in range(5):
        processes.start(f"{number}", ["/bin/true"], folder / "log")
    assert wait_for(lambda: not any(record.runs for record in processes.records()), 5)
    assert Record("zombie", 1, "", "").runs is False


def test_a_session_whose_leader_is_gone_is_still_ours(folder: Path, processes: Processes) -> None:
    """The guests of a user-mode-linux kernel carry no mark: that they are in its session is all that is known."""
    unmarked = [sys.executable, "-c", "import subprocess; subprocess.Popen(['sleep', '60'], env={}).wait()"]
    started = processes.start("kernel", unmarked, folder / "log")
    assert wait_for(lambda: len(processes.strays()) == 2, 5)
    os.kill(started.pid, signal.SIGKILL)
    assert wait_for(lambda: len(processes.strays()) == 1, 5)
    kill(processes.strays())
    assert wait_for(lambda: processes.strays() == [], 5)


def test_no_proxy_and_no_option_of_etcd_is_inherited(
    folder: Path, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "http_proxy", "ETCD_NAME", "KEPT"):
        monkeypatch.setenv(name, "x")
    processes.start("env", ["env"], folder / "log", {"OWN": "1"})
    assert wait_for(lambda: "OWN=1" in (folder / "log").read_text(), 5)
    names = {line.partition("=")[0] for line in (folder / "log").read_text().splitlines()}
    assert names >= {"KEPT", "OWN", MARK}
    assert not names & {"HTTPS_PROXY", "http_proxy", "ETCD_NAME"}


def test_what_is_started_meanwhile_is_marked(folder: Path, processes: Processes) -> None:
    with marked(folder):
        child = subprocess.Popen(["sleep", "60"])
    try:
        assert wait_for(lambda: [stray.pid for stray in processes.strays()] == [child.pid], 5)
        assert MARK not in os.environ
    finally:
        kill(processes.strays())
        child.wait(5)


def test_a_damaged_record_is_no_record(folder: Path, processes: Processes) -> None:
    (folder / "run").mkdir()
    (folder / "run" / "x.json").write_text("{")
    assert processes.running("x") is None
    assert processes.records() == []


def test_logs_are_private(folder: Path, processes: Processes) -> None:
    processes.start("one", SLEEP, folder / "log")
    processes.stop("one")
    assert (folder / "log").stat().st_mode & 0o777 == 0o600
