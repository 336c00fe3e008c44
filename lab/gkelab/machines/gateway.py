# SPDX-License-Identifier: Apache-2.0
"""A cluster's place in its VPC: one NIC at the control plane's address, which leads to the host's API server.

Nodes reach the API server and the registry there, the API server reaches the kubelets, and nothing else passes.
"""

from __future__ import annotations

import ipaddress

from gkelab.engine import EngineError
from gkelab.fabric.client import FabricClient, network_socket
from gkelab.fabric.network import PluggedNic
from gkelab.machines.cluster import Cluster
from gkelab.machines.ports import REGISTRY_OFFSET
from gkelab.processes import Processes
from gkelab.supplies import Supplies
from gkelab.waiting import wait_for


class Gateway:
    """Starts and stops the gateway of one cluster."""

    def __init__(self, cluster: Cluster, processes: Processes, supplies: Supplies, fabric: FabricClient) -> None:
        self.cluster = cluster
        self._processes = processes
        self._supplies = supplies
        self._fabric = fabric
        self._name = cluster.process("gateway")

    def start(self) -> None:
        """Plug the gateway in, unless it runs, and return when it answers."""
        if self._processes.running(self._name):
            return
        cluster, spec = self.cluster, self.cluster.spec
        prefix_length = ipaddress.IPv4Network(spec.subnetwork_cidr).prefixlen
        nic = PluggedNic(f"control plane of {cluster.key}", spec.control_plane_address, prefix_length, (), True)
        self._fabric.plug(spec.network, nic)
        registry = cluster.lab.settings().port + REGISTRY_OFFSET
        cluster.proxy.unlink(missing_ok=True)
        log = cluster.logs / "gateway.log"
        arguments: list[object] = ["-network", network_socket(self._fabric.folder, spec.network)]
        arguments += ["-address", f"{spec.control_plane_address}/{prefix_length}"]
        arguments += ["-expose", f"{cluster.ports.api},{registry}", "-proxy", cluster.proxy]
        self._processes.start(self._name, [self._supplies.gateway, *arguments], log)
        wait_for(lambda: cluster.proxy.exists() or not self._processes.running(self._name), 10, 0.02)
        if not self._processes.running(self._name):
            raise EngineError(f"the gateway of {cluster.key} does not run: see {log}")

    def stop(self) -> None:
        """Unplug the gateway."""
        self._processes.stop(self._name, patience=0)
        self._fabric.unplug(self.cluster.spec.network, self.cluster.spec.control_plane_address)
