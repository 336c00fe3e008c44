# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pods ask for and got, as Multus reads and writes it: against upstream's vectors."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multinet.gke.plugins.module_utils.cni.annotations import (
    Interface,
    Selection,
    parse_interfaces,
    parse_selection,
    parse_selections,
    render_selections,
    selection_of,
)
from ansible_collections.multinet.gke.plugins.module_utils.cni.pods import Pod, Pods

ROOT = pathlib.Path(__file__).resolve().parents[3]
VECTORS = pathlib.Path(os.environ.get("MULTINET_DATA", ROOT.parent / "shared" / "data")) / "vectors"


def vectors(name: str) -> list[Any]:
    path = VECTORS / f"{name}.json"
    if not path.is_file():
        return [pytest.param(None, id=name, marks=pytest.mark.skip(reason=f"no {name}.json: set MULTINET_DATA"))]
    return [pytest.param(vector, id=vector["id"]) for vector in json.loads(path.read_text())]


def as_upstream(selection: Selection) -> dict[str, Any]:
    """Return the element as upstream's struct has it."""
    interface = {"interface": selection.interface} if selection.interface else {}
    return {"name": selection.name, "namespace": selection.namespace, **interface, **selection.options}


@pytest.mark.parametrize("vector", vectors("network_annotation"))
def test_networks_are_read_as_multus_reads_them(vector: dict[str, Any]) -> None:
    """All outcomes agree with Multus' parser; the words of an error are ours. Where Multus panics, we refuse."""
    given_text, namespace = vector["input"]["annotation"], vector["input"]["pod_namespace"]
    if "error" in vector["expect"]:
        with pytest.raises(ValueError, match=r"\w"):
            parse_selections(given_text, namespace)
    else:
        assert [as_upstream(s) for s in parse_selections(given_text, namespace)] == vector["expect"]["parsed"]


@pytest.mark.parametrize("vector", vectors("network_status"))
def test_network_status_is_read_as_it_is_written(vector: dict[str, Any]) -> None:
    if "error" in vector["expect"]:
        text = vector["input"]["annotation"]
        pod = Pod.of(pod_object(status=text))
        assert pod.interfaces is None
        assert pod.status_error
        return
    found = parse_interfaces(vector["expect"]["annotation"])
    assert [(i.network, i.name, list(i.ips), i.mac, i.default) for i in found] == [
        (p["name"], p["interface"], p.get("ips", []), p.get("mac", "").lower(), p.get("default", False))
        for p in vector["expect"]["parsed"]
    ]


def pod_object(networks: str | None = None, status: str | None = None, **more: Any) -> dict[str, Any]:
    annotations = {"k8s.v1.cni.cncf.io/networks": networks, "k8s.v1.cni.cncf.io/network-status": status}
    return {
        "metadata": {
            "name": "samplepod",
            "namespace": "default",
            "annotations": {key: value for key, value in annotations.items() if value is not None},
        },
        "spec": {"nodeName": "node-1"},
        "status": {"phase": "Running"},
        **more,
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a/b/c", r"is not \[namespace/\]name\[@interface\]"),
        ("net1@a@b", r"is not \[namespace/\]name\[@interface\]"),
        ("Net", '"Net" is not a name for Multus'),
        ("a/net.1", '"net.1" is not a name for Multus'),
        ("net1@abcdefghijklmnop", "1 to 15 characters"),
        ("net1@a b", "without / and spaces"),
    ],
)
def test_an_item_that_multus_refuses_is_refused_with_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_selection(text, "default")


@pytest.mark.parametrize(
    ("element", "says"),
    [
        ({"name": 7}, "name must be a text"),
        ({"name": "a", "ips": ["10.0.0.300"]}, "'10.0.0.300' is not an IP address"),
        ({"name": "a", "ips": ["10.0.0.1/33"]}, "wrong prefix length"),
        ({"name": "a", "ips": ["2001:db8::1/129"]}, "wrong prefix length"),
        ({"name": "a", "default-route": ["10.0.0.1/24"]}, "wrong prefix length"),
        ({"name": "a", "mac": "02:00:00:00:00"}, "is not a MAC address"),
        ({"name": "a", "ips": "10.0.0.1"}, "ips has the wrong type"),
        ({"name": "a", "ips": [5]}, "5 is not an IP address"),
        ({"name": "a", "portMappings": [7]}, "portMappings has the wrong type"),
        ({"name": "a", "portMappings": [{"hostPort": True}]}, "hostPort must be a whole number"),
        ({"name": "a", "bandwidth": {"egressRate": 1.5}}, "egressRate must be a whole number"),
        ({"name": "a", "cni-args": {"a": float("nan")}}, "is not JSON: NaN is no number"),
    ],
)
def test_an_element_that_multus_refuses_is_refused(element: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_selections(json.dumps([element]), "default")


@pytest.mark.parametrize("mac", ["02:00:00:00:00:01", "02-00-00-00-00-01", "0200.0000.0001", "02:" * 7 + "02"])
def test_hardware_addresses_are_taken_in_every_spelling_of_go(mac: str) -> None:
    (selection,) = parse_selections(json.dumps([{"name": "a", "mac": mac}]), "default")
    assert selection.options == {"mac": mac}


def test_an_address_may_be_given_with_the_longest_prefix_length() -> None:
    ips = ["10.0.0.1/32", "2001:db8::1/128"]
    (selection,) = parse_selections(json.dumps([{"name": "a", "ips": ips}]), "default")
    assert selection.options == {"ips": ips}


LABELS = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
NAMES = LABELS | st.builds("{}.{}".format, LABELS, LABELS)
INTERFACES = st.just("") | st.text(
    st.characters(codec="ascii", exclude_categories=["C", "Z"], exclude_characters="/")
).map(lambda text: text[:15])
ADDRESSES = st.sampled_from(["10.0.0.1", "172.16.1.77", "2001:db8::1", "fe80::"])
PORTS = st.sampled_from([80, 8080, 65535])
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "mac": st.sampled_from(["02:00:00:00:00:01", "0200.0000.0001"]),
        "ips": st.lists(ADDRESSES | ADDRESSES.map("{}/24".format), max_size=3),
        "default-route": st.lists(ADDRESSES, max_size=2),
        "portMappings": st.lists(st.fixed_dictionaries({"hostPort": PORTS, "containerPort": PORTS}), max_size=2),
        "bandwidth": st.fixed_dictionaries({"ingressRate": st.integers(0, 10**9)}),
        "cni-args": st.dictionaries(st.sampled_from("ab"), st.integers() | st.text(max_size=5)),
        "deviceID": st.text(max_size=8),
    },
)
SELECTIONS = st.builds(Selection, NAMES, LABELS, INTERFACES, OPTIONS)


