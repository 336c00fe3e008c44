# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An attachment in a cluster: made, changed in place, deleted when nobody uses it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.multinet.gke.plugins.module_utils.cni.attachment import Attachment
from ansible_collections.multinet.gke.plugins.module_utils.errors import ApiError, Refused
from ansible_collections.multinet.gke.plugins.module_utils.kube.attachments import AttachmentResource
from ansible_collections.multinet.gke.plugins.module_utils.kube.client import Nowhere
from ansible_collections.multinet.gke.plugins.module_utils.kube.kinds import NAD, POD, Kind, Ref
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import reconcile
from ansible_collections.multinet.gke.plugins.modules.nad import SPEC
from talking import Context

Object = dict[str, Any]

NAME = "NetworkAttachmentDefinition default/my-nad"
GUIDE = (
    '{ "cniVersion": "0.3.1", "plugins": [ { "type": "ipvlan", "master": "eth1", "mode": "l2", '
    '"ipam": { "type": "whereabouts", "range": "172.16.1.0/24" } } ] }'
)


@dataclass
class Cluster:
    """As much of an API server as the resource sees."""

    exists = True
    found: Object | None = None
    pods: list[Object] = field(default_factory=list)
    others: list[Object] = field(default_factory=list)
    forbidden: tuple[Kind, ...] = ()
    writes: list[Any] = field(default_factory=list)
    refuses_with: ApiError | None = None

    def get(self, ref: Ref) -> Object | None:
        return copy.deepcopy(self.found)

    def list(self, kind: Kind, *, fields: str | None = None, metadata_only: bool = False) -> Iterator[Object]:
        if kind in self.forbidden:
            raise ApiError(f"list {kind.plural}", 403, "Forbidden", "no")
        if kind is NAD:
            return iter([*self.others, *([self.found] if self.found else [])])
        assert (fields, metadata_only) == ("status.phase!=Succeeded,status.phase!=Failed", True)
        return (pod for pod in self.pods if pod["status"]["phase"] not in ("Succeeded", "Failed"))

    def create(self, obj: Object) -> None:
        if self.refuses_with:
            raise self.refuses_with
        self.writes.append(obj)
        self.found = copy.deepcopy(obj)

    def patch(self, ref: Ref, patch: Object) -> None:
        assert self.found
        self.writes.append(patch)
        self.found["spec"] = {**self.found.get("spec", {}), **patch.get("spec", {})}
        for key, values in patch.get("metadata", {}).items():
            merged = {**self.found["metadata"].get(key, {}), **values}
            self.found["metadata"][key] = {name: value for name, value in merged.items() if value is not None}

    def delete(self, ref: Ref) -> None:
        self.writes.append(f"delete {ref}")
        self.found = None


def run(cluster: Any, *, check_mode: bool = False, **options: Any) -> Any:
    if options.get("state") != "absent" and "config" not in options:
        options.setdefault("range", "172.16.1.0/24")
    checked = ArgumentSpecValidator(SPEC["argument_spec"], SPEC.get("mutually_exclusive")).validate(
        {"name": "my-nad", **options}
    )
    assert not checked.error_messages
    wanted = Attachment.of(checked.validated_parameters)
    context = Context(check_mode=check_mode)
    return {**reconcile(AttachmentResource(cluster, wanted), context), "warnings": context.warnings}


def live(config: str | None = GUIDE, **metadata: Any) -> Object:
    spec = {} if config is None else {"config": config}
    return {
        "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": "my-nad", "namespace": "default", **metadata},
        "spec": spec,
    }


def pod(name: str, networks: str, *, namespace: str = "default", phase: str = "Running") -> Object:
    metadata = {"name": name, "namespace": namespace, "annotations": {"k8s.v1.cni.cncf.io/networks": networks}}
    return {"metadata": metadata, "spec": {}, "status": {"phase": phase}}


