# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets as multinet_report is given them: the shapes are those of the modules' results, as a lab has shown them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from netaddr import IPNetwork

MADE_AT = "2026-11-26T20:30:00Z"
Description = dict[str, Any]

# Names that do harm where somebody forgets to escape, to isolate or to measure them.
HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "\"><svg onload='alert(1)'>",
    "]]><!-- & &amp; &lt;",
    "مرحبا بالعالم",
    "\u202egnp.exe",
    "half \ud800 bell \x07 null \x00 no character \uffff",
    "클러스터 서울 🦀 " * 6,
    "x" * 400,
    "{{ 7 * 7 }} ${7*7} javascript:alert(1)",
)


def params(clusters: Iterable[Description], **more: Any) -> dict[str, Any]:
    """Return the module's options."""
    return {
        "clusters": list(clusters),
        "title": "multinet.gke",
        "made_at": MADE_AT,
        "formats": ["html", "json", "junit"],
        "fail_on": "never",
        **more,
    }


def cluster(
    name: str = "edge", *, nodes: int = 2, pods: int = 4, third: int = 1, prefix: int = 24, per_node: int = 8
) -> Description:
    """Return a cluster in order: one additional network, pods on all nodes, every path tried."""
    network = IPNetwork(f"172.{16 + third // 256}.{third % 256}.0/{prefix}").cidr
    subnetwork = f"{name}-subnet"
    machines = [_node(name, number, subnetwork, network, per_node) for number in range(nodes)]
    people = [_pod(number, machines[number % nodes]["name"], network) for number in range(pods)] if nodes else []
    return {
        "name": name,
        "site": {
            "project": "test-project",
            "location": "us-central1-c",
            "cluster": {"name": name},
            "attachments": [{"name": "my-nad", "namespace": "default", "master": "eth1", "range": str(network)}],
        },
        "cluster": {
            "name": name,
            "location": "us-central1-c",
            "status": "RUNNING",
            "version": "1.34.8-gke.1278000",
            "release_channel": "STABLE",
            "network": "default",
            "subnetwork": "default",
            "pods_cidr": "10.68.0.0/14",
        },
        "node_pools": [
            {
                "name": "multinet",
                "machine_type": "e2-standard-4",
                "version": "1.34.8-gke.1278000",
                "status": "RUNNING",
                "nodes": machines,
            }
        ],
        "vpcs": [
            {
                "vpc": {"name": "my-vpc", "mtu": 1460},
                "subnetworks": [
                    {
                        "name": subnetwork,
                        "ip_cidr_range": f"10.0.{third % 256}.0/24",
                        "secondary_ranges": [{"name": "pods", "ip_cidr_range": str(network)}],
                        "ingress_from": [f"10.0.{third % 256}.0/24", str(network)],
                    }
                ],
            }
        ],
        "nads": [
            {
                "annotation": "default/my-nad",
                "type": "ipvlan",
                "master": "eth1",
                "pools": [{"range": str(network)}],
            }
        ],
        "pools": [_pool(network, people)],
        "verification": {
            "results": [
                result("daemonset_ready", "pass", "kube-system/gke-multinet", f"on {nodes} nodes"),
                result("network_status", "pass", "default/my-nad", f"{pods} pods have their network-status"),
                result("ip_in_pool", "pass", "default/my-nad", "every address is held for its pod"),
            ],
            "matrix": _matrix(machines, people),
            "pods": people,
        },
        "drift": [{"stage": stage, "actions": []} for stage in ("cluster", "vpc", "nodepool", "multus", "networks")],
        "errors": [],
    }


def result(check: str, status: str, subject: str, msg: str, remedy: str = "") -> Description:
    """Return an answer of multinet_verify."""
    return {"check": check, "status": status, "subject": subject, "msg": msg, "remedy": remedy, "data": {}}


