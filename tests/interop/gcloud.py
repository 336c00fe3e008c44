# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Google's own command line, in a test's project."""

from __future__ import annotations

import json
import os
import pathlib
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

from cloud import Cloud
from harness import Run

PROGRAM = shutil.which("gcloud")

# The four commands of the guide, as a user types them.
GUIDE = (
    "compute networks create my-vpc --subnet-mode=custom",
    "compute networks subnets create my-subnet --range=10.0.1.0/24 --network=my-vpc --region=us-central1"
    " --secondary-range=pods=172.16.1.0/24",
    "container clusters create my-cluster --cluster-version=1.34"
    " --enable-dataplane-v2 --enable-ip-alias --enable-multi-networking",
    "container node-pools create my-pool --cluster my-cluster --zone us-central1-c"
    " --additional-node-network network=my-vpc,subnetwork=my-subnet"
    " --additional-pod-network subnetwork=my-subnet,pod-ipv4-range=pods,max-pods-per-node=8",
)


@dataclass(frozen=True)
class Gcloud:
    """gcloud, pointed at one project of a lab."""

    cloud: Cloud
    settings: pathlib.Path  # a folder for what gcloud keeps

    def __call__(self, command: str) -> Any:
        """Run a command; return what it answers with ``--format=json``."""
        result = subprocess.run(
            [str(PROGRAM), *shlex.split(command), "--format=json"],
            env={
                **os.environ,
                **self.cloud.lab.environment,
                "CLOUDSDK_CORE_PROJECT": self.cloud.project,
                "CLOUDSDK_CONFIG": str(self.settings),
                "KUBECONFIG": str(self.settings / "kubeconfig"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"gcloud {command}: {result.stdout}{result.stderr}"
        return json.loads(result.stdout or "null")


def site(cloud: Cloud, arguments: str = "") -> Run:
    """Run the site playbook with the description of what the guide's commands make."""
    edge = {
        "multinet_project": cloud.project,
        "multinet_location": "us-central1-c",
        "multinet_cluster": {"name": "my-cluster"},
        "multinet_networks": [
            {
                "vpc": "my-vpc",
                "subnetwork": "my-subnet",
                "node_range": "10.0.1.0/24",
                "pod_ranges": [{"name": "pods", "range": "172.16.1.0/24", "attachment": "my-nad"}],
            }
        ],
        "multinet_nodepools": [{"name": "my-pool", "node_count": 3}],
    }
    inventory = {"all": {"hosts": {"edge": edge}}}
    return cloud.lab.play(
        "multinet.gke.site", inventory=inventory, arguments=f"--tags vpc,cluster,nodepool {arguments}".strip()
    )