def test_create_then_unchanged() -> None:
    cluster = Cluster()
    announced = run(cluster, check_mode=True)
    assert cluster.writes == []
    made = run(cluster)
    assert made["actions"] == announced["actions"] == [f"create {NAME} (172.16.1.0/24)"]
    assert made["annotation"] == "default/my-nad"
    assert made["pools"] == [
        {
            "name": "172.16.1.0-24",
            "namespace": "kube-system",
            "range": "172.16.1.0/24",
            "first": "172.16.1.1",
            "last": "172.16.1.254",
            "size": 254,
        }
    ]
    again = run(cluster)
    assert (again["changed"], again["actions"], len(cluster.writes)) == (False, [], 1)
    assert again["nad"] == made["nad"] == announced["nad"]


def test_what_the_guide_made_is_adopted() -> None:
    cluster = Cluster(live())
    result = run(cluster)
    assert (result["changed"], cluster.writes) == (False, [])
    assert result["nad"]["config"] == json.loads(GUIDE)
    assert result["diff"]["before"] == result["diff"]["after"]


def test_update_writes_what_changes_and_nothing_else() -> None:
    cluster = Cluster(live(labels={"team": "a", "kept": "yes"}))
    result = run(cluster, mtu=1400, labels={"team": "b"})
    assert result["actions"] == [f"update config, labels of {NAME} (172.16.1.0/24)"]
    (patch,) = cluster.writes
    assert patch["metadata"] == {"labels": {"team": "b"}}
    assert json.loads(patch["spec"]["config"])["plugins"][0]["mtu"] == 1400
    assert result["diff"]["before"]["labels"] == {"team": "a"}
    assert run(cluster, mtu=1400, labels={"team": "b"})["changed"] is False
    assert run(cluster, mtu=1400)["changed"] is False


def test_labels_alone() -> None:
    cluster = Cluster(live())
    run(cluster, annotations={"note": "x", "on": True, "count": 7})
    assert cluster.writes == [{"metadata": {"annotations": {"note": "x", "on": "true", "count": "7"}}}]


@pytest.mark.parametrize("config", ["", "{", None, '{"plugins":[]}'])
def test_unusable_configuration_is_replaced(config: str | None) -> None:
    cluster = Cluster(live(config))
    result = run(cluster)
    assert result["actions"] == [f"update config of {NAME} (172.16.1.0/24)"]
    assert result["diff"]["before"]["config"] == (config or "")


def test_absent_and_already_absent() -> None:
    cluster = Cluster(live())
    result = run(cluster, state="absent")
    assert (result["actions"], result["nad"], result["in_use_by"]) == ([f"delete {NAME}"], None, [])
    assert run(cluster, state="absent")["changed"] is False


def test_absent_is_refused_while_pods_use_it() -> None:
    users = [pod(f"p{number}", "my-nad") for number in range(6)]
    going = pod("going", "my-nad")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    ended = pod("done", "my-nad", phase="Succeeded")
    cluster = Cluster(live(), [*users, going, ended, pod("other", "my-nad", namespace="x")])
    with pytest.raises(Refused, match=r"is used by default/p0, .*default/p4 and 1 more: delete these pods first"):
        run(cluster, state="absent")
    forced = run(cluster, state="absent", delete_policy="force", check_mode=True)
    assert forced["in_use_by"] == [f"default/p{number}" for number in range(6)]
    assert cluster.writes == []
    done = run(cluster, state="absent", delete_policy="force")
    assert (cluster.writes, done["in_use_by"]) == ([f"delete {NAME}"], forced["in_use_by"])


def test_pods_of_other_namespaces_count() -> None:
    cluster = Cluster(live(), [pod("p", "other, default/my-nad@net7", namespace="x")])
    with pytest.raises(Refused, match="x/p"):
        run(cluster, state="absent")


def test_cluster_to_be_made_is_planned_against_nothing() -> None:
    assert run(Nowhere(), check_mode=True)["actions"] == [f"create {NAME} (172.16.1.0/24)"]


def test_cluster_without_multus() -> None:
    cluster = Cluster(refuses_with=ApiError("create", 404, "", "404 page not found"))
    with pytest.raises(Refused, match="run multus_install first"):
        run(cluster)


