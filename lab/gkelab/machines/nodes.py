# SPDX-License-Identifier: Apache-2.0
"""The nodes of one cluster: kernels that are booted, plugged into their networks, waited for and powered off."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from gkelab import uml
from gkelab.engine import EngineError, NodeSpec
from gkelab.fabric.client import FabricClient, network_socket
from gkelab.fabric.frames import mac_text
from gkelab.fabric.network import PluggedNic
from gkelab.files import write_secret
from gkelab.locks import locked
from gkelab.machines import node_files, node_objects
from gkelab.machines.cluster import Cluster, node_from
from gkelab.machines.memory import check_memory
from gkelab.machines.ports import REGISTRY_OFFSET
from gkelab.processes import Processes
from gkelab.state import short
from gkelab.supplies import Supplies
from gkelab.waiting import wait_for

MEMORY = 1024  # MiB of a node; about a third of it is used
READY_WITHIN = 240  # seconds; a quiet machine takes 5 to 15 for two nodes
POWER_OFF_WITHIN = 15  # seconds


class Nodes:
    """Boots and stops the nodes of one cluster."""

    def __init__(self, cluster: Cluster, processes: Processes, supplies: Supplies, fabric: FabricClient) -> None:
        self.cluster = cluster
        self._processes = processes
        self._supplies = supplies
        self._fabric = fabric

    def start(self, nodes: Sequence[NodeSpec]) -> None:
        """Boot what does not run, and return when all are Ready."""
        check_memory(sum(not self.runs(node.name) for node in nodes), MEMORY)
        with ThreadPoolExecutor(max_workers=4) as pool:
            boots = list(pool.map(self._boot, nodes))
        api = self.cluster.api
        waiting = dict(zip([node.name for node in nodes], boots, strict=True))

        def arrived() -> bool:
            for name, boot in list(waiting.items()):
                # While several kernels boot, the API server may take longer for an answer than anybody waits.
                with contextlib.suppress(EngineError):
                    if node_objects.is_ready(api, name, boot):
                        del waiting[name]
            return not waiting or any(not self.runs(name) for name in waiting)

        wait_for(arrived, READY_WITHIN, 0.3)
        if waiting:
            problems = "; ".join(f"{name} {self._problem(name)}" for name in waiting)
            raise EngineError(f"nodes of {self.cluster.key} are not Ready: {problems}")

    def stop(self, names: Sequence[str]) -> None:
        """Power nodes off, unplug them and remove their Node objects."""
        if not names:
            return
        with ThreadPoolExecutor(max_workers=len(names)) as pool:
            list(pool.map(self._power_off, names))
        for name in names:
            self._forget(name)
            node_objects.remove(self.cluster.api, name)

    def discard(self) -> None:
        """End all nodes of a cluster that ends with them, without asking."""
        for node in self.cluster.nodes():
            self.kill(node.name)
            self._forget(node.name)

    def kill(self, name: str) -> None:
        """Lose a node: nothing in it gets a chance to clean up, and nobody is told."""
        self._processes.stop(self.process(name), patience=0)

    def runs(self, name: str) -> bool:
        """Tell whether a node's kernel runs."""
        return self._processes.running(self.process(name)) is not None

    def process(self, name: str) -> str:
        """Return the name under which a node's kernel is recorded."""
        return self.cluster.process(f"nodes/{name}")

    def folder(self, name: str) -> Path:
        """Return a node's folder."""
        return self.cluster.folder / "nodes" / name

    def _kernel(self, name: str) -> str:
        return short(f"{self.cluster.key}/{name}")

    def _problem(self, name: str) -> str:
        what = "did not come up in time" if self.runs(name) else "has ended"
        return f"{what}, see {self.folder(name)}/log"

    def _boot(self, node: NodeSpec) -> str:
        """Start a node's kernel, unless it runs; return the boot id that is not to be taken for this boot's."""
        folder = self.folder(node.name)
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / "lock", node.name):
            if self.runs(node.name):
                return ""
            write_secret(folder / "node.json", json.dumps(asdict(node)))
            for network, nic in plugged(node):
                self._fabric.plug(network, nic)
            tree = self._supplies.tree
            registry = self.cluster.lab.settings().port + REGISTRY_OFFSET
            node_files.write(
                folder, self.cluster, node, tree=tree, programs=self._supplies.kubernetes, registry=registry
            )
            boot = node_objects.register(self.cluster.api, node)
            disk = folder / "disk.cow"
            disk.unlink(missing_ok=True)  # a node that comes back has a new disk, as on GKE after a repair
            devices = [f"ubd0={disk},{self._supplies.disk}"]
            devices += [
                uml.network_device(number, network_socket(self._fabric.folder, network), mac_text(nic.mac))
                for number, (network, nic) in enumerate(plugged(node))
            ]
            sockets, kernel = self.cluster.lab.kernels, self._kernel(node.name)
            command = uml.command(tree, folder, sockets, kernel, memory=MEMORY, devices=devices)
            self._processes.start(self.process(node.name), command, folder / "log" / "console.log")
        return boot

    def _power_off(self, name: str) -> None:
        kernels, kernel = self.cluster.lab.kernels, self._kernel(name)
        self._processes.stop(self.process(name), lambda: uml.power_off(kernels, kernel), patience=POWER_OFF_WITHIN)

    def _forget(self, name: str) -> None:
        """Unplug a node that does not run, and delete what it had."""
        folder = self.folder(name)
        description = folder / "node.json"
        if description.exists():
            for network, nic in plugged(node_from(json.loads(description.read_text()))):
                self._fabric.unplug(network, nic.address)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(self.cluster.lab.kernels / self._kernel(name), ignore_errors=True)


def plugged(node: NodeSpec) -> list[tuple[str, PluggedNic]]:
    """Return a node's NICs with their networks; the first gets the node's Pods delivered, too."""
    nics = []
    for number, nic in enumerate(node.nics):
        ranges = dict.fromkeys([*nic.alias_ranges, *([] if number else [node.pod_cidr])])
        nics.append((nic.network, PluggedNic(node.name, nic.address, nic.prefix_length, tuple(ranges))))
    return nics
