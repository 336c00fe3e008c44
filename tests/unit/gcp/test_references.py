# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks and subnetworks in every spelling that Google gives and takes."""

from __future__ import annotations

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.errors import Problems
from ansible_collections.multinet.gke.plugins.module_utils.gcp.references import (
    Network,
    Place,
    Subnetwork,
    check_network,
    check_subnetwork,
)

PLACE = Place("p", "us-central1")
NETWORK_PATH = "projects/p/global/networks/n"
SUBNETWORK_PATH = "projects/p/regions/us-central1/subnetworks/s"


@pytest.mark.parametrize(
    "text",
    [
        "n",
        NETWORK_PATH,
        f"https://www.googleapis.com/compute/v1/{NETWORK_PATH}",
        f"http://127.0.0.1:8080/compute/v1/{NETWORK_PATH}",
    ],
)
def test_every_spelling_of_a_network_is_the_same_one(text: str) -> None:
    network = PLACE.network(text)
    assert network == Network("p", "n")
    assert network.path == NETWORK_PATH
    assert PLACE.spell(network) == "n"


@pytest.mark.parametrize("text", ["s", SUBNETWORK_PATH, f"https://www.googleapis.com/compute/v1/{SUBNETWORK_PATH}"])
def test_every_spelling_of_a_subnetwork_is_the_same_one(text: str) -> None:
    subnetwork = PLACE.subnetwork(text)
    assert subnetwork == Subnetwork("p", "us-central1", "s")
    assert subnetwork.path == SUBNETWORK_PATH
    assert PLACE.spell(subnetwork) == "s"


def test_what_is_in_another_project_keeps_its_path() -> None:
    assert PLACE.network("projects/host/global/networks/n") != PLACE.network("n")
    assert PLACE.spell(PLACE.network("projects/host/global/networks/n")) == "projects/host/global/networks/n"


@pytest.mark.parametrize("text", ["My-net", "projects/p/networks/n", "global/networks/n", "a/b", ""])
def test_what_names_no_network_is_a_problem(text: str) -> None:
    problems = Problems()
    check_network(problems, "network", text)
    assert [problem.path for problem in problems] == ["network"]


@pytest.mark.parametrize("text", ["a_b", NETWORK_PATH, "projects/p/zones/z/subnetworks/s"])
def test_what_names_no_subnetwork_is_a_problem(text: str) -> None:
    problems = Problems()
    check_subnetwork(problems, "subnetwork", text)
    assert [problem.path for problem in problems] == ["subnetwork"]


@pytest.mark.parametrize("text", [None, "n", NETWORK_PATH])
def test_what_names_a_network_is_none(text: str | None) -> None:
    problems = Problems()
    check_network(problems, "network", text)
    assert not problems
