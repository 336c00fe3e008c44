# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attachments on a real API server: made, adopted, changed, refused, and looked at."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cluster import Cluster

pytestmark = pytest.mark.control_plane

GUIDE = (
    '{ "cniVersion": "0.3.1", "plugins": [ { "type": "ipvlan", "master": "eth1", "mode": "l2", '
    '"ipam": { "type": "whereabouts", "range": "172.16.1.0/24" } } ] }'
)
KIND = "network-attachment-definitions"


def applied(plane: Cluster, name: str, config: Any) -> None:
    """Let kubectl make an attachment."""
    plane.apply(
        {
            "apiVersion": "k8s.cni.cncf.io/v1",
            "kind": "NetworkAttachmentDefinition",
            "metadata": {"name": name, "namespace": plane.namespace},
            "spec": {"config": config if isinstance(config, str) else json.dumps(config)},
        }
    )


def pod(plane: Cluster, name: str, networks: str) -> None:
    """Let kubectl make a pod that asks for networks; nothing runs it."""
    plane.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": plane.namespace,
                "annotations": {"k8s.v1.cni.cncf.io/networks": networks},
            },
            "spec": {"containers": [{"name": "main", "image": "nginx"}], "terminationGracePeriodSeconds": 0},
        }
    )


def written(plane: Cluster, name: str) -> Any:
    """Return the configuration that the API has."""
    return json.loads(plane.get(KIND, name, "-n", plane.namespace)["spec"]["config"])


def warnings(result: dict[str, Any]) -> list[str]:
    """Return the texts of a result's warnings."""
    return [str(each) for each in result.get("warnings", ())]


def ipvlan(range_text: str, **ipam: Any) -> dict[str, Any]:
    return {"type": "ipvlan", "master": "eth1", "ipam": {"type": "whereabouts", "range": range_text, **ipam}}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"range": "10.91.0.0/24"}, id="guide"),
        pytest.param(
            {
                "master": "eth2",
                "mode": "l3s",
                "mtu": 1400,
                "cni_version": "1.0.0",
                "cni_name": "dp",
                "capabilities": {"ips": True},
                "chain": [{"type": "sbr"}],
                "resource_name": "gke.io/nic",
                "labels": {"team": "a"},
                "annotations": {"note": True},
                "ipam": {
                    "ranges": [{"range": "10.92.0.0/24", "exclude": ["10.92.0.7"]}, {"range": "fd92::/64"}],
                    "gateway": "10.92.0.1",
                    "routes": [{"dst": "10.0.0.0/8"}],
                    "addresses": [{"address": "10.93.0.5/32"}],
                },
            },
            id="everything",
        ),
        pytest.param(
            {"range": "10.94.0.0/24", "ipam": {"network_name": "blue", "leader_lease_duration": 3000}},
            id="a pool and a lease of its own",
            marks=pytest.mark.shows("E13"),
        ),
        pytest.param(
            {"ipam": {"ranges": [{"range": "10.95.0.0/24", "range_start": "10.95.0.9", "range_end": "10.95.0.9"}]}},
            id="one address for one workload",
            marks=pytest.mark.shows("E10"),
        ),
        pytest.param({"ipam": {"type": "static", "addresses": [{"address": "10.96.0.5/24"}]}}, id="static"),
        pytest.param({"config": {"type": "bridge", "bridge": "br0"}}, id="raw"),
    ],
)
def test_made_then_unchanged(plane: Cluster, options: dict[str, Any]) -> None:
    options = {"namespace": plane.namespace, "name": "mine", **options}
    made = plane.converge("nad", **options)
    assert written(plane, "mine") == made["config"] == made["nad"]["config"]
    assert made["annotation"] == f"{plane.namespace}/mine"
    plane.unchanged("nad", **options, state="present")
    rendered = plane.module("nad", **options, state="rendered")
    assert json.loads(rendered["manifest"][0]["spec"]["config"]) == made["config"]
    plane.converge("nad", name="mine", namespace=plane.namespace, state="absent")


