# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What end-to-end tests need: a lab, playbook runs of the installed collection, and what both APIs were asked."""

from __future__ import annotations

import json
import os
import pathlib
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import ansible_runner
import yaml

import returned

ROOT = pathlib.Path(__file__).resolve().parents[2]
INSTALLED = ROOT / ".build" / "collections" / "ansible_collections" / "multinet" / "gke"
OWN_AGENT = "multinet.gke"
READS = ("get", "list", "watch")
LAB_PYTHON = os.environ.get("MULTINET_LAB_PYTHON", sys.executable)  # one with what the lab needs
WAY = os.environ.get("MULTINET_TEST_WAY", "direct")  # how modules are run: "direct", or "module": as ordinary modules


running: list[Lab] = []  # the labs of this process


def shared(*parts: str) -> pathlib.Path:
    """Return a file of the recorded data, which lies beside the checkout or where MULTINET_DATA says."""
    data = pathlib.Path(os.environ.get("MULTINET_DATA") or ROOT.parent / "shared" / "data")
    return data.joinpath(*parts)


@dataclass
class Run:
    """One run of a playbook."""

    rc: int
    stats: dict[str, dict[str, int]]
    events: list[dict[str, Any]] = field(default_factory=list)
    stdout: str = ""

    @property
    def changed(self) -> int:
        """Return the number of changed tasks over all hosts."""
        return sum(self.stats.get("changed", {}).values())

    def results(self, module: str = "") -> Iterator[dict[str, Any]]:
        """Yield the results of all tasks of our modules (or of one), loop items one by one."""
        return (result for name, result in self.named_results() if name.endswith(module))

    def named_results(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the same, each with its module's name."""
        for event in self.events:
            if event["event"] not in ("runner_on_ok", "runner_on_failed", "runner_item_on_ok", "runner_item_on_failed"):
                continue
            data = event["event_data"]
            result = data["res"]
            if not data["task_action"].startswith("multinet.gke."):
                continue
            if not isinstance(result.get("results"), list) or "ansible_loop_var" in result or "ok" in result:
                failed = event["event"].endswith("_failed")  # which the events' results do not say themselves
                yield data["task_action"].removeprefix("multinet.gke."), {"failed": failed, **result}

    @property
    def actions(self) -> list[str]:
        """Return the titles of all writes, in order."""
        return [action for result in self.results() for action in result.get("actions", [])]

    def failure(self) -> str:
        """Return the message of the task that failed."""
        return next(
            str(event["event_data"]["res"].get("msg", ""))
            for event in self.events
            if event["event"] in ("runner_on_failed", "runner_item_on_failed")
            and not event["event_data"].get("ignore_errors")
        )


@dataclass
class Lab:
    """A lab of its own for the tests."""

    folder: pathlib.Path
    engine: str
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    _seen: list[dict[str, Any]] = field(default_factory=list, repr=False)  # requests that were read from the log
    _read: int = 0  # bytes of the log that they are
    _audited: dict[pathlib.Path, int] = field(default_factory=dict, repr=False)  # the same of each cluster's
    _ours: list[dict[str, Any]] = field(default_factory=list, repr=False)

    @property
    def whole_environment(self) -> dict[str, str]:
        """Return this process's environment with what points programs at the lab."""
        return {**os.environ, **self.environment}

    def gkelab(self, *args: str) -> str:
        """Run the lab's command; return what it printed."""
        command = [LAB_PYTHON, "-m", "gkelab", args[0], "--dir", str(self.folder), *args[1:]]
        result = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": str(ROOT / "lab")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"gkelab {' '.join(args)}: {result.stdout}{result.stderr}"
        return result.stdout

    def up(self, *options: str) -> None:
        """Start it."""
        self.gkelab("up", "--engine", self.engine, "--port", str(self.port), *options)
        script = ["sh", "-c", 'eval "$1" && env -0', "sh", self.gkelab("env")]
        text = subprocess.run(script, check=True, text=True, stdout=subprocess.PIPE).stdout
        self.environment = dict(word.split("=", 1) for word in text.split("\0") if word)
        running.append(self)

    def down(self) -> None:
        """Stop it."""
        running[:] = [lab for lab in running if lab is not self]
        self.gkelab("down")

    def kubectl(self, *args: str) -> str:
        """Run kubectl on the lab's cluster."""
        result = subprocess.run(
            ["kubectl", *args],
            env=self.whole_environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"kubectl {' '.join(args)}: {result.stdout}{result.stderr}"
        return result.stdout

    def google(self, method: str, path: str, body: object = None) -> Any:
        """Send a request to the Google APIs; return the answer."""
        request = urllib.request.Request(
            self.environment["GKELAB_URL"] + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.environment['GKELAB_TOKEN']}",
                "Content-Type": "application/json",
                "User-Agent": "test",
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def play(
        self,
        playbook: str | list[dict[str, Any]],
        *,
        inventory: pathlib.Path | dict[str, Any] = ROOT / "lab" / "demo" / "inventory.yml",
        arguments: str = "",
        variables: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
    ) -> Run:
        """Run a playbook of the installed collection, or plays given as data."""
        check_mode = "--check" in arguments.split()
        with tempfile.TemporaryDirectory() as name, writing(allowed=not check_mode):
            folder = pathlib.Path(name)
            if not isinstance(playbook, str):
                (folder / "play.yml").write_text(yaml.safe_dump(playbook))
                playbook = str(folder / "play.yml")
            if isinstance(inventory, dict):
                (folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
                inventory = folder / "hosts.yml"
            result = ansible_runner.run(
                private_data_dir=name,
                playbook=playbook,
                inventory=str(inventory),
                extravars={"multinet_direct": WAY == "direct", **(variables or {})},
                cmdline=arguments or None,
                envvars={
                    **self.environment,
                    "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED.parents[2]),
                    "ANSIBLE_FORCE_COLOR": "false",
                    **(environment or {}),
                },
                quiet=True,
            )
            run = Run(result.rc, result.stats or {}, list(result.events), result.stdout.read())
        for module, returns in run.named_results():
            returned.check(module, returns, check_mode=check_mode)
        return run

    def google_requests(self) -> list[dict[str, Any]]:
        """Return all requests to the Google APIs so far."""
        log = self.folder / "requests.jsonl"
        found, self._read = _new_lines(log, self._read)
        self._seen += found
        return [request for request in self._seen if not request["path"].startswith("/lab/")]  # the lab's own

    def kubernetes_requests(self) -> list[dict[str, Any]]:
        """Return the requests that our collection has sent to the clusters' API servers so far (audit log)."""
        for log in self.folder.glob("**/audit.log"):
            found, self._audited[log] = _new_lines(log, self._audited.get(log, 0), containing=OWN_AGENT)
            self._ours += [event for event in found if event.get("userAgent", "").startswith(OWN_AGENT)]
        return list(self._ours)


@contextmanager
def writing(*, allowed: bool) -> Iterator[None]:
    """Fail if anything is written meanwhile in a lab of this process, unless it is allowed: it is not in check mode."""
    watched = [] if allowed else list(running)
    before = [(len(lab.google_requests()), len(lab.kubernetes_requests())) for lab in watched]
    yield
    for lab, (google, kubernetes) in zip(watched, before, strict=True):
        written = google_writes(lab.google_requests()[google:])
        written += kubernetes_writes(lab.kubernetes_requests()[kubernetes:])
        assert not written, f"written in check mode: {written}"


def _new_lines(log: pathlib.Path, start: int, containing: str = "") -> tuple[list[dict[str, Any]], int]:
    """Return the JSON lines of a log from a place on (those that contain a text), and the place after them."""
    found: list[dict[str, Any]] = []
    if log.exists():
        with log.open("rb") as file:
            file.seek(start)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # half written
                start += len(line)
                if containing.encode() in line:
                    found.append(json.loads(line))
    return found, start


def play_of(*tasks: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a playbook that runs tasks on this machine."""
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    return [
        {"name": "Tasks", "hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": list(tasks)},
    ]


def google_writes(requests: list[dict[str, Any]]) -> list[str]:
    """Return the requests that change something; to wait for an operation and to get a token are POST and do not."""
    return [
        f"{request['method']} {request['path']}"
        for request in requests
        if request["method"] != "GET" and not request["path"].endswith(("/wait", "/token", ":generateAccessToken"))
    ]


def kubernetes_writes(events: list[dict[str, Any]]) -> list[str]:
    """Return the requests that change something."""
    return [
        f"{event['verb']} {event['objectRef']['resource']}/{event['objectRef'].get('subresource', '')} "
        f"{event['objectRef'].get('name', '')}"
        for event in events
        if event["verb"] not in READS
    ]


def until(is_so: Callable[[], object], patience: float = 600, pause: float = 1) -> None:
    """Wait until something is so; fail after so many seconds, of which a busy machine may need many."""
    end = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < end, f"it did not come true within {patience} s"
        time.sleep(pause)


def started_by(process: int) -> list[int]:
    """Return the processes that one has started, and theirs; from 2.19 on, Ansible's workers are not in its session."""
    found: list[int] = []
    for children in pathlib.Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):  # it has ended by now
            for child in map(int, children.read_text().split()):
                found += [child, *started_by(child)]
    return found


def free_port() -> int:
    """Return a base port that is free, and the ones after it; each process of tests has its own hundreds."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        port = 20000 + (secrets.randbelow(120 // workers) * workers + worker) * 100
        if all(_is_free(each) for each in range(port, port + 3)):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
