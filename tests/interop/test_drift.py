# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gcloud changes in a site of ours is seen as drift, with the right difference, and undone as described."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from gcloud import Gcloud
from sites import OPTIONS, make

VPC, CLUSTER, POOL = "gke_multinet_vpc", "gke_multinet_cluster", "gke_multinet_nodepool"
SUBNET = "compute networks subnets"
PODS = {"name": "pods", "ip_cidr_range": "172.16.1.0/24"}
RULE = "firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.1.0/24)"


@dataclass(frozen=True)
class Drift:
    """A command of gcloud, and what our module then says and does; nothing if it is no matter of ours."""

    command: str
    module: str
    before: dict[str, Any] = field(default_factory=dict)  # the options that differ, as gcloud left them
    after: dict[str, Any] = field(default_factory=dict)
    actions: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """Return what has to be there for the command."""
        return {VPC: (VPC,), CLUSTER: (CLUSTER,)}.get(self.module, tuple(OPTIONS))


def vpc(command: str, key: str, before: object, after: object, action: str) -> Drift:
    """Return what differs in the subnetwork."""
    return Drift(command, VPC, {key: before}, {key: after}, (action,))


DRIFTS = {
    "routing mode": vpc(
        "compute networks update my-vpc --bgp-routing-mode=global",
        "routing_mode",
        "GLOBAL",
        "REGIONAL",
        "set routing_mode of network my-vpc to REGIONAL",
    ),
    "a range is added: not declared, not ours": Drift(
        f"{SUBNET} update my-subnet --region=us-central1 --add-secondary-ranges=others=172.16.9.0/24", VPC
    ),
    "a range is removed": vpc(
        f"{SUBNET} update my-subnet --region=us-central1 --remove-secondary-ranges=pods",
        "secondary_ranges",
        [],
        [PODS],
        "add secondary range pods (172.16.1.0/24) to subnetwork my-subnet",
    ),
    "private access": vpc(
        f"{SUBNET} update my-subnet --region=us-central1 --enable-private-ip-google-access",
        "private_google_access",
        True,
        False,
        "set private_google_access of subnetwork my-subnet to false",
    ),
    "the rule is disabled": vpc(
        "compute firewall-rules update my-subnet-allow-multinet --disabled",
        "allow_multinet",
        False,
        True,
        f"update {RULE}",
    ),
    "the rule lets in less": vpc(
        "compute firewall-rules update my-subnet-allow-multinet --source-ranges=10.0.1.0/24",
        "allow_multinet",
        False,
        True,
        f"update {RULE}",
    ),
    "the rule is deleted": vpc(
        "compute firewall-rules delete my-subnet-allow-multinet",
        "allow_multinet",
        False,
        True,
        f"create {RULE}",
    ),
    "a label of the cluster": Drift(
        "container clusters update edge --update-labels=team=other,owner=others",
        CLUSTER,
        {"labels": {"team": "other"}},
        {"labels": {"team": "net"}},
        ("set labels of cluster edge to team=net",),
    ),
    "who may reach the cluster": Drift(
        "container clusters update edge --enable-master-authorized-networks"
        " --master-authorized-networks=203.0.113.0/24,192.0.2.0/24",
        CLUSTER,
        {"authorized_networks": [{"cidr": "192.0.2.0/24"}, {"cidr": "203.0.113.0/24"}]},
        {"authorized_networks": [{"cidr": "203.0.113.0/24"}]},
        ("set authorized_networks of cluster edge to cidr=203.0.113.0/24",),
    ),
    "multi-networking": Drift(
        "container clusters update edge --no-enable-multi-networking",
        CLUSTER,
        {"multi_networking": False},
        {"multi_networking": True},
        ("set multi_networking of cluster edge to true",),
    ),
    "the channel": Drift(
        "container clusters update edge --release-channel=rapid",
        CLUSTER,
        {"release_channel": "RAPID"},
        {"release_channel": "REGULAR"},
        ("set release_channel of cluster edge to REGULAR",),
    ),
    "the size": Drift(
        "container clusters resize edge --node-pool=multinet --num-nodes=4",
        POOL,
        {"node_count": 4},
        {"node_count": 2},
        ("set node_count of node pool multinet to 2",),
    ),
    "labels of nodes": Drift(
        "container node-pools update multinet --cluster=edge --node-labels=role=other",
        POOL,
        {"labels": {"role": "other"}},
        {"labels": {"role": "net"}},
        ("set labels of node pool multinet to role=net",),
    ),
    "a taint": Drift(
        "container node-pools update multinet --cluster=edge --node-taints=net=yes:NoSchedule",
        POOL,
        {"taints": [{"key": "net", "value": "yes", "effect": "NO_SCHEDULE"}]},
        {"taints": []},
        ("set taints of node pool multinet to none",),
    ),
    "repair": Drift(
        "container node-pools update multinet --cluster=edge --no-enable-autorepair",
        POOL,
        {"management": {"auto_repair": False, "auto_upgrade": True}},
        {"management": {"auto_repair": True, "auto_upgrade": True}},
        ("set management of node pool multinet to auto_repair=true, auto_upgrade=true",),
    ),
    "surge": Drift(
        "container node-pools update multinet --cluster=edge --max-surge-upgrade=2 --max-unavailable-upgrade=1",
        POOL,
        {"upgrade_settings": {"max_surge": 2, "max_unavailable": 1}},
        {"upgrade_settings": {"max_surge": 1, "max_unavailable": 0}},
        ("set upgrade_settings of node pool multinet to max_surge=1, max_unavailable=0",),
    ),
    "tags: not declared, not ours": Drift("container node-pools update multinet --cluster=edge --tags=theirs", POOL),
}


@pytest.mark.sample(2)
@pytest.mark.parametrize("drift", DRIFTS.values(), ids=list(DRIFTS))
def test_a_change_by_gcloud(gcloud: Gcloud, drift: Drift) -> None:
    cloud, options = gcloud.cloud, OPTIONS[drift.module]
    make(cloud, *drift.needs)
    gcloud(drift.command)
    if not drift.actions:
        cloud.unchanged(drift.module, **options)
        return
    result = cloud.converge(drift.module, **options)
    assert tuple(result["actions"]) == drift.actions
    assert _differing(result["diff"]) == (drift.before, drift.after)


def test_an_expanded_range_cannot_be_undone(gcloud: Gcloud) -> None:
    make(gcloud.cloud, VPC)
    gcloud(f"{SUBNET} expand-ip-range my-subnet --region=us-central1 --prefix-length=23")
    message = gcloud.cloud.refused(VPC, **OPTIONS[VPC])
    assert "10.0.0.0/23" in message
    assert "10.0.1.0/24" in message
    assert "can only be expanded" in message


def test_the_autoscaler_of_gcloud_is_not_switched_off_unasked(gcloud: Gcloud) -> None:
    make(gcloud.cloud)
    gcloud("container node-pools update multinet --cluster=edge --enable-autoscaling --min-nodes=3 --max-nodes=5")
    gcloud("container clusters resize edge --node-pool=multinet --num-nodes=3")
    assert "autoscaling.enabled=false" in gcloud.cloud.refused(POOL, **OPTIONS[POOL])


def _differing(diff: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options that differ, those of the one subnetwork beside those of its network."""
    before, after = _flat(diff["before"]), _flat(diff["after"])
    keys = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return {key: before.get(key) for key in keys}, {key: after.get(key) for key in keys}


def _flat(state: dict[str, Any]) -> dict[str, Any]:
    (subnetwork,) = state.get("subnetworks", [{}])
    return {**{key: value for key, value in state.items() if key != "subnetworks"}, **subnetwork}
