# SPDX-License-Identifier: Apache-2.0
"""The two engines with real machines. All that they know lies in the lab's folder: any process may carry on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

from gkelab.engine import ClusterSpec, Endpoint, EngineError, FirewallRule, NodeSpec
from gkelab.fabric.client import FabricClient
from gkelab.locks import locked
from gkelab.machines import node_objects
from gkelab.machines.cluster import Cluster, clusters, write_kubeconfig
from gkelab.machines.control_plane import ControlPlane
from gkelab.machines.gateway import Gateway
from gkelab.machines.nodes import Nodes
from gkelab.processes import Processes
from gkelab.state import Lab
from gkelab.supplies import Supplies


class ControlPlaneEngine:
    """Clusters are real; nodes are Node objects that nobody boots."""

    nodes_are_real = False

    def __init__(self, lab: Lab, supplies: Supplies) -> None:
        self.lab = lab
        self.processes = Processes(lab.folder)
        self.supplies = supplies

    def start_cluster(self, cluster: ClusterSpec) -> Endpoint:
        """Return when the API server of the cluster is ready."""
        place = self.cluster(cluster.key)
        with locked(place.lock, cluster.key):
            if not place.exists:
                place.create(cluster)
            self._start(place)
            write_kubeconfig(self.lab)
        return Endpoint(place.address, place.authority.own.certificate.read_text())

    def stop_cluster(self, key: str) -> None:
        """End the nodes and the control plane of a cluster, in whatever state they are, and forget them."""
        place = self.cluster(key)
        with locked(place.lock, key):
            if place.exists:
                self._stop(place)
                place.remove()
                write_kubeconfig(self.lab)

    def start_nodes(self, nodes: Sequence[NodeSpec]) -> None:
        """Return when all these nodes are Ready."""
        for place, own in self._by_cluster(nodes):
            for node in own:
                node_objects.register(place.api, node)
                node_objects.pretend_ready(place.api, node)

    def stop_nodes(self, cluster: str, names: Sequence[str]) -> None:
        """Remove the Node objects."""
        place = self.cluster(cluster)
        for name in names if place.exists else ():
            node_objects.remove(place.api, name)

    def relabel_nodes(
        self, nodes: Sequence[NodeSpec], labels: Collection[str], taints: Collection[tuple[str, str, str]]
    ) -> None:
        """Give running nodes their labels and taints as they are now; take these former ones away."""
        for place, own in self._by_cluster(nodes):
            for node in own:
                node_objects.relabel(place.api, node, labels, taints)

    def set_network(self, network: str, rules: Sequence[FirewallRule]) -> None:
        """No packet flows."""

    def remove_network(self, network: str) -> None:
        """No packet flows."""

    def cluster(self, key: str) -> Cluster:
        """Return the places of a cluster, whether it runs or not."""
        return Cluster(self.lab, key)

    def _control_plane(self, place: Cluster) -> ControlPlane:
        return ControlPlane(place, self.processes, self.supplies, nodes_are_real=self.nodes_are_real)

    def _start(self, place: Cluster) -> None:
        self._control_plane(place).start()

    def _stop(self, place: Cluster) -> None:
        self._control_plane(place).stop()

    def _by_cluster(self, nodes: Iterable[NodeSpec]) -> list[tuple[Cluster, list[NodeSpec]]]:
        ordered = sorted(nodes, key=lambda node: node.cluster)
        return [(self.cluster(key), list(own)) for key, own in groupby(ordered, key=lambda node: node.cluster)]


class FullEngine(ControlPlaneEngine):
    """Nodes are real kernels, too, on real networks."""

    nodes_are_real = True

    def __init__(self, lab: Lab, supplies: Supplies) -> None:
        super().__init__(lab, supplies)
        self.fabric = FabricClient(lab.fabric)

    def start_nodes(self, nodes: Sequence[NodeSpec]) -> None:
        """Return when all these nodes are Ready."""
        for place, own in self._by_cluster(nodes):
            self._nodes(place).start(own)

    def stop_nodes(self, cluster: str, names: Sequence[str]) -> None:
        """Power nodes off, and remove their Node objects."""
        place = self.cluster(cluster)
        if place.exists:
            self._nodes(place).stop(names)

    def kill_node(self, name: str) -> NodeSpec:
        """Lose a node as a failing machine would; return what it was."""
        place, node = self._find(name)
        self._nodes(place).kill(name)
        return node

    def start_node(self, name: str) -> NodeSpec:
        """Boot a lost node again; return what it is."""
        place, node = self._find(name)
        self._nodes(place).start([node])
        return node

    def set_network(self, network: str, rules: Sequence[FirewallRule]) -> None:
        """Create a network if it is not there, and give it exactly these ingress rules."""
        self.fabric.set_network(network, rules)

    def remove_network(self, network: str) -> None:
        """Forget a network that no NIC uses."""
        self.fabric.remove_network(network)

    def _nodes(self, place: Cluster) -> Nodes:
        return Nodes(place, self.processes, self.supplies, self.fabric)

    def _start(self, place: Cluster) -> None:
        Gateway(place, self.processes, self.supplies, self.fabric).start()
        super()._start(place)

    def _stop(self, place: Cluster) -> None:
        self._nodes(place).discard()
        Gateway(place, self.processes, self.supplies, self.fabric).stop()
        super()._stop(place)

    def _find(self, name: str) -> tuple[Cluster, NodeSpec]:
        found = [(place, node) for place in clusters(self.lab) for node in place.nodes() if node.name == name]
        if not found:
            known = ", ".join(node.name for place in clusters(self.lab) for node in place.nodes())
            raise EngineError(f"this lab has no node {name}; it has {known or 'none'}")
        return found[0]
