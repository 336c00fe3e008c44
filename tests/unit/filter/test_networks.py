# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters for pods' annotations and for ranges."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.multinet.gke.plugins.filter.network_status import network_status
from ansible_collections.multinet.gke.plugins.filter.networks_annotation import networks_annotation
from ansible_collections.multinet.gke.plugins.filter.range_capacity import range_capacity
from ansible_collections.multinet.gke.plugins.module_utils.cni.annotations import conflicts, parse_selections
from ansible_collections.multinet.gke.plugins.module_utils.verify.checks.addresses import google_mac

ROOT = pathlib.Path(__file__).resolve().parents[3]
VECTORS = pathlib.Path(os.environ.get("MULTINET_DATA", ROOT.parent / "shared" / "data")) / "vectors"


def vectors(name: str) -> list[Any]:
    path = VECTORS / f"{name}.json"
    if not path.is_file():
        return [pytest.param(None, id=name, marks=pytest.mark.skip(reason=f"no {name}.json: set MULTINET_DATA"))]
    return [pytest.param(vector, id=vector["id"]) for vector in json.loads(path.read_text())]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (["my-nad"], "default/my-nad"),
        (["my-nad", "apps/other@data0"], "default/my-nad,apps/other@data0"),
        ([{"name": "my-nad", "namespace": None, "interface": "data0"}], "default/my-nad@data0"),
        ({"name": "my.nad"}, '[{"name": "my.nad", "namespace": "default"}]'),
        (
            [{"name": "a", "ips": ["10.0.0.5/24"], "default-route": ["10.0.0.1"]}],
            '[{"name": "a", "namespace": "default", "ips": ["10.0.0.5/24"], "default-route": ["10.0.0.1"]}]',
        ),
        ([{"name": "a", "interface": "x@y"}], '[{"name": "a", "namespace": "default", "interface": "x@y"}]'),
        (" a , b@c ", "default/a,default/b@c"),
        ('[{"name": "a"}]', "default/a"),
        ([], ""),
    ],
)
def test_attachments_become_an_annotation(given: Any, text: str) -> None:
    assert networks_annotation(given) == text


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["my_nad"], r"\[0\]: 'my_nad': \"my_nad\" is not a name for Multus"),
        (["a", {"nme": "a"}], r"\[1\]: .* has nme, which is none of name, namespace, interface, ips"),
        ([{"name": "a", "interface": "a b"}], "is not an interface name"),
        ([{"name": "A"}], '"A" is not the name of an attachment'),
        ([{"name": "a", "namespace": "x.y"}], '"x.y" is not the name of a namespace'),
        ([{"namespace": "x"}], "has no name of an attachment"),
        ([{"name": "a", "ips": ["x"]}], "'x' is not an IP address"),
        ([{"name": "a", "portMappings": [{"hostPort": "80"}]}], "hostPort must be a whole number"),
        (["a@net2", "b"], "several attachments ask for interface net2"),
        (["a@eth0"], "interface eth0 is that of the cluster's own network"),
        (
            [{"name": "a", "default-route": ["10.0.0.1"]}, {"name": "b", "default-route": ["10.1.0.1"]}],
            "several attachments ask for default-route, and Multus supports one",
        ),
        ("", "the annotation is empty"),
        (7, "takes a list of attachments, not 7"),
    ],
)
def test_what_multus_refuses_is_refused(given: Any, says: str) -> None:
    with pytest.raises(AnsibleFilterError, match=says):
        networks_annotation(given)


@pytest.mark.parametrize("vector", vectors("network_annotation"))
def test_an_annotation_that_multus_takes_is_kept_in_meaning(vector: dict[str, Any]) -> None:
    """What it takes and cannot use (an empty name) or what would take an interface twice is refused all the same."""
    text, namespace = vector["input"]["annotation"], vector["input"]["pod_namespace"]
    if "error" in vector["expect"]:
        with pytest.raises(AnsibleFilterError):
            networks_annotation(text, namespace)
        return
    parsed = parse_selections(text, namespace)
    if list(conflicts(parsed)):
        with pytest.raises(AnsibleFilterError, match="several attachments ask for"):
            networks_annotation(text, namespace)
    else:
        assert parse_selections(networks_annotation(text, namespace) or "[]", "x") == parsed


NET1 = {"name": "default/my-nad", "interface": "net1", "ips": ["172.16.1.1"], "mac": "42:01:0A:00:00:01", "dns": {}}


def test_a_status_is_read_with_all_its_fields() -> None:
    (found,) = network_status(json.dumps([NET1]))
    assert found == {**NET1, "mac": "42:01:0a:00:00:01", "default": False}
    pod = {"metadata": {"annotations": {"k8s.v1.cni.cncf.io/network-status": '[{"name": "a"}]'}}}
    assert network_status(pod) == [{"name": "a", "interface": "", "ips": [], "mac": "", "default": False}]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"metadata": {"name": "p", "namespace": "default"}}, "pod default/p has no network-status"),
        ("this-wont-fly", "the annotation is not JSON"),
        ("{}", "the annotation is not a JSON list of objects"),
        (None, "takes a pod or the text of its annotation, not None"),
    ],
)
def test_a_status_that_says_nothing_is_an_error(given: Any, says: str) -> None:
    with pytest.raises(AnsibleFilterError, match=says):
        network_status(given)


@pytest.mark.parametrize("vector", vectors("network_status"))
def test_a_status_of_upstreams_writer_is_read(vector: dict[str, Any]) -> None:
    if "error" in vector["expect"]:
        with pytest.raises(AnsibleFilterError):
            network_status(vector["input"]["annotation"])
        return
    found = network_status(vector["expect"]["annotation"])
    for entry, parsed in zip(found, vector["expect"]["parsed"], strict=True):
        filled = {"ips": [], "mac": "", "default": False, **parsed}
        assert {key: entry.get(key) for key in parsed} | {"mac": entry["mac"]} == (
            {key: filled[key] for key in parsed} | {"mac": filled["mac"].lower()}
        )


@pytest.mark.parametrize("vector", vectors("gke_arithmetic"))
def test_arithmetic_is_that_of_gke(vector: dict[str, Any]) -> None:
    given, expect = vector["input"], vector["expect"]
    if "nic_primary_ip" in given:
        assert google_mac(given["nic_primary_ip"]) == expect["nic_mac"]
    else:
        assert range_capacity(given["secondary_range"], given["max_pods_per_node"]) == expect


@pytest.mark.parametrize(
    ("cidr", "pods", "says"),
    [
        ("pods", 8, "range: 'pods': is not a CIDR"),
        ("172.16.1.0/24", 4, "max_pods_per_node: 4: "),
        ("172.16.1.5/24", 8, "has host bits set"),
        ("fd00::/64", 8, "must be an IPv4 range"),
        ("172.16.1.0/24", "many", "invalid literal"),
    ],
)
def test_a_capacity_of_nothing_is_an_error(cidr: str, pods: Any, says: str) -> None:
    with pytest.raises(AnsibleFilterError, match=says):
        range_capacity(cidr, pods)


def test_a_range_smaller_than_a_block_has_no_room() -> None:
    assert range_capacity("172.16.1.0/28", 110)["max_nodes"] == 0
