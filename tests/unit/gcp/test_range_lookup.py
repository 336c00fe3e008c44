# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CIDR of a secondary range that is known by its name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.errors import InvalidOptions
from ansible_collections.multinet.gke.plugins.module_utils.gcp.vpc.range_lookup import cidr_of

SHARED = "projects/host/regions/europe-west1/subnetworks/my-subnet"


class Google:
    """Knows one subnetwork."""

    project = "test-project"

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []

    def compute(self, service: str) -> Any:
        assert service == "Subnetworks"
        return SimpleNamespace(get="get")

    def find(self, what: str, method: object, request: dict[str, str]) -> Any:
        self.asked.append(request)
        if request["subnetwork"] != "my-subnet":
            return None
        ranges = {"pods": "172.16.1.0/24", "services": "172.16.2.0/24"}
        pairs = [SimpleNamespace(range_name=name, ip_cidr_range=cidr) for name, cidr in ranges.items()]
        return SimpleNamespace(secondary_ip_ranges=pairs)


@pytest.mark.parametrize(
    ("subnetwork", "location", "where"),
    [
        ("my-subnet", "us-central1-c", ("test-project", "us-central1")),
        ("my-subnet", "us-central1", ("test-project", "us-central1")),
        (SHARED, "us-central1-c", ("host", "europe-west1")),
        (SHARED, None, ("host", "europe-west1")),
    ],
)
def test_a_range_is_looked_up_where_its_subnetwork_is(subnetwork: str, location: str | None, where: Any) -> None:
    google: Any = Google()
    assert cidr_of(google, "pods", subnetwork, location) == "172.16.1.0/24"
    assert [(asked["project"], asked["region"]) for asked in google.asked] == [where]


@pytest.mark.parametrize(
    ("name", "subnetwork", "location", "path", "says"),
    [
        ("pods", "my-subnet", None, "region", "is needed to find subnetwork my-subnet"),
        ("pods", "My_Subnet", "us-central1", "subnetwork", "is neither a subnetwork's name nor "),
        ("pods", "other", "us-central1", "subnetwork", "there is none in region us-central1 of test-project"),
        ("x", "my-subnet", "us-central1", "secondary_range", "of subnetwork my-subnet; it has pods, services"),
    ],
)
def test_what_cannot_be_found_is_refused(
    name: str, subnetwork: str, location: str | None, path: str, says: str
) -> None:
    google: Any = Google()
    with pytest.raises(InvalidOptions) as failure:
        cidr_of(google, name, subnetwork, location)
    (problem,) = failure.value.problems
    assert problem.path == path
    assert says in problem.message
