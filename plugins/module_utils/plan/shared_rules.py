# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several clusters say of one VPC or subnetwork: it must be the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .. import gke_rules
from ..errors import Problems
from ..gcp.references import Network as NetworkReference
from ..gcp.references import Subnetwork as SubnetworkReference
from .description import Description, Network
from .schema import SUBNETWORK_KEYS, VPC


@dataclass
class Said:
    """What was said first of a thing, by key of the description, and where."""

    by_key: dict[str, tuple[str, object]] = field(default_factory=dict)

    def add(self, problems: Problems, path: str, values: Mapping[str, object], what: str) -> None:
        """Note values that differ from what was said before; what is left out says nothing."""
        for key, value in values.items():
            if value is None:
                continue
            where, said = self.by_key.setdefault(key, (f"{path}.{key}", value))
            if value != said:
                problems.add(f"{path}.{key}", value, f"differs from {where} ({said}), which describes the same {what}")


def check(problems: Problems, descriptions: Sequence[Description]) -> None:
    """Note VPCs and subnetworks that two descriptions have differently, and subnetworks with too many ranges."""
    vpcs: dict[NetworkReference, Said] = {}
    subnetworks: dict[SubnetworkReference, Said] = {}
    vpc_of: dict[SubnetworkReference, str] = {}
    rule_of: dict[tuple[str, str], SubnetworkReference] = {}
    for description, network in _networks(descriptions):
        vpc = {key: network.vpc_options[key] for key in VPC}
        vpcs.setdefault(network.key, Said()).add(problems, network.path, vpc, "VPC")
        reference = subnetwork_of(description, network)
        owner = vpc_of.setdefault(reference, network.vpc)
        if owner != network.vpc:
            problems.add(f"{network.path}.subnetwork", network.subnetwork, f"is a subnetwork of VPC {owner}, too")
            continue
        if network.allow_multinet:
            _check_rule(problems, network, reference, rule_of)
        subnetwork = {key: network.subnetwork_options[name] for key, name in SUBNETWORK_KEYS.items()}
        said = subnetworks.setdefault(reference, Said())
        said.add(problems, network.path, {"node_range": network.node_range, **subnetwork}, "subnetwork")
    _check_number_of_ranges(problems, descriptions)
    _check_ranges_of_clusters(problems, descriptions)


def _check_rule(
    problems: Problems,
    network: Network,
    reference: SubnetworkReference,
    rule_of: dict[tuple[str, str], SubnetworkReference],
) -> None:
    """A firewall rule has no region: subnetworks of one name in two regions would rewrite each other's."""
    rule = gke_rules.ingress_rule_name(network.subnetwork)
    owner = rule_of.setdefault((network.project, rule), reference)
    if owner != reference:
        problems.add(
            f"{network.path}.subnetwork",
            network.subnetwork,
            f"needs the firewall rule {rule}, as the one in {owner.region} does; rename one, or set "
            "allow_multinet=false",
        )


def subnetwork_of(description: Description, network: Network) -> SubnetworkReference:
    """Return what tells two subnetworks apart."""
    return SubnetworkReference(network.project, description.region, network.subnetwork)


def _check_number_of_ranges(problems: Problems, descriptions: Sequence[Description]) -> None:
    """The secondary ranges of a subnetwork are counted over all clusters that have some in it."""
    most = gke_rules.MAX_SECONDARY_RANGES
    names: dict[SubnetworkReference, set[str]] = {}
    for description, network in _networks(descriptions):
        here = names.setdefault(subnetwork_of(description, network), set())
        before = len(here)
        here |= {pod_range.name for pod_range in network.pod_ranges}
        if before <= most < len(here):
            others = f", {before} of them for other clusters" if before else ""
            problems.add(
                f"{network.path}.pod_ranges", len(here), f"a subnetwork has at most {most} secondary ranges{others}"
            )


def _check_ranges_of_clusters(problems: Problems, descriptions: Sequence[Description]) -> None:
    """What one cluster's attachments hand out, cannot be the range of another cluster's own pods or services."""
    handed_out = {
        (subnetwork_of(description, network), pod_range.name): pod_range.path
        for description, network in _networks(descriptions)
        for pod_range in network.pod_ranges
    }
    for description in descriptions:
        own = description.place.subnetwork(description.cluster["subnetwork"] or "")
        for key in ("pods_range", "services_range"):
            name = description.cluster[key]
            if (own, name) in handed_out:
                problems.add(
                    f"{description.host}: multinet_cluster.{key}",
                    name,
                    f"is {handed_out[own, name]}, of which an attachment hands out addresses; take another range",
                )


def _networks(descriptions: Sequence[Description]) -> Iterator[tuple[Description, Network]]:
    return ((description, network) for description in descriptions for network in description.networks)
