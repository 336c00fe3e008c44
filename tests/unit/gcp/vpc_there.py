# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network as Compute Engine has it, and what gke_multinet_vpc plans for it; nothing is sent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from google.cloud import compute_v1

from ansible_collections.multinet.gke.plugins.module_utils.gcp.operations import Operations
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc import Desired, Observed, Vpc
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Plan
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline
from ansible_collections.multinet.gke.plugins.modules.gke_multinet_vpc import SPEC

LINKS = "https://www.googleapis.com/compute/v1/projects/p"
PODS = {"name": "pods", "ip_cidr_range": "172.16.1.0/24"}
PODS2 = {"name": "pods2", "ip_cidr_range": "172.16.2.0/24"}
SUBNET: dict[str, Any] = {
    "name": "my-subnet",
    "region": "us-central1",
    "ip_cidr_range": "10.0.1.0/24",
    "secondary_ranges": [PODS],
}
RULE = "firewall rule my-subnet-allow-multinet (ingress from 10.0.1.0/24, 172.16.1.0/24)"


def desired(**options: Any) -> Desired:
    options = {"name": "my-vpc", "subnetworks": [SUBNET], **options}
    checked = ArgumentSpecValidator(SPEC["argument_spec"]).validate(options)
    assert not checked.error_messages
    return Desired.from_params(checked.validated_parameters)


def network(**fields: Any) -> compute_v1.Network:
    return compute_v1.Network(
        {
            "name": "my-vpc",
            "auto_create_subnetworks": False,
            "routing_config": {"routing_mode": "REGIONAL"},
            "subnetworks": [f"{LINKS}/regions/us-central1/subnetworks/my-subnet"],
            **fields,
        }
    )


def subnetwork(**fields: Any) -> compute_v1.Subnetwork:
    return compute_v1.Subnetwork(
        {
            "name": "my-subnet",
            "ip_cidr_range": "10.0.1.0/24",
            "network": f"{LINKS}/global/networks/my-vpc",
            "private_ip_google_access": False,
            "secondary_ip_ranges": [{"range_name": "pods", "ip_cidr_range": "172.16.1.0/24"}],
            **fields,
        }
    )


def rule(**fields: Any) -> compute_v1.Firewall:
    return compute_v1.Firewall(
        {
            "name": "my-subnet-allow-multinet",
            "network": f"{LINKS}/global/networks/my-vpc",
            "direction": "INGRESS",
            "priority": 1000,
            "source_ranges": ["172.16.1.0/24", "10.0.1.0/24"],
            "allowed": [{"I_p_protocol": "all"}],
            "disabled": False,
            **fields,
        }
    )


SHARED = subnetwork(
    secondary_ip_ranges=[
        {"range_name": "pods", "ip_cidr_range": "172.16.1.0/24"},
        {"range_name": "other-cluster", "ip_cidr_range": "172.16.2.0/24"},
    ]
)
EVERYBODY = ["10.0.1.0/24", "172.16.1.0/24", "172.16.2.0/24"]


def plan(wanted: Desired, found: Observed) -> Plan:
    google: Any = SimpleNamespace(project="p")
    return Vpc(wanted, google, Operations(google, Deadline(1))).plan(found)


def titles(planned: Plan) -> list[str]:
    return [change.title for change in planned.changes]


KEY = ("us-central1", "my-subnet")


def observed(
    found: compute_v1.Network | None = None,
    subnet: compute_v1.Subnetwork | None = None,
    firewall: compute_v1.Firewall | None = None,
    **more: Any,
) -> Observed:
    """Return what is there of the network, its subnetwork, and the rule of that."""
    subnets = {KEY: subnet} if subnet is not None else {}
    return Observed(found, subnets, {firewall.name: firewall} if firewall is not None else {}, **more)


NOTHING = observed()
ALL = observed(network(), subnetwork(), rule())
