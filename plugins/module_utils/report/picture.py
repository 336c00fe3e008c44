# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A picture of a cluster: networks are lines, nodes have their interfaces on them, and interfaces have pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..verify.result import counted
from .markup import Child, Markup, element, name
from .model import Cluster, Interface, Node, PodAddress
from .parts import Ids, Limits, as_table, drawing, fitting, label, more, names, rect, scrolling, table, width_of

WIDTH = 1240.0
LINE = 18.0  # height of a line of text
RAIL, FIRST_RAIL = 24.0, 16.0  # from one network's line to the next, and where the first is
CHIPS = 250.0  # where the pods of an interface begin, from the left of its node
CHIP, CHIP_GAP, LONGEST_CHIP = 24.0, 6.0, 300.0
COLOURS = 6


@dataclass(frozen=True)
class Network:
    """A subnetwork that nodes have interfaces in, and what is said of it."""

    key: tuple[str, str]  # VPC, subnetwork
    title: str
    lines: tuple[str, ...]


def picture(cluster: Cluster, ids: Ids, limits: Limits) -> Markup:
    """Return the section's content: the picture, and the same as a table."""
    networks = _networks(cluster)
    pods = _pods_by_interface(cluster)
    nodes = sorted(cluster.nodes, key=lambda node: (-_pods_on(node, pods), node.name))
    shown, left = nodes[: limits.nodes], len(nodes) - limits.nodes
    says = (
        f"{counted(len(cluster.nodes), 'node')}, {counted(len(networks), 'network')}, "
        f"{counted(len(cluster.pod_names), 'pod')} with additional addresses. The table below has the same."
    )
    canvas = Canvas(networks, pods, limits)
    content = canvas.draw(shown)
    svg = drawing(ids, f"Networks, nodes and pods of {cluster.name}", says, (0, WIDTH), canvas.y + 6, content)
    return element(
        "div",
        scrolling(f"Picture of {cluster.name}", svg),
        more(left, "node") if left > 0 else None,
        as_table(_table(cluster, nodes, pods, limits)),
    )


def _networks(cluster: Cluster) -> list[Network]:
    """Return the networks in the order of the interfaces, then those without any."""
    order: dict[tuple[str, str], None] = {}
    for _name, key in sorted({(i.name, (i.vpc, i.subnetwork)) for node in cluster.nodes for i in node.interfaces}):
        order[key] = None
    described = {(each.vpc, each.name): each for each in cluster.subnetworks}
    found = []
    for key in [*order, *(key for key in described if key not in order)]:
        subnetwork = described.get(key)
        if subnetwork is None:
            pods = f"pods {cluster.facts.pods_cidr}" if key == _own(cluster) and cluster.facts.pods_cidr else ""
            found.append(Network(key, f"VPC {key[0]}, subnetwork {key[1]}", (pods,) if pods else ()))
            continue
        lines = [
            f"range {each.name} {each.cidr}" + "".join(f" → {nad}" for nad in _attachments(cluster, each.cidr))
            for each in subnetwork.secondary_ranges
        ]
        found.append(Network(key, f"VPC {key[0]}, subnetwork {key[1]} {subnetwork.cidr}", tuple(lines)))
    return found


def _own(cluster: Cluster) -> tuple[str, str]:
    return cluster.facts.network, cluster.facts.subnetwork


def _attachments(cluster: Cluster, cidr: str) -> Iterator[str]:
    for each in cluster.attachments:
        if cidr in each.ranges:
            yield f"{each.name} on {each.master}" if each.master else each.name


def _pods_by_interface(cluster: Cluster) -> dict[tuple[str, str], list[PodAddress]]:
    """Return what pods have, by node and the node's interface that carries it."""
    masters = {each.name: each.master for each in cluster.attachments}
    found: dict[tuple[str, str], list[PodAddress]] = {}
    for pod in cluster.pods:
        found.setdefault((pod.node, masters.get(pod.attachment, "")), []).append(pod)
    return found


def _pods_on(node: Node, pods: Mapping[tuple[str, str], Sequence[PodAddress]]) -> int:
    return sum(len(pods.get((node.name, interface.name), ())) for interface in node.interfaces)


