# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of Multus and Whereabouts themselves: each with what passes and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from snapshots import NOW, answers, found, guide_manifest, pool, snapshot

from ansible_collections.multinet.gke.plugins.module_utils.cni.whereabouts import Allocation
from ansible_collections.multinet.gke.plugins.module_utils.kube.multus.rollout import Rollout
from ansible_collections.multinet.gke.plugins.module_utils.verify.checks.installation import (
    components,
    crd_schema,
    daemonset_ready,
    gc_recent,
    image_pair,
    token_age,
)
from ansible_collections.multinet.gke.plugins.module_utils.verify.inspection import Inspection
from ansible_collections.multinet.gke.plugins.module_utils.verify.installation import (
    Container,
    GcLog,
    Installation,
    config_of,
    containers_of,
    cron_period,
    read_log,
    template_of,
)

MULTUS = "kube-system/gke-multinet"
POD = "kube-system/gke-multinet-x"
DAEMONSET = guide_manifest()[-1]
TEMPLATE = template_of(DAEMONSET)
GC = Container(POD, "node-1", "whereabouts-gc", "whereabouts:v0.7.0", ("/ip-control-loop",), running=True)
GUIDE = Installation(template=TEMPLATE, containers=(GC,), schema="0.7")


def seen(installed: Installation = GUIDE, **more: Any) -> Any:
    return snapshot(installation=installed, **more)


@pytest.mark.parametrize(
    ("rollout", "status", "msg"),
    [
        (None, "fail", "there is no such DaemonSet"),
        (Rollout(True, 2, 2, 1, 1), "fail", "its rollout is not complete: of 2 pods, 2 are up to date and 1 available"),
        (Rollout(True, 2, 2, 2, 2), "pass", "its rollout is complete: of 2 pods, 2 are up to date and 2 available"),
    ],
)
def test_daemonset_ready(rollout: Rollout | None, status: str, msg: str) -> None:
    assert answers(daemonset_ready(seen(Installation(rollout=rollout)))) == [(status, MULTUS, msg)]


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({}, "pass", ""),
        ({"running": False, "waiting": "PodInitializing"}, "pass", ""),
        (
            {"killed": NOW - timedelta(minutes=5), "memory": "50Mi", "restarts": 3},
            "fail",
            "container whereabouts-gc on node-1 was killed for want of memory (its limit is 50Mi) 5 min ago, "
            "restarted 3 times",
        ),
        ({"killed": NOW - timedelta(hours=1)}, "fail", "container whereabouts-gc on node-1 was killed"),
        ({"killed": NOW - timedelta(hours=1, seconds=1)}, "warn", "container whereabouts-gc on node-1 was killed"),
        ({"killed": NOW - timedelta(days=3)}, "warn", "container whereabouts-gc on node-1 was killed"),
        (
            {"killed": NOW - timedelta(days=3), "running": False},
            "fail",
            "container whereabouts-gc on node-1 was killed",
        ),
        (
            {"running": False, "waiting": "CrashLoopBackOff", "restarts": 7},
            "fail",
            "container whereabouts-gc on node-1 does not run: CrashLoopBackOff, restarted 7 times",
        ),
    ],
)
def test_components(change: dict[str, Any], status: str, says: str) -> None:
    (result,) = components(seen(replace(GUIDE, containers=(replace(GC, **change),))))
    assert result.status == status
    assert result.msg.startswith(says)
    assert bool(result.remedy) is (status != "pass")


