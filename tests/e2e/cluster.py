# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab's cluster: installed modules run against it, and what was asked of its API server is seen.

The lab behind it is shared by all tests of a session that take it; each test has a namespace of its own.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from harness import READS, Lab, kubernetes_writes
from installed import Asked, Modules, Subject

EDGE = {"project": "test-project", "location": "us-central1-c", "name": "edge"}


class AskedOfKubernetes(Asked):
    """What our collection asked an API server."""

    @property
    def writes(self) -> list[str]:
        """Return "patch ippools/ 172.16.1.0-24", and so on."""
        return kubernetes_writes(self.requests)

    @property
    def reads(self) -> list[str]:
        """Return "/api/v1/pods?limit=500", and so on."""
        return [each["requestURI"] for each in self.requests if each["verb"] in READS]


@dataclass
class Cluster(Subject):
    """A cluster in a lab, and a namespace in it."""

    lab: Lab
    modules: Modules
    namespace: str

    def module(self, name: str, /, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """Run a module on the cluster; return its result, with "failed" and "msg" if it failed."""
        return self.modules.run(name, {"gke_cluster": EDGE, **options}, self.lab.environment, check=check)

    def kubectl(self, *args: str) -> str:
        """Run kubectl; it has to succeed."""
        return self.lab.kubectl(*args)

    def get(self, *args: str) -> Any:
        """Return what ``kubectl get`` finds, parsed."""
        return json.loads(self.lab.kubectl("get", *args, "-o", "json"))

    def apply(self, *documents: dict[str, Any]) -> None:
        """Let kubectl apply documents, on the server's side."""
        subprocess.run(
            ["kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-"],
            env=self.lab.whole_environment,
            input=json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}),
            check=True,
            capture_output=True,
            text=True,
        )

    @contextmanager
    def asked(self) -> Iterator[Asked]:
        """Collect what our collection asks the cluster's API server."""
        before, asked = len(self.lab.kubernetes_requests()), AskedOfKubernetes()
        yield asked
        asked.requests += self.lab.kubernetes_requests()[before:]
