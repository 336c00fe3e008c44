# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Google project of a test's own: installed modules run against it, and what was asked of the APIs is seen.

The lab behind it (engine ``api``) is shared by all tests of a session; a project is all that they need for themselves.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import time
import urllib.error
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from harness import INSTALLED, Lab, google_writes


class Modules:
    """The installed modules, ready to run."""

    def __init__(self, tmp: pathlib.Path) -> None:
        self._tmp = tmp
        server = pathlib.Path(__file__).with_name("forked.py")
        command = [sys.executable, str(server), str(INSTALLED.parents[2])]
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, module: str, options: dict[str, Any], environment: dict[str, str], *, check: bool) -> dict[str, Any]:
        """Return a module's result; a module that prints none has crashed, and its traceback is on stderr."""
        assert self._server.stdin
        assert self._server.stdout
        internal = {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_remote_tmp": str(self._tmp)}
        request = {"module": module, "args": {**options, **internal}, "environment": environment}
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        text = json.loads(self._server.stdout.readline())
        assert text.strip(), f"{module} ended without a result"
        result: dict[str, Any] = json.loads(text)
        return result

    def close(self) -> None:
        """End the process that they are forked from."""
        assert self._server.stdin
        self._server.stdin.close()
        self._server.wait(10)


@dataclass
class Asked:
    """What was asked of the APIs about one project in some time."""

    requests: list[dict[str, Any]] = field(default_factory=list)

    @property
    def writes(self) -> list[str]:
        """Return "POST /compute/v1/projects/...", and so on."""
        return google_writes(self.requests)

    @property
    def reads(self) -> list[str]:
        """Return "/compute/v1/projects/...", and so on; waiting for an operation is no read of a resource."""
        return [each["path"] for each in self.requests if each["method"] == "GET" and "/operations" not in each["path"]]


@dataclass
class Cloud:
    """A project in a lab."""

    lab: Lab
    modules: Modules
    project: str

    def module(self, name: str, /, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """Run a module; return its result, with "failed" and "msg" if it failed."""
        return self.modules.run(name, {"project": self.project, **options}, self.lab.environment, check=check)

    def converge(self, name: str, /, **options: Any) -> dict[str, Any]:
        """Run a module that has something to do, and return its result.

        Check mode announces exactly what is done, and writes nothing; a second run finds nothing to do.
        """
        announced = self._without_writes(name, check=True, **options)
        result = self.module(name, **options)
        assert not result.get("failed"), result["msg"]
        assert result["changed"], result
        assert (announced["changed"], announced["actions"]) == (True, result["actions"])
        assert announced["diff"] == result["diff"]
        self.unchanged(name, **options)
        return result

    def unchanged(self, name: str, /, **options: Any) -> dict[str, Any]:
        """Run a module that has nothing to do: it reads each resource once, and writes nothing."""
        with self.asked() as asked:
            result = self._without_writes(name, check=False, **options)
        assert (result["changed"], result.get("actions", [])) == (False, []), result
        twice = [path for path, count in Counter(asked.reads).items() if count > 1]
        assert not twice, f"read more than once: {twice}"
        return result

    def refused(self, name: str, /, **options: Any) -> str:
        """Return why a module refuses, in check mode and without; it writes nothing."""
        messages = set()
        for check in (True, False):
            with self.asked() as asked:
                result = self.module(name, check=check, **options)
            assert result.get("failed"), result
            assert asked.writes == []
            messages.add(str(result["msg"]))
        (message,) = messages
        return message

    def compute(self, method: str, path: str, body: object = None) -> Any:
        """Ask Compute Engine about something in this project ("global/networks/my-vpc"); None if it is not there."""
        return self.ask(method, f"/compute/v1/projects/{self.project}/{path}", body)

    def container(self, method: str, path: str, body: object = None) -> Any:
        """Ask Kubernetes Engine about something in this project ("locations/us-central1-c/clusters/edge")."""
        return self.ask(method, f"/v1/projects/{self.project}/{path}", body)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Send a request, wait for its operation if it is a write, and return the answer (None: not found)."""
        try:
            answer = self.lab.google(method, path, body)
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from error
            return None
        while method != "GET" and "operationType" in answer and answer["status"] != "DONE":
            time.sleep(0.05)
            answer = self.lab.google("GET", answer["selfLink"].split("googleapis.com", 1)[1])
        assert method == "GET" or "error" not in answer, answer
        return answer

    def fault(self, **fault: Any) -> str:
        """Let the lab misbehave (lab/README.md); return the fault's id."""
        return str(self.lab.google("POST", "/lab/faults", fault)["id"])

    def forget(self) -> None:
        """Let the lab forget the project, which else it saves again with every write; not if something still runs."""
        with suppress(urllib.error.HTTPError):
            self.lab.google("DELETE", f"/lab/projects/{self.project}")

    @contextmanager
    def asked(self) -> Iterator[Asked]:
        """Collect what is asked about this project."""
        before, asked = len(self.lab.google_requests()), Asked()
        yield asked
        asked.requests += [
            each for each in self.lab.google_requests()[before:] if f"/projects/{self.project}/" in each["path"]
        ]

    def _without_writes(self, name: str, /, *, check: bool, **options: Any) -> dict[str, Any]:
        with self.asked() as asked:
            result = self.module(name, check=check, **options)
        assert not result.get("failed"), result["msg"]
        assert asked.writes == []
        return result