def test_namespace_that_does_not_exist() -> None:
    cluster = Cluster(refuses_with=ApiError("create", 404, "NotFound", 'namespaces "default" not found'))
    with pytest.raises(ApiError, match="namespaces"):
        run(cluster)


def test_a_change_that_pods_do_not_see_is_allowed_and_said() -> None:
    cluster = Cluster(live(), [pod("p", "my-nad")])
    done = run(cluster, mtu=1400)
    assert done["warnings"] == [f"{NAME} is used by default/p: they keep the configuration that they started with"]
    assert done["in_use_by"] == ["default/p"]
    again = run(cluster, mtu=1400)
    assert (again["warnings"], "in_use_by" in again) == ([], False)


def test_who_uses_it_is_not_asked_for_labels() -> None:
    assert "in_use_by" not in run(Cluster(live(), forbidden=(POD,)), labels={"team": "a"})


def test_a_pod_with_it_as_its_first_network_uses_it() -> None:
    first = pod("p", "other")
    first["metadata"]["annotations"]["v1.multus-cni.io/default-network"] = "default/my-nad"
    with pytest.raises(Refused, match="default/p"):
        run(Cluster(live(), [first]), state="absent")


def other(range_text: str, *, name: str = "other", **more: Any) -> Object:
    ipam = {"type": "whereabouts", "range": range_text, **more.pop("ipam", {})}
    return live(json.dumps({"type": "ipvlan", "master": "eth1", "ipam": ipam, **more}), name=name)


@pytest.mark.parametrize(
    ("others", "says"),
    [
        ([other("172.16.1.0/24")], None),
        ([other("172.16.1.128/25", master="eth2"), live("{")], "it is on eth2, not on eth1"),
        (
            [other("172.16.1.0/24", ipam={"network_name": "b"})],
            'it has network_name "b", and pools of different names do not know each other: '
            "an address may be on two pods",
        ),
        ([other("172.16.1.0/25")], "they are two pools, kept apart by reservations only"),
        (
            [other("172.16.1.0/25", ipam={"enable_overlapping_ranges": False})],
            "they are two pools, and without enable_overlapping_ranges an address may be on two pods",
        ),
        ([other("172.16.2.0/24"), other("fd00::/64"), other("nonsense")], None),
    ],
)
def test_overlaps(others: list[Object], says: str | None) -> None:
    warned = run(Cluster(others=others))["warnings"]
    assert [text.rpartition("default/other: ")[2] for text in warned] == ([says] if says else [])
    assert run(Cluster(others=others), overlap_policy="ignore")["warnings"] == []
    cluster = Cluster(others=others)
    if says:
        with pytest.raises(Refused, match=r"overlaps .* Set overlap_policy to warn or ignore to allow that"):
            run(cluster, overlap_policy="fail")
        assert cluster.writes == []
    else:
        run(cluster, overlap_policy="fail")


def test_parts_of_one_range_do_not_overlap() -> None:
    others = [other("172.16.1.100-172.16.1.199/24", ipam={"network_name": "b"})]
    assert run(Cluster(others=others), range="172.16.1.1-172.16.1.99/24")["warnings"] == []


def test_what_may_not_be_read_is_said_or_needed() -> None:
    cluster = Cluster(live(), forbidden=(NAD, POD))
    done = run(cluster, mtu=1400)
    assert [text.partition(" were not looked for: ")[0] for text in done["warnings"]] == [
        "pods that use it",
        "overlaps with other attachments",
    ]
    with pytest.raises(ApiError, match="403"):
        run(cluster, state="absent")
    with pytest.raises(ApiError, match="403"):
        run(Cluster(forbidden=(NAD,)), overlap_policy="fail")


def test_a_named_network_has_a_prefix_for_its_reservations() -> None:
    done = run(Cluster(), network_name="blue")
    assert (done["reservation_prefix"], done["pools"][0]["name"]) == ("blue-", "blue-172.16.1.0-24")
    assert run(Cluster())["reservation_prefix"] == ""
