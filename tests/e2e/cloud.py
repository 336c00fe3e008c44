# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Google project of a test's own: installed modules run against it, and what was asked of the APIs is seen.

The lab behind it (engine ``api``) is shared by all tests of a session; a project is all that they need for themselves.
"""

from __future__ import annotations

import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from harness import Lab, google_writes
from installed import Asked, Modules, Subject


class AskedOfGoogle(Asked):
    """What was asked of the Google APIs."""

    @property
    def writes(self) -> list[str]:
        """Return "POST /compute/v1/projects/...", and so on."""
        return google_writes(self.requests)

    @property
    def reads(self) -> list[str]:
        """Return "/compute/v1/projects/...", and so on; waiting for an operation is no read of a resource."""
        return [each["path"] for each in self.requests if each["method"] == "GET" and "/operations" not in each["path"]]


@dataclass
class Cloud(Subject):
    """A project in a lab."""

    lab: Lab
    modules: Modules
    project: str

    def module(self, name: str, /, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """Run a module; return its result, with "failed" and "msg" if it failed."""
        return self.modules.run(name, {"project": self.project, **options}, self.lab.environment, check=check)

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
        before, asked = len(self.lab.google_requests()), AskedOfGoogle()
        yield asked
        asked.requests += [
            each for each in self.lab.google_requests()[before:] if f"/projects/{self.project}/" in each["path"]
        ]
