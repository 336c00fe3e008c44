# SPDX-License-Identifier: Apache-2.0
"""The processes of a lab: started, recorded, found again and stopped by anyone who knows the lab's folder.

A process is recorded with its id and its start time, so a process id that the system has used again is not taken for
ours. Each process leads a session of its own: what it starts (the guest processes of a user-mode-linux kernel above
all) ends with its process group. It also carries the lab's folder in its environment, so one whose record was lost is
still found.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from gkelab.files import write_secret
from gkelab.waiting import wait_for

MARK = "GKELAB_PROCESS_OF"
PROC = Path("/proc")


def start_time(pid: int) -> str:
    """Return when a process started, in words of the system that mean nothing else; "" if it does not run.

    A zombie does not run.
    """
    if PROC.joinpath("self").exists():
        try:
            fields = PROC.joinpath(str(pid), "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] in "ZX" else fields[19]
    listing = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], check=False, text=True, stdout=subprocess.PIPE
    ).stdout.split(maxsplit=1)
    return "" if len(listing) < 2 or listing[0].startswith("Z") else listing[1].strip()


@dataclass(frozen=True)
class Record:
    """One started process."""

    name: str  # "cloud", "test-project/us-central1-c/edge/etcd"
    pid: int
    started: str
    log: str

    @property
    def runs(self) -> bool:
        """Tell whether this very process runs."""
        return bool(self.started) and start_time(self.pid) == self.started


class Stray(NamedTuple):
    """A process that was found, not looked up in a record."""

    pid: int
    session: int


class Processes:
    """All processes of one lab, by name."""

    def __init__(self, lab: Path) -> None:
        self.lab = lab
        self.folder = lab / "run"
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def start(
        self, name: str, command: Sequence[object], log: Path, environment: Mapping[str, str] | None = None
    ) -> Record:
        """Start a process whose output is added to a log file, and record it."""
        log.parent.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock, log.open("ab") as output:
            log.chmod(0o600)
            child = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd=self.folder,
                env={**_inherited(), **(environment or {}), MARK: str(self.lab)},
            )
            self._children[name] = child
            record = Record(name, child.pid, start_time(child.pid), str(log))
            write_secret(self._file(name), json.dumps(asdict(record)))
        return record

    def running(self, name: str) -> Record | None:
        """Return a started process if it still runs."""
        self._reap()
        record = self._read(self._file(name))
        return record if record and record.runs else None

    def records(self) -> list[Record]:
        """Return what was started and not stopped, by name; not all of it need still run."""
        self._reap()
        return sorted(filter(None, map(self._read, self.folder.glob("*.json"))), key=lambda record: record.name)

    def stop(self, name: str, ask: Callable[[], object] | None = None, patience: float = 5) -> None:
        """Ask a process to end (SIGTERM unless told otherwise), wait so many seconds, then end its session by force."""
        record = self.running(name)
        if record:
            if patience:
                with contextlib.suppress(ProcessLookupError):
                    ask() if ask else os.kill(record.pid, signal.SIGTERM)
                wait_for(lambda: not self.running(name), patience, 0.05)
            kill_session(record.pid)
            wait_for(lambda: not self.running(name), 5, 0.02)
        self._file(name).unlink(missing_ok=True)

    def strays(self) -> list[Stray]:
        """Return the processes of this lab, recorded or not (Linux only).

        They carry its mark, or are in the session of a process that was recorded: the guest processes of a
        user-mode-linux kernel have no environment, and outlive a kernel that was killed.
        """
        sessions = {record.pid for record in self.records() if start_time(record.pid) in ("", record.started)}
        return [
            stray
            for stray, lab in _own_processes()
            if (lab == str(self.lab) or stray.session in sessions) and stray.pid != os.getpid()
        ]

    def _reap(self) -> None:
        """Take note of ended children, which would otherwise stay as zombies."""
        with self._lock:
            for name in [name for name, child in self._children.items() if child.poll() is not None]:
                del self._children[name]

    def _file(self, name: str) -> Path:
        return self.folder / f"{name.replace('/', '+')}.json"

    @staticmethod
    def _read(path: Path) -> Record | None:
        try:
            return Record(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):  # not there, or cut short by a crash
            return None


def _inherited() -> dict[str, str]:
    """Return the environment without what would lead the machines astray.

    The API server would look for its kubelets behind the user's proxy, and etcd takes each option from a variable.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith("ETCD_")
    }


def kill_session(pid: int) -> None:
    """End a process and all that it started, without asking."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def kill(strays: Iterable[Stray]) -> None:
    """End processes one by one: of a group whose leader is gone, or that others lead, only the members are ours."""
    for stray in strays:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(stray.pid, signal.SIGKILL)


@contextlib.contextmanager
def marked(lab: Path) -> Iterator[None]:
    """Mark what this process starts meanwhile as the lab's, so that it is found when this process is killed."""
    os.environ[MARK] = str(lab)
    try:
        yield
    finally:
        del os.environ[MARK]


def _own_processes() -> Iterator[tuple[Stray, str]]:
    """Yield this user's processes, each with the folder of the lab whose mark it carries ("" without one)."""
    prefix = f"{MARK}=".encode()
    for folder in PROC.glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if fields[0] in "ZX" or folder.stat().st_uid != os.getuid():
                continue
        except OSError:  # it has ended meanwhile
            continue
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # it keeps that for itself
            environment = []
        lab = next((entry.removeprefix(prefix).decode() for entry in environment if entry.startswith(prefix)), "")
        yield Stray(int(folder.name), int(fields[3])), lab