def test_the_containers_of_a_pod_are_read_the_init_containers_too() -> None:
    killed = {"reason": "OOMKilled", "finishedAt": "2026-01-01T11:00:00Z"}
    obj = {
        "metadata": {"name": "gke-multinet-x", "namespace": "kube-system"},
        "spec": {**DAEMONSET["spec"]["template"]["spec"], "nodeName": "node-1"},
        "status": {
            "initContainerStatuses": [
                {"name": "install-multus-config", "state": {"terminated": killed}},
                {
                    "name": "install-whereabouts",
                    "state": {"terminated": {"reason": "Completed", "startedAt": "2026-01-01T10:00:00Z"}},
                },
            ],
            "containerStatuses": [
                {
                    "name": "whereabouts-gc",
                    "restartCount": 2,
                    "state": {"running": {"startedAt": "2026-01-01T11:00:01Z"}},
                    "lastState": {"terminated": killed},
                }
            ],
        },
    }
    there = {each.name: each for each in containers_of(obj)}
    assert there["install-multus-config"].killed == datetime.fromisoformat("2026-01-01T11:00:00Z")
    assert there["install-whereabouts"].started == datetime.fromisoformat("2026-01-01T10:00:00Z")
    gc = there["whereabouts-gc"]
    assert (gc.running, gc.restarts, gc.killed is not None, gc.memory) == (True, 2, True, "50Mi")
    assert gc.frees_addresses


def with_image(name: str, image: str) -> Installation:
    template = tuple(replace(each, image=image) if each.name == name else each for each in TEMPLATE)
    return replace(GUIDE, template=template)


@pytest.mark.parametrize(
    ("installed", "says"),
    [
        (GUIDE, None),
        (with_image("install-binary", "mirror.example/multus-cni:v4.2.1-gke.6"), None),
        (with_image("install-whereabouts", "ghcr.io/k8snetworkplumbingwg/whereabouts:v0.7.0"), None),
        (
            with_image("install-binary", "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.2.1"),
            "layout gke needs images with /gkecmd (gcr.io/gke-release/multus-cni); got "
            "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.2.1 in install-binary",
        ),
        (
            with_image("whereabouts-gc", "ghcr.io/k8snetworkplumbingwg/whereabouts:v0.7.0"),
            "gc flags need the GKE fork (gcr.io/gke-release/whereabouts); got "
            "ghcr.io/k8snetworkplumbingwg/whereabouts:v0.7.0 in whereabouts-gc",
        ),
        (with_image("whereabouts-gc", "mirror.example/whereabouts:v0.9.1"), "its containers use different images: "),
    ],
)
def test_image_pair(installed: Installation, says: str | None) -> None:
    texts = [msg for _status, _subject, msg in found(image_pair(seen(installed)))]
    assert bool(texts) is (says is not None)
    assert says is None or texts[0].startswith(says)


def whereabouts(version: str) -> Installation:
    image = f"gcr.io/gke-release/whereabouts:{version}"
    return replace(GUIDE, template=tuple(replace(e, image=image) for e in TEMPLATE if "whereabouts" in e.image))


@pytest.mark.parametrize(
    ("installed", "schema", "status", "says"),
    [
        (GUIDE, "0.7", "pass", "the definitions are those of whereabouts 0.7.0"),
        (whereabouts("v0.9.4"), "0.8plus", "pass", "the definitions are those of whereabouts 0.9.4"),
        (whereabouts("v0.9.4"), "0.7", "fail", "whereabouts >= 0.8.0 needs crds.schema 0.8plus"),
        (whereabouts("v0.7.0"), "0.8plus", "fail", "whereabouts 0.7.0 runs with the definitions of 0.8.0 or later"),
        (whereabouts("latest"), "0.7", "skip", "the definitions are of schema 0.7; no tag tells the version"),
        (GUIDE, None, "fail", "there is no definition of IPPool"),
    ],
)
def test_crd_schema(installed: Installation, schema: Any, status: str, says: str) -> None:
    (result,) = crd_schema(seen(replace(installed, schema=schema)))
    assert result.status == status
    assert result.msg.startswith(says)


def writer(days: float) -> Installation:
    started = NOW - timedelta(days=days)
    return replace(GUIDE, containers=(Container(POD, "node-1", "install-whereabouts", "w", started=started),))