@dataclass
class Canvas:
    """A picture in the making: the networks' names on top, their lines down to the last interface, the nodes."""

    networks: Sequence[Network]
    pods: Mapping[tuple[str, str], Sequence[PodAddress]]
    limits: Limits
    y: float = 8.0  # how far down it is drawn
    content: list[Child] = field(default_factory=list)
    spans: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)  # of the networks' lines

    @property
    def left(self) -> float:
        """Return where the nodes begin."""
        return FIRST_RAIL + len(self.networks) * RAIL + 4

    def rail(self, key: tuple[str, str]) -> float:
        """Return where a network's line is."""
        return FIRST_RAIL + [network.key for network in self.networks].index(key) * RAIL

    def colour(self, key: tuple[str, str]) -> int:
        """Return the number of a network's colour."""
        return [network.key for network in self.networks].index(key) % COLOURS

    def draw(self, nodes: Sequence[Node]) -> list[Child]:
        """Return the drawing; its height is known then."""
        for network in self.networks:
            self._head(network)
        if not nodes:
            self.content.append(label(self.left, self.y + 12, "No node is known.", "quiet"))
            self.y += LINE
        for node in nodes:
            self._card(node)
        lines = (
            element("path", d=f"M{self.rail(key):g} {top:g}V{end:g}", class_=f"rail n{self.colour(key)}")
            for key, (top, end) in self.spans.items()
        )
        return [list(lines), self.content]

    def _head(self, network: Network) -> None:
        """Draw a network's name, and the line from it to its own."""
        x, colour = self.rail(network.key), self.colour(network.key)
        room = WIDTH - self.left - 8
        self.spans[network.key] = (self.y + 8, self.y + 8)
        path = f"M{x:g} {self.y + 8:g}H{self.left - 8:g}"
        self.content.append(element("path", d=path, class_=f"rail n{colour}"))
        self.content.append(label(self.left, self.y + 12, fitting(network.title, room), "lead"))
        for line in network.lines:
            self.y += LINE
            self.content.append(label(self.left, self.y + 12, fitting(line, room), "quiet"))
        self.y += LINE + 10

    def _card(self, node: Node) -> None:
        """Draw a node."""
        top, self.y = self.y, self.y + 30
        where = fitting(f"{node.node_pool}, {node.zone}".strip(", "), WIDTH / 3)
        title = fitting(node.name, WIDTH - self.left - 48 - width_of(where))
        inside: list[Child] = [
            label(self.left + 12, top + 20, title, "lead", tip=node.name),
            label(self.left + 28 + width_of(title), top + 20, where, "quiet"),
        ]
        for interface in node.interfaces:
            inside.append(self._interface(node, interface))
        self.content.append(rect(self.left, top, WIDTH - self.left - 4, self.y - top, "box", round_=8))
        self.content.append(inside)
        self.y += 8

    def _interface(self, node: Node, interface: Interface) -> list[Child]:
        """Return an interface with its pods; notes how far down its network's line has to reach."""
        key, top, left = (interface.vpc, interface.subnetwork), self.y, self.left + 12
        drawn: list[Child] = []
        if key in self.spans:
            x, middle = self.rail(key), top + 10
            drawn.append(element("path", d=f"M{x:g} {middle:g}H{self.left:g}", class_=f"tap n{self.colour(key)}"))
            drawn.append(element("circle", cx=x, cy=middle, r=6, class_=f"dot d{self.colour(key)}"))
            self.spans[key] = (self.spans[key][0], middle)
        drawn.append(label(left, top + 14, fitting(f"{interface.name} {interface.address}", CHIPS - 24)))
        blocks = ", ".join(block.cidr for block in interface.blocks)
        if blocks:
            text = fitting(f"block {blocks}", CHIPS - 24)
            drawn.append(label(left, top + 14 + LINE, text, "quiet", tip=blocks))
        chips, bottom = _chips(self.pods.get((node.name, interface.name), ()), self.left + CHIPS, top, self.limits)
        self.y = max(bottom, top + LINE * (2 if blocks else 1)) + 8
        return [drawn, chips]


def _chips(pods: Sequence[PodAddress], left: float, top: float, limits: Limits) -> tuple[list[Child], float]:
    """Return the pods on an interface, as many as there is room for, and where they end."""
    found: list[Child] = []
    x, y = left, top
    shown = pods[: limits.chips]
    for pod in shown:
        text = fitting(f"{pod.pod.partition('/')[2]} {' '.join(pod.ips)}", LONGEST_CHIP - 16)
        width = width_of(text) + 16
        if x + width > WIDTH - 14 and x > left:
            x, y = left, y + CHIP + CHIP_GAP
        chip = rect(x, y, width, CHIP, "chip", round_=6), label(x + 8, y + 16, text)
        tip = f"{pod.pod} {pod.interface} {', '.join(pod.ips)} of {pod.attachment}"
        found.append(element("g", element("title", tip), *chip) if limits.names else chip)
        x += width + CHIP_GAP
    if len(pods) > len(shown):
        text = f"and {len(pods) - len(shown)} more"
        if x + width_of(text) > WIDTH - 14:
            x, y = left, y + CHIP + CHIP_GAP
        found.append(label(x + 4, y + 16, text, "quiet"))
    return found, y + CHIP if pods else y


def _table(
    cluster: Cluster, nodes: Sequence[Node], pods: Mapping[tuple[str, str], Sequence[PodAddress]], limits: Limits
) -> Markup:
    heads = ("Node", "Pool", "Interface", "VPC, subnetwork", "Address", "Blocks", "Pods")
    rows = (
        [name(node.name), name(node.node_pool), *_cells(interface, pods.get((node.name, interface.name), ()))]
        for node in nodes
        for interface in node.interfaces
    )
    return table(f"Interfaces of the nodes of {cluster.name}", heads, rows, limits=limits, texts=1)


def _cells(interface: Interface, pods: Sequence[PodAddress]) -> list[Child]:
    return [
        interface.name,
        list(names((interface.vpc, interface.subnetwork))),
        interface.address,
        ", ".join(block.cidr for block in interface.blocks),
        list(names(f"{pod.pod} {' '.join(pod.ips)}" for pod in pods)),
    ]