@pytest.mark.shows("D1")
def test_a_secondary_range_is_found_by_its_name(plane: Cluster) -> None:
    place = {"namespace": plane.namespace, "name": "by-name"}
    made = plane.converge("nad", **place, secondary_range="pods", subnetwork="my-subnet")
    assert [pool["range"] for pool in made["pools"]] == ["172.16.1.0/24"]
    plane.unchanged("nad", **place, range="172.16.1.0/24")
    path = "projects/test-project/regions/us-central1/subnetworks/my-subnet"
    plane.unchanged("nad", **place, secondary_range="pods", subnetwork=path)
    known = [{"name": "pods", "ip_cidr_range": "172.16.1.0/24", "size": 256}]
    plane.unchanged("nad", **place, secondary_range="pods", secondary_ranges=known)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            {"secondary_range": "svc", "subnetwork": "my-subnet"},
            "is no secondary range of subnetwork my-subnet; it has pods",
        ),
        ({"secondary_range": "pods", "subnetwork": "none"}, "there is none in region us-central1 of test-project"),
        (
            {"secondary_range": "pods", "subnetwork": "my-subnet", "gateway": "10.0.0.1"},
            'gateway "10.0.0.1" is outside every range',
        ),
        (
            {"range": "SECONDARY_RANGE_NAME"},
            'range "SECONDARY_RANGE_NAME" is not a CIDR (a.b.c.d/n) or start-end/prefix; '
            "to use a named secondary range set secondary_range",
        ),
    ],
)
@pytest.mark.shows("D1")
def test_a_name_that_is_no_range_is_refused(plane: Cluster, options: dict[str, Any], says: str) -> None:
    assert says in plane.refused("nad", namespace=plane.namespace, name="mine", **options)


@pytest.mark.shows("D2")
def test_the_guides_attachment_is_adopted_and_one_of_ours_has_a_name(plane: Cluster) -> None:
    applied(plane, "my-nad", GUIDE)
    place = {"namespace": plane.namespace, "name": "my-nad"}
    plane.unchanged("nad", **place, range="172.16.1.0/24")
    plane.converge("nad", **place, range="172.16.1.0/24", mtu=1400)
    assert written(plane, "my-nad")["name"] == "my-nad"


@pytest.mark.shows("E7")
def test_all_typing_errors_are_said_at_once_and_nobody_is_asked(plane: Cluster) -> None:
    options: dict[str, Any] = {
        "name": "my.nad",
        "config": {**ipvlan("172.16.1.0", rangeStart="172.16.1.9", gateway="x"), "mode": "bridge", "Mtu": 9},
    }
    with plane.asked() as asked:
        message = plane.refused("nad", namespace=plane.namespace, **options)
    assert asked.requests == []
    assert message.splitlines()[0] == "6 problems in the options, nothing was changed:"
    for text in (
        'name "my.nad" cannot be used in the comma form of k8s.v1.cni.cncf.io/networks',
        "value of mode must be one of: l2, l3, l3s",
        'unknown ipvlan key "Mtu" (did you mean "mtu"?)',
        'unknown ipam key "rangeStart" (did you mean "range_start"?)',
        'range "172.16.1.0" has no prefix length',
        'gateway "x" is not an IP address',
    ):
        assert text in message


@pytest.mark.shows("E18")
def test_node_slices_that_cannot_work_are_refused(plane: Cluster) -> None:
    options = {"namespace": plane.namespace, "name": "sliced", "range": "10.97.0.0/24"}
    slices = {"ipam": {"node_slice_size": "/28"}}
    assert "node_slice_size needs whereabouts >= 0.8.0" in plane.refused("nad", **options, **slices)
    newer = {"whereabouts_version": "0.9.4"}
    wide = {"ipam": {"node_slice_size": "/22"}}
    assert "/22 is wider than range /24" in plane.refused("nad", **options, **wide, **newer)
    assert plane.converge("nad", **options, **slices, **newer)["pools"] == []