@pytest.mark.parametrize(
    ("days", "status", "says"),
    [
        (3, "pass", "token in whereabouts.kubeconfig is 3 d old at most"),
        (334, "pass", "token in whereabouts.kubeconfig is 334 d old at most"),
        (335, "warn", "token in whereabouts.kubeconfig on node node-1 was written 335 d ago"),
        (364, "warn", "token in whereabouts.kubeconfig on node node-1 was written 364 d ago"),
        (365, "fail", "token in whereabouts.kubeconfig on node node-1 was written 365 d ago"),
        (400, "fail", "token in whereabouts.kubeconfig on node node-1 was written 400 d ago"),
    ],
)
def test_token_age_without_a_look_at_the_nodes(days: float, status: str, says: str) -> None:
    (result,) = token_age(seen(writer(days)))
    assert result.status == status
    assert result.msg.startswith(says)
    assert ("rollout restart daemonset gke-multinet" in result.remedy) is (status != "pass")


@pytest.mark.parametrize(
    ("left", "status", "says"),
    [
        (timedelta(days=200), "pass", "token in whereabouts.kubeconfig expires in 200 d at the first"),
        (timedelta(days=31), "pass", "token in whereabouts.kubeconfig expires in 31 d at the first"),
        (timedelta(days=30), "warn", "token in whereabouts.kubeconfig expires in 30 d on node node-1"),
        (timedelta(seconds=1), "warn", "token in whereabouts.kubeconfig expires in 1 s on node node-1"),
        (timedelta(0), "fail", "token in whereabouts.kubeconfig expired 0 s ago on node node-1"),
        (timedelta(minutes=-50), "fail", "token in whereabouts.kubeconfig expired 50 min ago on node node-1"),
    ],
)
def test_token_age_as_the_nodes_tell_it(left: timedelta, status: str, says: str) -> None:
    looked = {"node-1": Inspection(token_expires=NOW + left)}
    (result,) = token_age(seen(writer(400), inspections=looked))
    assert (result.status, result.msg) == (status, says)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("error waiting for pod: Unauthorized", "fail"),
        ("error at storage engine: time limit exceeded while waiting to become leader", "warn"),
    ],
)
def test_what_a_plugin_says_when_its_token_has_expired(said: str, status: str) -> None:
    warnings = {"default/a": f"FailedCreatePodSandBox: plugin failed (add): {said}"}
    (finding,) = found(token_age(seen(writer(3), warnings=warnings)))
    assert finding[:2] == (status, "default/a")


def test_where_nothing_is_known_of_tokens_nothing_is_said() -> None:
    assert [result.status for result in token_age(seen())] == ["skip"]


LEAK = Allocation("2", pool({"2": "x/gone"}).allocations[0].address, "default/gone", "c")


