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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

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
        return start_time(self.pid) == self.started


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
                env={**os.environ, **(environment or {}), MARK: str(self.lab)},
            )
            self._children[name] = child
            record = Record(name, child.pid, start_time(child.pid), str(log))
            self._file(name).write_text(json.dumps(asdict(record)))
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

    def forget(self, name: str) -> None:
        """Drop the record of a process that has ended."""
        self._file(name).unlink(missing_ok=True)

    def strays(self) -> list[int]:
        """Return the ids of processes that carry this lab's mark, recorded or not (Linux only)."""
        return [pid for pid, lab in marked() if lab == str(self.lab) and pid != os.getpid()]

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


def kill_session(pid: int) -> None:
    """End a process and all that it started, without asking."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def marked() -> Iterator[tuple[int, str]]:
    """Yield the processes of this user that any lab has started, with the folder of the lab."""
    prefix = f"{MARK}=".encode()
    for folder in PROC.glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        for entry in environment:
            if entry.startswith(prefix) and start_time(int(folder.name)):
                yield int(folder.name), entry.removeprefix(prefix).decode()
