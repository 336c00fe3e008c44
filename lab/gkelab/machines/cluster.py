# SPDX-License-Identifier: Apache-2.0
"""One cluster's folder: where its files lie, which ports it has, which nodes it was given."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gkelab.engine import ClusterSpec, EngineError, Nic, NodeSpec
from gkelab.files import write_secret
from gkelab.locks import locked
from gkelab.machines import ports
from gkelab.machines.certificates import Authority, Pair
from gkelab.machines.kubernetes import Api
from gkelab.state import Lab, short
from gkelab.supplies import cache_folder


@dataclass(frozen=True)
class Ports:
    """The ports of one control plane."""

    api: int
    etcd: int
    etcd_peer: int


class Cluster:
    """The places and names of one cluster."""

    def __init__(self, lab: Lab, key: str) -> None:
        self.lab = lab
        self.key = key
        self.folder = lab.clusters / key
        self.pki = self.folder / "pki"
        self.logs = self.folder / "log"
        self.audit_log = self.folder / "audit.log"
        self.proxy = lab.fabric / f"{short(key)}.proxy"  # into the cluster's VPC
        self.lock = lab.folder / "run" / f"{short(key)}.lock"
        self._description = self.folder / "cluster.json"

    @property
    def exists(self) -> bool:
        """Tell whether the cluster was started and not stopped."""
        return self._description.exists()

    @property
    def audit_logs(self) -> list[Path]:
        """The audit log in the order of its events: what the API server has put aside, and what it writes to."""
        aside = sorted(self.folder.glob(f"{self.audit_log.stem}-*{self.audit_log.suffix}"))  # named by their time
        return [*aside, *([self.audit_log] if self.audit_log.exists() else [])]

    @property
    def since(self) -> float:
        """When the cluster was described, in seconds since the epoch."""
        return self._description.stat().st_mtime

    def process(self, name: str) -> str:
        """Return the name under which one of the cluster's processes is recorded."""
        return f"{self.key}/{name}"

    def create(self, spec: ClusterSpec) -> None:
        """Write the cluster's description, with ports that nobody else has."""
        base = self.lab.settings().port
        with locked(self.lab.folder / "run" / "ports.lock", "ports"):
            own = Ports(*ports.claim(base, 3, _taken(self.lab), cache_folder()))
            self.folder.mkdir(parents=True, exist_ok=True)
            write_secret(self._description, json.dumps({"spec": asdict(spec), "ports": asdict(own)}))

    def remove(self) -> None:
        """Forget the cluster."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.proxy.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        try:
            value: dict[str, Any] = json.loads(self._description.read_text())
        except (OSError, ValueError) as error:
            raise EngineError(f"the cluster {self.key} does not run here ({error})") from error
        return value

    @property
    def spec(self) -> ClusterSpec:
        """The cluster as it was asked for."""
        return ClusterSpec(**self._read()["spec"])

    @property
    def ports(self) -> Ports:
        """The control plane's ports."""
        return Ports(**self._read()["ports"])

    @property
    def address(self) -> str:
        """Where the API server answers on this machine."""
        return f"127.0.0.1:{self.ports.api}"

    @property
    def authority(self) -> Authority:
        """The cluster's CA."""
        return Authority(self.pki)

    @property
    def api(self) -> Api:
        """The cluster's API server."""
        return Api(self.address, self.pki / "ca.crt", self.lab.token)

    def kubeconfig(self, path: Path, name: str, pair: Pair, host: str) -> None:
        """Write a kubeconfig that holds its certificates, so that it works as a single file."""

        def data(file: Path) -> str:
            return base64.b64encode(file.read_bytes()).decode()

        server = {
            "server": f"https://{host}:{self.ports.api}",
            "certificate-authority-data": data(self.pki / "ca.crt"),
        }
        user = {"client-certificate-data": data(pair.certificate), "client-key-data": data(pair.key)}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "lab",
            "clusters": [{"name": "lab", "cluster": server}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": name}}],
        }
        write_secret(path, json.dumps(content))

    def nodes(self) -> list[NodeSpec]:
        """Return the nodes that were started and not stopped, by name."""
        return [node_from(json.loads(file.read_text())) for file in sorted(self.folder.glob("nodes/*/node.json"))]


def node_from(value: dict[str, Any]) -> NodeSpec:
    """Return a node that has passed through JSON, which knows no tuples."""
    nics = tuple(Nic(**{**nic, "alias_ranges": tuple(nic["alias_ranges"])}) for nic in value["nics"])
    taints = tuple((key, text, effect) for key, text, effect in value["taints"])
    return NodeSpec(**{**value, "nics": nics, "taints": taints})


def clusters(lab: Lab) -> Iterator[Cluster]:
    """Yield all clusters of a lab, by key."""
    for file in sorted(lab.clusters.glob("*/*/*/cluster.json")):
        yield Cluster(lab, str(file.parent.relative_to(lab.clusters)))


def _taken(lab: Lab) -> Iterator[int]:
    """Yield the ports of all clusters; one that is being removed just now needs none any more."""
    for cluster in clusters(lab):
        with contextlib.suppress(EngineError):
            yield from asdict(cluster.ports).values()


def write_kubeconfig(lab: Lab) -> None:
    """Write the kubeconfig with all clusters of the lab, named as gcloud names them; the newest is the current one."""
    with locked(lab.folder / "run" / "kubeconfig.lock", "kubeconfig"):
        known = [entry for cluster in clusters(lab) if (entry := _entry(cluster))]
        names = [entry["name"] for _, entry in known]
        newest = max(known, key=lambda item: item[0], default=None)
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": newest[1]["name"] if newest else "",
            "clusters": [entry for _, entry in known],
            "users": [{"name": "gkelab", "user": {"token": lab.token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": "gkelab"}} for name in names],
        }
        write_secret(lab.kubeconfig, json.dumps(content, indent=1))


def _entry(cluster: Cluster) -> tuple[float, dict[str, Any]] | None:
    """Return since when a cluster is there, and its entry; None for one that is being made or removed just now."""
    try:
        since = cluster.since
        authority = base64.b64encode((cluster.pki / "ca.crt").read_bytes()).decode()
        access = {"server": f"https://{cluster.address}", "certificate-authority-data": authority}
    except (FileNotFoundError, EngineError):
        return None
    return since, {"name": f"gke_{cluster.key.replace('/', '_')}", "cluster": access}
