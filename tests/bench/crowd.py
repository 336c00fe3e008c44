# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A crowd of pods on a real API server, with addresses and a status of full size, and pools that know them.

No kubelet runs them: the API is told that they run, which is all that those who read it see.
"""

from __future__ import annotations

import base64
import json
import pathlib
import ssl
import urllib.request
import uuid
from dataclasses import dataclass
from typing import Any

import netaddr

SOME = 100  # objects in one transaction of etcd, which takes 128
POOLS = "/apis/whereabouts.cni.cncf.io/v1alpha1/namespaces/kube-system/ippools"
MERGE = "application/merge-patch+json"
TIME = "2026-01-01T00:00:00Z"


@dataclass(frozen=True)
class Api:
    """The API server of a kubeconfig."""

    kubeconfig: dict[str, Any]

    @property
    def server(self) -> str:
        """Return its URL."""
        return str(self.kubeconfig["clusters"][0]["cluster"]["server"])

    def __call__(self, method: str, path: str, body: object = None, content_type: str = "application/json") -> Any:
        """Send a request; return the answer's JSON."""
        authority = self.kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"]
        token = self.kubeconfig["users"][0]["user"]["token"]
        request = urllib.request.Request(
            self.server + path,
            None if body is None else json.dumps(body).encode(),
            {"content-type": content_type, "authorization": f"Bearer {token}"},
            method=method,
        )
        context = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
        with urllib.request.urlopen(request, context=context, timeout=120) as answer:
            return json.load(answer)


@dataclass(frozen=True)
class Etcd:
    """The store behind the API server, which reads objects in JSON there, too."""

    url: str
    pki: pathlib.Path  # the control plane's certificates

    @classmethod
    def of(cls, folder: pathlib.Path, api: Api) -> Etcd:
        """Return that of a lab's one cluster; its port is the one after the API server's."""
        (pki,) = folder.glob("clusters/*/*/*/pki")
        host, _colon, port = api.server.rpartition(":")
        return cls(f"{host}:{int(port) + 1}", pki)

    def put(self, objects: dict[str, Any]) -> None:
        """Write objects by their keys."""
        operations = [
            {"requestPut": {"key": _base64(key), "value": _base64(json.dumps(each))}} for key, each in objects.items()
        ]
        context = ssl.create_default_context(cafile=self.pki / "ca.crt")
        context.load_cert_chain(self.pki / "etcd.crt", self.pki / "etcd.key")
        request = urllib.request.Request(f"{self.url}/v3/kv/txn", json.dumps({"success": operations}).encode())
        with urllib.request.urlopen(request, context=context, timeout=120) as answer:
            assert json.load(answer)["succeeded"]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@dataclass(frozen=True)
