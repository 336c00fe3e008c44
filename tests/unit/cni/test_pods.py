# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pods ask for, as their annotations have it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.cni.annotations import (
    DEFAULT_NETWORK,
    NETWORKS,
    Interface,
    Selection,
)
from ansible_collections.multinet.gke.plugins.module_utils.cni.pods import Pod, asked_for


def metadata(**annotations: str) -> dict[str, Any]:
    names = {"networks": NETWORKS, "default": DEFAULT_NETWORK}
    return {"name": "p", "namespace": "team", "annotations": {names[key]: text for key, text in annotations.items()}}


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({}, set()),
        ({"networks": "a, other/b"}, {"team/a", "other/b"}),
        ({"default": "c"}, {"kube-system/c"}),
        ({"networks": "a", "default": "default/c"}, {"team/a", "default/c"}),
        ({"networks": "a", "default": "{"}, {"team/a"}),
        ({"networks": "{", "default": "default/c"}, {"default/c"}),
    ],
)
def test_what_cannot_be_read_hides_nothing_that_can(annotations: dict[str, str], expected: set[str]) -> None:
    assert asked_for(metadata(**annotations)) == expected


def test_without_annotations_nothing_is_asked_for() -> None:
    assert asked_for({"name": "p", "namespace": "team"}) == set()
    assert asked_for({"name": "p", "namespace": "team", "annotations": None}) == set()


def test_an_annotation_that_multus_refuses_is_said_of_the_pod() -> None:
    pod = Pod.of({"metadata": metadata(networks="[{"), "spec": {}, "status": {}})
    assert pod.selections == ()
    assert pod.selections_error


OWN, ADDITIONAL = Interface("gke-pod-network", "eth0", default=True), Interface("team/a", "net1")


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ({"interfaces": (OWN,)}, True),
        ({"interfaces": ()}, True),
        ({"interfaces": None}, False),
        ({"interfaces": (OWN, ADDITIONAL)}, False),
        ({"interfaces": (OWN,), "selections": (Selection("a", "team"),)}, False),
        ({"interfaces": (OWN,), "selections_error": "is no JSON"}, False),
    ],
)
def test_a_pod_is_plain_that_asks_for_no_additional_network_and_got_none(said: dict[str, Any], plain: bool) -> None:
    assert Pod("team", "p", **said).is_plain is plain