def troubled(name: str = "west", third: int = 2) -> Description:
    """Return a cluster in which much is wrong."""
    found = cluster(name, nodes=4, pods=22, third=third)
    pool, verified = found["pools"][0], found["verification"]
    base = IPNetwork(pool["range"])
    for number in (41, 42, 43, 90):
        _allocate(pool, str(base[number]), f"default/gone-{number}", "orphan", f"there is no pod default/gone-{number}")
    _allocate(pool, str(base[250]), "", "reserved", "it was reserved by hand: router")
    _allocate(pool, str(base[77]), "default/quiet", "unknown", "default/quiet runs and has no network-status")
    lost = found["node_pools"][0]["nodes"][3]["name"]
    for row in verified["matrix"]:
        if lost in (row["from_node"], row["to_node"]) and row["from_node"] != row["to_node"]:
            row.update(ok=False, loss=100, rtt_ms=None)
        elif row["to"] == "default/web-5":
            row.update(loss=33)
    verified["results"] += [
        result(
            "ping", "fail", "default/my-nad", f"no answer from or to {lost}, while all other nodes reach each other",
            f"look at the health of {lost}, at rules of the VPC for it alone, and at the VPC of its eth1",
        ),
        result(
            "orphans", "fail", f"kube-system/{pool['name']}",
            "addresses that nobody has any more: 172.16.2.41, 172.16.2.42, 172.16.2.43, 172.16.2.90",
            f"release them: whereabouts_pool, name {pool['name']}, state reconciled",
        ),
        result(
            "token_age", "warn", "kube-system/gke-multinet",
            f"token in whereabouts.kubeconfig expires in 12 days on node {lost}",
            "restart the DaemonSet: kubectl -n kube-system rollout restart daemonset gke-multinet",
        ),
        result("hostport", "warn", "default/web-7", "hostPort 8080 probably refuses connections", "portMappings: true"),
        result("config_first_file", "skip", "nodes", "needs inspect_nodes"),
    ]  # fmt: skip
    found["drift"] = [
        {"stage": "vpc", "actions": [f"create firewall rule {name}-subnet-allow-multinet (ingress from 10.0.2.0/24)"]},
        {"stage": "nodepool", "actions": ["set node_count of node pool multinet to 6"]},
        {"stage": "pods", "actions": ["create pod default/samplepod", "create pod default/samplepod-2"]},
    ]
    return found


def unread(name: str = "north") -> Description:
    """Return a cluster whose API server does not answer."""
    found = cluster(name, nodes=2, pods=0, third=3)
    found.update(nads=[], pools=[], verification={}, drift=[{"stage": "cluster", "actions": []}])
    message = (
        "list network-attachment-definitions: the API server at https://203.0.113.7 cannot be reached: Connection "
        "refused; see whether the cluster's authorized networks let this machine in"
    )
    found["errors"] = [
        {"task": "Install Multus and Whereabouts", "msg": message},
        {"task": "Look at the attachments", "msg": message},
    ]
    return found


def crowded(name: str = "south") -> Description:
    """Return a cluster with a large range, several networks, and a pool that is nearly full."""
    found = cluster(name, nodes=30, pods=260, third=64, prefix=18, per_node=32)
    second = IPNetwork("192.168.7.0/28")
    for number, machine in enumerate(found["node_pools"][0]["nodes"]):
        machine["interfaces"].append(_interface("eth2", "storage", "storage-subnet", f"10.9.0.{number + 2}", None))
    found["nads"].append(
        {"annotation": "storage/nad", "type": "ipvlan", "master": "eth2", "pools": [{"range": str(second)}]}
    )
    people = [
        _pod(number, found["node_pools"][0]["nodes"][number]["name"], second, "storage/nad") for number in range(13)
    ]
    found["verification"]["pods"] += people
    found["pools"].append(_pool(second, people))
    found["verification"]["results"].append(
        result("capacity", "warn", "kube-system/192.168.7.0-28", "13 of 14 addresses are used (92.9 %)", "add a range")
    )
    return found


def hostile() -> list[Description]:
    """Return clusters in which every text is one of HOSTILE."""
    return [spoilt(troubled(f"{word} {number}"), word) for number, word in enumerate(HOSTILE)]


def small() -> list[Description]:
    """Return a fleet in order."""
    return [cluster("edge", nodes=2, pods=4)]


