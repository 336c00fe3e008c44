# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pool of a test's own on a cluster whose pods no kubelet runs: what is in it, and whose that seems to be."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

from cluster import Cluster

KUBE_SYSTEM = "kube-system"


def random_range(prefix: int = 24) -> str:
    """Return a range that no other test uses."""
    return f"10.{random.randrange(100, 250)}.{random.randrange(256)}.0/{prefix}"


@dataclass
class World:
    """A pool, and pods in a test's namespace."""

    cluster: Cluster
    cidr: str = field(default_factory=random_range)
    network_name: str = ""

    @property
    def name(self) -> str:
        """Return the pool's name."""
        return "-".join(filter(None, (self.network_name, self.cidr.replace("/", "-"))))

    @property
    def node(self) -> str:
        """Return the node of all its pods."""
        return str(self.cluster.get("nodes")["items"][0]["metadata"]["name"])

    @property
    def options(self) -> dict[str, Any]:
        """Return how modules are told of the pool; orphans are looked at again at once."""
        return {"range": self.cidr, "network_name": self.network_name or None, "confirm_after": 0}

    def ip(self, last: int) -> str:
        """Return an address of the range."""
        return f"{self.cidr.rpartition('.')[0]}.{last}"

    def ref(self, pod: str) -> str:
        """Return how Whereabouts names a pod."""
        return f"{self.cluster.namespace}/{pod}"

    def add_pool(self, **podrefs: str) -> None:
        """Make the pool: _1="a" is an allocation of the first address for pod a."""
        allocations = {
            key.removeprefix("_"): {"id": f"container-{key}", "podref": self.ref(pod) if pod else ""}
            for key, pod in podrefs.items()
        }
        self.cluster.apply(pool_object(self.name, self.cidr, allocations))

    def guard(self, last: int, pod: str) -> None:
        """Make the reservation of an address, as Whereabouts does."""
        name = "-".join(filter(None, (self.network_name, self.ip(last))))
        self.cluster.apply(
            {
                "apiVersion": "whereabouts.cni.cncf.io/v1alpha1",
                "kind": "OverlappingRangeIPReservation",
                "metadata": {"name": name, "namespace": KUBE_SYSTEM},
                "spec": {"containerid": "container", "podref": self.ref(pod)},
            }
        )

    def add_pod(self, name: str, *lasts: int, phase: str = "Running", status: bool = True) -> None:
        """Make a pod that has addresses by its network-status."""
        entry = {"name": "default/my-nad", "interface": "net1", "ips": [self.ip(last) for last in lasts], "dns": {}}
        annotations = {"k8s.v1.cni.cncf.io/networks": "default/my-nad"}
        if status:
            annotations["k8s.v1.cni.cncf.io/network-status"] = json.dumps([entry])
        self.cluster.apply(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": self.cluster.namespace, "annotations": annotations},
                "spec": {
                    "nodeName": self.node,
                    "terminationGracePeriodSeconds": 0,
                    "containers": [{"name": "main", "image": "nginx"}],
                },
            }
        )
        patch = json.dumps({"status": {"phase": phase}})
        where = ("-n", self.cluster.namespace, "patch", "pod", name, "--subresource=status", "--type=merge")
        self.cluster.kubectl(*where, "-p", patch)

    def held(self) -> dict[str, str]:
        """Return what the pool holds: podrefs by key."""
        allocations = self.cluster.get("-n", KUBE_SYSTEM, "ippools", self.name)["spec"]["allocations"]
        return {key: entry["podref"] for key, entry in allocations.items()}

    def guards(self) -> list[str]:
        """Return the names of the reservations in the range."""
        found = self.cluster.get("-n", KUBE_SYSTEM, "overlappingrangeipreservations")["items"]
        prefix = "-".join(filter(None, (self.network_name, self.ip(0)[:-1])))
        return sorted(each["metadata"]["name"] for each in found if each["metadata"]["name"].startswith(prefix))

    def forget(self) -> None:
        """Delete the pool and its reservations."""
        delete = ("-n", KUBE_SYSTEM, "delete", "--ignore-not-found")
        self.cluster.kubectl(*delete, "ippools", self.name)
        if self.guards():
            self.cluster.kubectl(*delete, "overlappingrangeipreservations", *self.guards())


def pool_object(name: str, cidr: str, allocations: dict[str, Any], namespace: str = KUBE_SYSTEM) -> dict[str, Any]:
    """Return an IPPool."""
    return {
        "apiVersion": "whereabouts.cni.cncf.io/v1alpha1",
        "kind": "IPPool",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"range": cidr, "allocations": allocations},
    }
