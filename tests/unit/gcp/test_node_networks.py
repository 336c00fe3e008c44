# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the network of a cluster's nodes lets packets in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud import compute_v1

from ansible_collections.multinet.gke.plugins.module_utils.gcp.nodepool.node_networks import NodeNetworks

RULE = {"name": "open", "direction": "INGRESS", "allowed": [{"I_p_protocol": "all"}]}


def networks(*rules: dict[str, Any]) -> NodeNetworks:
    """Return the networks of nodes in a project with these firewall rules."""
    found = {rule["name"]: compute_v1.Firewall(rule) for rule in rules}
    google: Any = SimpleNamespace(
        project="p",
        compute=lambda _service: SimpleNamespace(get=None),
        find=lambda _what, _method, request: found.get(request["firewall"]),
    )
    return NodeNetworks(lambda: google, "us-central1-c", "edge")


@pytest.mark.parametrize(
    ("change", "lets_in"),
    [
        ({}, True),
        ({"disabled": True}, False),
        ({"direction": "EGRESS"}, False),
        ({"allowed": [], "denied": [{"I_p_protocol": "all"}]}, False),
    ],
)
def test_a_rule_counts_if_it_lets_something_in(change: dict[str, Any], lets_in: bool) -> None:
    assert networks({**RULE, **change}).has_rule("open") is lets_in


def test_a_rule_that_is_not_there_lets_nothing_in() -> None:
    assert not networks(RULE).has_rule("other")