def test_what_pods_use_is_not_deleted_and_not_changed_in_silence(plane: Cluster) -> None:
    place = {"namespace": plane.namespace, "name": "used"}
    plane.converge("nad", **place, range="10.98.0.0/24")
    pod(plane, "by-name", "used@data0")
    pod(plane, "by-json", json.dumps([{"name": "used", "namespace": plane.namespace}]))
    pod(plane, "other", "default/used")
    users = [f"{plane.namespace}/by-json", f"{plane.namespace}/by-name"]
    assert f"is used by {', '.join(users)}: delete these pods first" in plane.refused("nad", **place, state="absent")
    changed = plane.converge("nad", **place, range="10.98.0.0/24", mtu=1400)
    assert changed["in_use_by"] == users
    (warning,) = [text for text in warnings(changed) if "is used by" in text]
    assert "they keep the configuration that they started with" in warning
    gone = plane.converge("nad", **place, state="absent", delete_policy="force")
    assert gone["in_use_by"] == users


def test_overlaps_with_others_are_named_refused_or_let_pass(plane: Cluster) -> None:
    applied(plane, "other", ipvlan("10.99.0.0/25"))
    options = {"namespace": plane.namespace, "name": "mine", "range": "10.99.0.0/24"}
    text = f"range 10.99.0.0/24 overlaps 10.99.0.0/25 of {plane.namespace}/other: they are two pools"
    assert text in plane.refused("nad", **options, overlap_policy="fail")
    made = plane.converge("nad", **options)
    assert any(text in warning for warning in warnings(made))
    assert warnings(plane.module("nad", **options, overlap_policy="ignore")) == []


@pytest.mark.parametrize("broken", ["{", "", '{"plugins": []}', "[]"])
def test_what_multus_could_not_use_is_replaced(plane: Cluster, broken: str) -> None:
    applied(plane, "mine", broken)
    replaced = plane.converge("nad", namespace=plane.namespace, name="mine", range="10.100.0.0/24")
    assert replaced["diff"]["before"]["config"] == broken


def test_options_are_validated_without_a_cluster(plane: Cluster) -> None:
    options = {"name": "mine", "range": "172.16.1.77/24", "gateway": "172.16.1.1", "state": "validated"}
    result = plane.modules.run("nad", options, {}, check=False)
    assert (result["changed"], result["pools"][0]["size"]) == (False, 253)
    assert warnings(result) == ['range "172.16.1.77/24": host bits ignored, allocation starts at 172.16.1.1']
    assert "manifest" not in result
    refused = plane.modules.run("nad", {**options, "range": "172.16.1.0/31"}, {}, check=False)
    assert [error["path"] for error in refused["errors"]] == ["range"]


@pytest.mark.shows("E7")
def test_foreign_attachments_are_looked_at(plane: Cluster) -> None:
    applied(plane, "guide", GUIDE)
    applied(
        plane, "placeholder", '{"type": "ipvlan", "ipam": {"type": "whereabouts", "range": "SECONDARY_RANGE_NAME"}}'
    )
    applied(plane, "half", ipvlan("172.16.1.0/25"))
    pod(plane, "user", "guide,half@data0")
    found = plane.unchanged("nad_info", namespace=plane.namespace)
    rows = {row["name"]: row for row in found["nads"]}
    assert set(rows) == {"guide", "placeholder", "half"}
    assert (rows["guide"]["problems"], rows["guide"]["type"], rows["guide"]["master"]) == ([], "ipvlan", "eth1")
    assert rows["guide"]["config"] == json.loads(GUIDE)
    assert rows["guide"]["users"] == rows["half"]["users"] == [f"{plane.namespace}/user"]
    assert "to use a named secondary range set secondary_range" in rows["placeholder"]["problems"][0]
    assert rows["placeholder"]["pools"] == []
    (overlap,) = found["overlaps"]
    assert overlap["ranges"] == ["172.16.1.0/24", "172.16.1.0/25"]
    (one,) = plane.module("nad_info", namespace=plane.namespace, name="half")["nads"]
    assert one == rows["half"]
    everywhere = plane.module("nad_info", name="half")["nads"]
    assert f"{plane.namespace}/half" in [row["annotation"] for row in everywhere]
    assert plane.module("nad_info", namespace=plane.namespace, name="none")["nads"] == []