@pytest.mark.parametrize(
    ("installed", "more", "status", "says"),
    [
        (GUIDE, {}, "pass", "the garbage collector runs in 1 pods, every 1 min"),
        (
            GUIDE,
            {"logs": {POD: GcLog(NOW - timedelta(seconds=34))}},
            "pass",
            "the garbage collector runs in 1 pods, every 1 min, and succeeded 34 s ago",
        ),
        (
            GUIDE,
            {"unreadable": {"pods/log": "no"}},
            "pass",
            "the garbage collector runs in 1 pods, every 1 min; whether",
        ),
        (
            GUIDE,
            {"logs": {POD: GcLog(NOW - timedelta(seconds=34))}, "unreadable": {"pods/log": "no"}},
            "pass",
            "the garbage collector runs in 1 pods, every 1 min, and succeeded 34 s ago",
        ),
        *(
            (GUIDE, {"logs": {POD: GcLog(NOW - timedelta(seconds=seconds))}}, status, says)
            for seconds, status, says in (
                (180, "pass", "the garbage collector runs in 1 pods"),
                (181, "fail", "it succeeded 3 min ago and not since"),
            )
        ),
        (
            GUIDE,
            {"logs": {POD: GcLog(NOW - timedelta(minutes=10))}},
            "fail",
            "it succeeded 10 min ago and not since, though it is to run every 1 min",
        ),
        (
            GUIDE,
            {"logs": {POD: GcLog(NOW - timedelta(minutes=4), "reconciler failure: invalid CIDR address: x", 4)}},
            "fail",
            "its last run failed: reconciler failure: invalid CIDR address: x",
        ),
        (
            GUIDE,
            {"logs": {POD: GcLog(None, "reconciler failure: timed out", 2)}},
            "fail",
            "its last run failed: reconciler failure: timed out",
        ),
        (
            GUIDE,
            {"logs": {POD: GcLog(None, "reconciler failure: timed out", 1)}},
            "warn",
            "its last run failed: reconciler failure: timed out",
        ),
        (
            GUIDE,
            {"logs": {POD: GcLog(NOW - timedelta(seconds=90), "reconciler failure: it was changed meanwhile", 1)}},
            "pass",
            "the garbage collector runs",
        ),
        (
            replace(GUIDE, containers=(replace(GC, running=False, waiting="CrashLoopBackOff"),)),
            {},
            "fail",
            "the garbage collector on node-1 does not run: CrashLoopBackOff",
        ),
        (replace(GUIDE, containers=()), {}, "fail", "there is no garbage collector"),
        (
            GUIDE,
            {
                "pools": (pool({"2": "default/gone"}),),
                "leaked_since": {("172.16.1.0-24", LEAK): NOW - timedelta(seconds=130)},
            },
            "fail",
            "garbage collection does not work: 172.16.1.2 in pool 172.16.1.0-24 have been nobody's for more than 2 min",
        ),
        (
            GUIDE,
            {
                "pools": (pool({"2": "default/gone"}),),
                "leaked_since": {("172.16.1.0-24", LEAK): NOW - timedelta(seconds=70)},
            },
            "pass",
            "the garbage collector runs in 1 pods",
        ),
    ],
)
def test_gc_recent(installed: Installation, more: dict[str, Any], status: str, says: str) -> None:
    (result,) = gc_recent(seen(installed, **more))
    assert result.status == status
    assert result.msg.startswith(says)
    assert bool(result.remedy) is (status != "pass")


def test_a_log_is_read_to_its_end() -> None:
    log = (
        "2026-01-01T11:57:00.1Z 2026-01-01T11:57:00Z [verbose] reconciler failure: timed out\n"
        "2026-01-01T11:58:00.1Z 2026-01-01T11:58:00Z [verbose] reconciler success\n"
        "2026-01-01T11:59:00.1Z 2026-01-01T11:59:00Z [error] reconciler failure: invalid CIDR address: x\n"
    )
    assert read_log(log) == GcLog(
        datetime.fromisoformat("2026-01-01T11:58:00.1Z"), "reconciler failure: invalid CIDR address: x", 1
    )
    assert read_log(log.rpartition("2026-01-01T11:59:00.1Z")[0]).failure == ""
    assert read_log("2026-01-01T11:59:00.1Z other words\n") == GcLog()


@pytest.mark.parametrize(
    ("cron", "seconds"),
    [("* * * * *", 60), ("*/5 * * * *", 300), ("7 * * * *", 3600), ("0 */6 * * *", 21600), ("30 4 * * *", 86400)],
)
def test_cron_period(cron: str, seconds: int) -> None:
    assert cron_period(cron) == seconds


def test_the_installed_configuration_is_read() -> None:
    config_map = next(each for each in guide_manifest() if each["kind"] == "ConfigMap")
    config = config_of(config_map)
    assert config is not None
    assert (config.namespace_isolation, config.visible_everywhere, config.cluster_network) == (
        True,
        ("default",),
        "gke-pod-network",
    )
    assert config_of({"data": {"cni-conf.json": "{"}}) is None
    assert config_of(None) is None
    open_to_all = config_of({"data": {"cni-conf.json": '{"type": "multus"}'}})
    assert open_to_all is not None
    assert not open_to_all.namespace_isolation