class Crowd:
    """Pods in a namespace, each with an address out of a range of its own."""

    namespace: str
    size: int
    cidr: str  # of their pool
    nodes: tuple[str, ...]
    leaked: int = 0  # so many allocations of the pool are of pods that are gone

    @property
    def pool(self) -> str:
        """Return the name of their pool."""
        return self.cidr.replace("/", "-")

    def make(self, api: Api, etcd: Etcd) -> None:
        """Create them, and the pool.

        One pod is made through the API; the others are that one as etcd has it, under other names.
        """
        api("POST", "/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        path = f"/api/v1/namespaces/{self.namespace}/pods"
        pod = self._pod(1)
        api("POST", path, pod)
        api("PATCH", f"{path}/{pod['metadata']['name']}/status", {"status": status(1)}, MERGE)
        made = api("GET", f"{path}/{pod['metadata']['name']}")
        for start in range(2, self.size + 1, SOME):
            numbers = range(start, min(start + SOME, self.size + 1))
            etcd.put({f"/registry/pods/{self.namespace}/{self._name(n)}": self._like(made, n) for n in numbers})
        api("POST", POOLS, self._pool())

    def _like(self, made: dict[str, Any], number: int) -> dict[str, Any]:
        """Return a pod that differs from another one by its name, its node and its addresses."""
        fresh = self._pod(number)
        metadata = {**made["metadata"], **fresh["metadata"], "uid": str(uuid.uuid4())}
        metadata.pop("resourceVersion")
        spec = {**made["spec"], "nodeName": fresh["spec"]["nodeName"]}
        return {**made, "metadata": metadata, "spec": spec, "status": status(number)}

    def _pod(self, number: int) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": self._name(number),
                "labels": {"app": "crowd", "pod-template-hash": "5d59d67564"},
                "annotations": {
                    "k8s.v1.cni.cncf.io/networks": "default/my-nad",
                    "k8s.v1.cni.cncf.io/network-status": network_status(number, self._address(number)),
                },
            },
            "spec": {
                "nodeName": self.nodes[number % len(self.nodes)],
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 0,
                "priorityClassName": "system-node-critical",  # nobody makes room for others on a node that is full
                "containers": [
                    {
                        "name": "main",
                        "image": "registry.example/team/application:1.2.3",
                        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}},
                        "env": [{"name": f"SETTING_{each}", "value": "some value"} for each in range(8)],
                        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
                    }
                ],
                "volumes": [{"name": "scratch", "emptyDir": {}}],
            },
        }

    def _pool(self) -> dict[str, Any]:
        taken = {str(number): self._allocation(number, self._name(number)) for number in range(1, self.size + 1)}
        first = self.size - self.leaked + 1
        taken |= {str(number): self._allocation(number, f"gone-{number}") for number in range(first, self.size + 1)}
        return {
            "apiVersion": "whereabouts.cni.cncf.io/v1alpha1",
            "kind": "IPPool",
            "metadata": {"name": self.pool, "namespace": "kube-system"},
            "spec": {"range": self.cidr, "allocations": taken},
        }

    def _allocation(self, number: int, name: str) -> dict[str, str]:
        return {"id": f"{number:064x}", "podref": f"{self.namespace}/{name}"}

    def _name(self, number: int) -> str:
        return f"application-5d59d67564-{number:05}"

    def _address(self, number: int) -> str:
        # The last pods have another address than the one that the pool has leaked in their place.
        shift = 20_000 if number > self.size - self.leaked else 0
        return str(netaddr.IPNetwork(self.cidr)[number + shift])


def network_status(number: int, address: str) -> str:
    """Return what Multus writes: the cluster's network, and net1."""
    entries = [
        {
            "name": "gke-pod-network",
            "interface": "eth0",
            "ips": [f"10.4.{number // 250 % 256}.{number % 250}"],
            "mac": "3a:11:22:33:44:55",
            "default": True,
            "dns": {},
            "gateway": ["<nil>"],
        },
        {"name": "default/my-nad", "interface": "net1", "ips": [address], "mac": "42:01:0a:00:01:02", "dns": {}},
    ]
    return "[" + ",".join(json.dumps(entry, indent=4) for entry in entries) + "]"


def status(number: int) -> dict[str, Any]:
    """Return the status of a pod that runs."""
    conditions = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    return {
        "phase": "Running",
        "qosClass": "Burstable",
        "hostIP": "10.128.0.2",
        "hostIPs": [{"ip": "10.128.0.2"}],
        "podIP": f"10.4.{number // 250 % 256}.{number % 250}",
        "podIPs": [{"ip": f"10.4.{number // 250 % 256}.{number % 250}"}],
        "startTime": TIME,
        "conditions": [{"type": each, "status": "True", "lastTransitionTime": TIME} for each in conditions],
        "containerStatuses": [
            {
                "name": "main",
                "ready": True,
                "started": True,
                "restartCount": 0,
                "image": "registry.example/team/application:1.2.3",
                "imageID": f"registry.example/team/application@sha256:{'a' * 64}",
                "containerID": f"containerd://{number:064x}",
                "state": {"running": {"startedAt": TIME}},
                "lastState": {},
            }
        ],
    }