@given(st.lists(SELECTIONS, min_size=1, max_size=4))
def test_what_is_rendered_is_read_back(selections: list[Selection]) -> None:
    assert parse_selections(render_selections(selections), "elsewhere") == tuple(selections)


@given(SELECTIONS)
def test_what_a_user_asks_for_is_what_multus_reads(selection: Selection) -> None:
    asked = {"name": selection.name, "namespace": selection.namespace, "interface": selection.interface or None}
    assert selection_of({**asked, **selection.options}, "elsewhere") == selection


@pytest.mark.parametrize(
    ("text", "selection"),
    [
        ('[{"Name": "a", "NAMESPACE": "b", "Interface": "c"}]', Selection("a", "b", "c")),
        ('[{"name": "a", "interfaceRequest": "c"}]', Selection("a", "x", "c", {"interfaceRequest": "c"})),
        ('[{"name": "a", "unknown": 1, "ips": null}]', Selection("a", "x")),
    ],
)
def test_fields_are_read_as_go_reads_them(text: str, selection: Selection) -> None:
    assert parse_selections(text, "x") == (selection,)


def test_the_guides_form_is_rendered() -> None:
    assert render_selections([Selection("my-nad", "default")]) == "default/my-nad"
    assert render_selections([Selection("a", "x", "data0"), Selection("b", "y")]) == "x/a@data0,y/b"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (None, "has no network-status"),
        ("{}", "its network-status is not a JSON list of objects"),
        ('[{"name": "a", "ips": ["nonsense"]}]', "its network-status is not an IP address"),
    ],
)
def test_a_status_that_says_nothing_is_told_from_one_that_says_no(status: str | None, error: str) -> None:
    pod = Pod.of(pod_object(status=status))
    assert (pod.interfaces, pod.status_error) == (None, error)
    assert Pod.of(pod_object(status="[]")).interfaces == ()


def test_addresses_of_the_clusters_own_network_do_not_count() -> None:
    default = {"name": "gke-pod-network", "interface": "eth0", "ips": ["10.104.3.4"], "default": True}
    additional = {"name": "default/my-nad", "interface": "net1", "ips": ["172.16.1.1", "2001:DB8::1"]}
    pod = Pod.of(pod_object("my-nad", json.dumps([default, additional])))
    assert pod.additional_ips == {"172.16.1.1", "2001:db8::1"}
    assert pod.interfaces_on("default/my-nad") == (Interface("default/my-nad", "net1", ("172.16.1.1", "2001:db8::1")),)
    assert pod.asks_for("default/my-nad")
    assert not pod.asks_for("other/my-nad")


@pytest.mark.parametrize(
    ("status", "waiting"),
    [
        ({}, ""),
        ({"containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]}, "ContainerCreating"),
        (
            {"containerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}]},
            "ErrImagePull: not found",
        ),
        (
            {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2"}]},
            "Unschedulable",
        ),
        ({"reason": "Evicted", "message": "low on memory"}, "Evicted: low on memory"),
    ],
)
def test_why_a_pod_waits(status: dict[str, Any], waiting: str) -> None:
    assert Pod.of(pod_object(status="[]") | {"status": status}).waiting == waiting


def test_pods_that_have_ended_have_no_address() -> None:
    held = (Interface("default/my-nad", "net1", ("172.16.1.1",)),)
    pods = Pods.of([Pod("default", "a", interfaces=held), Pod("default", "b", phase="Succeeded", interfaces=held)])
    assert pods.by_ip == {"172.16.1.1": ("default/a",)}
    assert set(pods.by_ref) == {"default/a", "default/b"}