def mixed() -> list[Description]:
    """Return a fleet of which each cluster is another case."""
    return [
        cluster("edge", nodes=3, pods=14),
        troubled(),
        unread(),
        crowded(),
        cluster("new", nodes=0, pods=0, third=9),
    ]


def large(count: int = 200) -> list[Description]:
    """Return a fleet of many clusters with 50 pods each."""
    kinds = itertools.cycle("ooooootoooouooo")
    made = {
        "o": lambda name, third: cluster(name, nodes=5, pods=50, third=third),
        "t": troubled,
        "u": lambda name, _third: unread(name),
    }
    return [made[kind](f"site-{number:03}", number) for number, kind in zip(range(1, count + 1), kinds, strict=False)]


def _node(cluster_name: str, number: int, subnetwork: str, network: IPNetwork, per_node: int) -> Description:
    size = per_node * 2
    start = network[number * size] if (number + 1) * size <= network.size else None
    block = f"{start}/{33 - size.bit_length()}" if start else None
    return {
        "name": f"gke-{cluster_name}-multinet-0cfc2b31-{number:04x}",
        "zone": "us-central1-c",
        "interfaces": [
            _interface("eth0", "default", "default", f"10.128.0.{number + 5}", f"10.68.{number}.0/24"),
            _interface("eth1", "my-vpc", subnetwork, f"10.0.1.{number + 2}", block),
        ],
    }


def _interface(name: str, vpc: str, subnetwork: str, address: str, block: str | None) -> Description:
    blocks = [{"secondary_range": "pods", "cidr": block}] if block else []
    return {"name": name, "network": vpc, "subnetwork": subnetwork, "address": address, "alias_blocks": blocks}


def _pod(number: int, node: str, network: IPNetwork, attachment: str = "default/my-nad") -> Description:
    interface = {"name": attachment, "interface": "net1", "ips": [str(network[number + 1])], "mac": "42:01:0a:00:01:02"}
    return {"name": f"web-{number}", "namespace": "default", "node": node, "interfaces": [interface]}


def _pool(network: IPNetwork, people: Iterable[Description]) -> Description:
    pool: Description = {
        "name": str(network).replace("/", "-"),
        "range": str(network),
        "first": str(network[1]),
        "last": str(network[-2]),
        "capacity": network.size - 2,
        "used": 0,
        "allocations": [],
    }
    for pod in people:
        ref = f"{pod['namespace']}/{pod['name']}"
        _allocate(pool, pod["interfaces"][0]["ips"][0], ref, "live", f"{ref} has it (Running)")
    return pool


def _allocate(pool: Description, ip: str, podref: str, state: str, reason: str) -> None:
    pool["allocations"].append(
        {"ip": ip, "podref": podref, "state": state, "reason": reason, "id": "5e514a41", "ifname": ""}
    )
    pool["used"] += 1


def _matrix(machines: Iterable[Description], people: Iterable[Description]) -> list[Description]:
    """Return a path from each node to each pod, with times that differ."""
    rows = []
    for number, (machine, pod) in enumerate(itertools.product(machines, people)):
        near = machine["name"] == pod["node"]
        rows.append(
            {
                "attachment": pod["interfaces"][0]["name"],
                "from": f"default/multinet-probe-{machine['name'][-4:]}",
                "from_node": machine["name"],
                "to": f"{pod['namespace']}/{pod['name']}",
                "to_node": pod["node"],
                "ip": pod["interfaces"][0]["ips"][0],
                "path": "same_node" if near else "cross_node",
                "ok": True,
                "loss": 0,
                "rtt_ms": round((0.05 if near else 0.4) + number % 17 / 20, 2),
                "payload": None,
            }
        )
    return rows


def spoilt(value: Any, word: str, key: str = "") -> Any:
    """Return a value with a word in all its texts, but for those that have a form of their own."""
    if isinstance(value, dict):
        return {each: spoilt(item, word, each) for each, item in value.items()}
    if isinstance(value, list):
        return [spoilt(item, word, key) for item in value]
    if isinstance(value, str) and key not in FORMED:
        return f"{value} {word}"
    return value


FORMED = {"ip", "range", "first", "last", "cidr", "ip_cidr_range", "status", "state", "ips", "pods_cidr"}
