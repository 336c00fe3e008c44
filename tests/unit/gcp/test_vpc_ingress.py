# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs that update the rule of a shared subnetwork at the same time; neither loses the other's source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from google.cloud import compute_v1

from ansible_collections.multinet.gke.plugins.module_utils.errors import ApiError, Refused
from ansible_collections.multinet.gke.plugins.module_utils.gcp.operations import Operations
from ansible_collections.multinet.gke.plugins.module_utils.gcp.references import Network
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc.ingress import IngressRule
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc.subnet_options import SecondaryRange, Subnet
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline

PRIMARY, OURS, THEIRS = "10.0.1.0/24", "172.16.1.0/24", "172.16.2.0/24"
NOT_READY = ApiError("x", 400, "resourceNotReady", "The resource 'projects/p/global/firewalls/f' is not ready")


@dataclass
class Compute:
    """Compute Engine with one rule and one subnetwork; ``events`` happen one by one before a patch."""

    sources: list[str]
    ranges: list[str]
    events: list[Callable[[Compute], None]] = field(default_factory=list)
    afterwards: list[Callable[[Compute], None]] = field(default_factory=list)  # each after a patch has taken effect
    between: list[Callable[[Compute], None]] = field(default_factory=list)  # each after the subnetwork was read
    sent: list[list[str]] = field(default_factory=list)
    project: str = "p"
    deadline: Any = None

    def progress(self, now: object) -> None:
        """Show nothing."""

    def compute(self, service: str) -> _Client:
        return _Client(service)

    def find(self, what: str, method: Callable[..., Any], request: dict[str, Any]) -> Any:
        if "firewall" in request:
            if not self.sources:
                return None
            return compute_v1.Firewall(
                name="my-subnet-allow-multinet",
                network="projects/p/global/networks/my-vpc",
                direction="INGRESS",
                disabled=False,
                allowed=[{"I_p_protocol": "all"}],
                source_ranges=self.sources,
            )
        secondary = [{"range_name": f"r{index}", "ip_cidr_range": cidr} for index, cidr in enumerate(self.ranges)]
        if self.between:
            self.between.pop(0)(self)
        return compute_v1.Subnetwork(name="my-subnet", secondary_ip_ranges=secondary)

    def write(self, what: str, method: Callable[..., Any], request: dict[str, Any]) -> Any:
        if self.events:
            self.events.pop(0)(self)
        self.sources = request["firewall_resource"]["source_ranges"]
        self.sent.append(self.sources)
        return compute_v1.Operation(name="operation-1", operation_type="patch")

    def look(self, what: str, method: Callable[..., Any], request: dict[str, Any], timeout: float) -> Any:
        if self.afterwards:
            self.afterwards.pop(0)(self)
        return compute_v1.Operation(name="operation-1", status="DONE")


@dataclass
class _Client:
    service: str

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda: None


def others_add_theirs(compute: Compute) -> None:
    """Let another run end, just as our request comes: it is refused, and their range is there."""
    compute.ranges, compute.sources = [OURS, THEIRS], [PRIMARY, THEIRS]
    raise NOT_READY


def others_overwrite_ours(compute: Compute) -> None:
    """Let another run's list take effect, made from what was there before ours."""
    compute.ranges, compute.sources = [OURS, THEIRS], [PRIMARY, THEIRS]


def rule(compute: Compute) -> IngressRule:
    subnet = Subnet(
        name="my-subnet",
        region="us-central1",
        ip_cidr_range=PRIMARY,
        description=None,
        private_google_access=None,
        secondary_ranges=(SecondaryRange("pods", OURS, absent=False),),
        purge_secondary_ranges=False,
        allow_multinet=True,
        absent=False,
    )
    return IngressRule(subnet, Network("p", "my-vpc"), compute.find("", compute.find, {"firewall": "f"}), (OURS,))


def run(compute: Compute) -> None:
    """Do what a run does with the rule: its change, then another look."""
    google: Any = compute
    operations = Operations(google, Deadline(60), sleep=lambda seconds: None)
    wanted = rule(compute)
    for change in wanted.changes(google, operations):
        change.call()
    wanted.hold(google, operations)


def test_a_request_that_was_refused_is_made_anew_from_what_is_there_then() -> None:
    compute = Compute([PRIMARY], [OURS], events=[others_add_theirs])
    run(compute)
    assert compute.sent == [[PRIMARY, OURS, THEIRS]]


def test_what_was_overwritten_is_put_back_beside_what_overwrote_it() -> None:
    compute = Compute([PRIMARY], [OURS], afterwards=[others_overwrite_ours])
    run(compute)
    assert compute.sent == [[PRIMARY, OURS], [PRIMARY, OURS, THEIRS]]
    assert set(compute.sources) == {PRIMARY, OURS, THEIRS}


def test_a_source_whose_range_came_after_the_subnetwork_was_read_is_kept() -> None:
    compute = Compute([PRIMARY], [OURS], between=[others_overwrite_ours])
    run(compute)
    assert compute.sent == [[PRIMARY, OURS, THEIRS]]


def test_a_source_that_is_no_range_of_the_subnetwork_goes() -> None:
    compute = Compute([PRIMARY, THEIRS], [OURS])
    run(compute)
    assert compute.sent == [[PRIMARY, OURS]]


def test_a_rule_that_is_as_wanted_by_then_is_not_sent() -> None:
    compute = Compute([PRIMARY], [OURS])
    wanted = rule(compute)
    compute.sources = [OURS, PRIMARY]
    google: Any = compute
    for change in wanted.changes(google, Operations(google, Deadline(60))):
        change.call()
    assert compute.sent == []


def test_a_rule_that_is_gone_by_then_is_said() -> None:
    compute = Compute([PRIMARY], [OURS])
    wanted = rule(compute)
    compute.sources = []
    google: Any = compute
    (change,) = wanted.changes(google, Operations(google, Deadline(60)))
    with pytest.raises(Refused, match="somebody has just deleted it"):
        change.call()
