# SPDX-License-Identifier: Apache-2.0
"""What Compute adds to networks, subnetworks and firewall rules, and the network that a new project starts with.

Recorded read-backs: networks 17, subnetworks 14 samples.
"""

from __future__ import annotations

import time

from gkelab.cloud.errors import Json
from gkelab.cloud.geography import REGIONS, auto_mode_range
from gkelab.cloud.identity import compute_time, digest, fingerprint, numeric_id
from gkelab.cloud.references import LINK_BASE, NetworkRef, SubnetworkRef
from gkelab.cloud.state import Resource, State
from gkelab.engine import gateway

# What a request may carry but only the server decides.
OUTPUT_ONLY = {"kind", "id", "creationTimestamp", "selfLink", "selfLinkWithId", "subnetworks", "peerings"}
_EVERY_PORT = ["0-65535"]


def network_body(state: State, ref: NetworkRef, asked: Json) -> Json:
    """Return the body of a new network."""
    identity = numeric_id(state)
    body = {key: value for key, value in asked.items() if key not in OUTPUT_ONLY}
    if not body.get("enableUlaInternalIpv6"):
        body.pop("enableUlaInternalIpv6", None)
    elif "internalIpv6Range" not in body:
        body["internalIpv6Range"] = ula_range(identity)
    if "networkProfile" in body:
        body["networkProfile"] = LINK_BASE + "projects/" + body["networkProfile"].partition("projects/")[2]
    body["routingConfig"] = {
        "routingMode": "REGIONAL",
        "bgpBestPathSelectionMode": "LEGACY",
        **asked.get("routingConfig", {}),
    }
    return {
        "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL",
        **body,
        "kind": "compute#network",
        "id": identity,
        "creationTimestamp": compute_time(time.time()),
        "selfLink": ref.link,
        "selfLinkWithId": f"{LINK_BASE}projects/{ref.project}/global/networks/{identity}",
    }


def ula_range(identity: str) -> str:
    """Return the internal IPv6 range of a network."""
    text = digest("ula", identity)
    return f"fd20:{text[:3]}:{text[3:6]}:0:0:0:0:0/48"


def subnetwork_body(state: State, ref: SubnetworkRef, network: NetworkRef, asked: Json) -> Json:
    """Return the body of a new subnetwork."""
    body = {key: value for key, value in asked.items() if key not in OUTPUT_ONLY | {"fingerprint", "gatewayAddress"}}
    flow_logs = bool(asked.get("enableFlowLogs") or asked.get("logConfig", {}).get("enable"))
    body = {
        "privateIpGoogleAccess": False,
        "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS",
        "purpose": "PRIVATE",
        "allowSubnetCidrRoutesOverlap": False,
        **body,
        "enableFlowLogs": flow_logs,
        "logConfig": log_config(asked.get("logConfig", {}), flow_logs),
        "kind": "compute#subnetwork",
        "id": numeric_id(state),
        "creationTimestamp": compute_time(time.time()),
        "network": network.link,
        "region": f"{LINK_BASE}projects/{ref.project}/regions/{ref.region}",
        "selfLink": ref.link,
        "gatewayAddress": str(gateway(asked["ipCidrRange"])),
    }
    if body["purpose"] == "PRIVATE":
        body = {"stackType": "IPV4_ONLY", **body}  # recorded: not of a subnetwork for Private NAT
    return body | {"fingerprint": fingerprint(body)}


def log_config(asked: Json, enabled: bool) -> Json:
    """Return a subnetwork's logConfig; the defaults of an enabled one are documented with the field."""
    if not enabled:
        return {"enable": False}
    defaults = {
        "aggregationInterval": "INTERVAL_5_SEC",
        "flowSampling": 0.5,
        "metadata": "INCLUDE_ALL_METADATA",
    }
    return {**defaults, **asked, "enable": True}


def firewall_body(state: State, name: str, network: NetworkRef, project: str, asked: Json) -> Json:
    """Return the body of a new firewall rule."""
    body = {key: value for key, value in asked.items() if key not in OUTPUT_ONLY}
    sources = ("sourceRanges", "sourceTags", "sourceServiceAccounts")
    if body.get("direction", "INGRESS") == "INGRESS" and not any(body.get(key) for key in sources):
        body["sourceRanges"] = ["0.0.0.0/0"]
    return {
        "description": "",
        "direction": "INGRESS",
        "priority": 1000,
        "disabled": False,
        "logConfig": {"enable": False},
        **body,
        "name": name,
        "network": network.link,
        "kind": "compute#firewall",
        "id": numeric_id(state),
        "creationTimestamp": compute_time(time.time()),
        "selfLink": f"{LINK_BASE}projects/{project}/global/firewalls/{name}",
    }


def add_auto_subnetworks(state: State, network: NetworkRef) -> None:
    """Give an auto mode network its subnetwork in each region; they bear the network's name."""
    project = state.projects[network.project]
    for region in REGIONS:
        ref = SubnetworkRef(network.project, region, network.name)
        asked = {"name": network.name, "ipCidrRange": auto_mode_range(region)}
        project.subnetworks[f"{region}/{network.name}"] = Resource(subnetwork_body(state, ref, network, asked))


def add_default_network(state: State, project_id: str) -> None:
    """Give a new project its auto mode network and the four rules that come with it."""
    project = state.projects[project_id]
    network = NetworkRef(project_id, "default")
    asked = {"name": "default", "description": "Default network for the project", "autoCreateSubnetworks": True}
    project.networks["default"] = Resource(network_body(state, network, asked))
    add_auto_subnetworks(state, network)
    inside = "Allow internal traffic on the default network"
    rules: dict[str, Json] = {
        "default-allow-icmp": {"description": "Allow ICMP from anywhere", "allowed": [{"IPProtocol": "icmp"}]},
        "default-allow-internal": {
            "description": inside,
            "sourceRanges": ["10.128.0.0/9"],
            "allowed": [
                {"IPProtocol": "tcp", "ports": _EVERY_PORT},
                {"IPProtocol": "udp", "ports": _EVERY_PORT},
                {"IPProtocol": "icmp"},
            ],
        },
        "default-allow-rdp": {
            "description": "Allow RDP from anywhere",
            "allowed": [{"IPProtocol": "tcp", "ports": ["3389"]}],
        },
        "default-allow-ssh": {
            "description": "Allow SSH from anywhere",
            "allowed": [{"IPProtocol": "tcp", "ports": ["22"]}],
        },
    }
    for name, rule in rules.items():
        rule.setdefault("sourceRanges", ["0.0.0.0/0"])
        project.firewalls[name] = Resource(firewall_body(state, name, network, project_id, {"priority": 65534, **rule}))
