# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request of the modules for Kubernetes under every fault between them and the API server.

A run copes with it or fails clearly; without the fault, the next one ends well, and nothing is there twice.
"""

from __future__ import annotations

import base64
import json
import pathlib
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from cluster import EDGE, Cluster
from fault_proxy import FaultProxy, proxying
from pool_world import pool_object

pytestmark = pytest.mark.control_plane

CRASH = re.compile(r"Traceback|MODULE FAILURE|Unexpected|unhandled", re.IGNORECASE)
# What a run copes with by itself.
HEALED: dict[str, dict[str, Any]] = {
    "drop<": {"kind": "drop-before"},
    "drop>": {"kind": "drop-after"},
    "twice": {"kind": "drop-after", "times": 2},
    "429": {"kind": "status", "status": 429, "reason": "TooManyRequests", "headers": {"Retry-After": "1"}},
    "500": {"kind": "status", "status": 500, "reason": "InternalError"},
    "503": {"kind": "status"},
    "504": {"kind": "status", "status": 504, "reason": "Timeout"},
    "html": {"kind": "html"},
    "garbage": {"kind": "garbage"},
    "truncate": {"kind": "truncate"},
    "half": {"kind": "half-json"},
    "slow": {"kind": "slow"},
    "silent": {"kind": "half-open"},
    "stall": {"kind": "stall"},
}
# What it has to say; the second is what a failure says.
TOLD: dict[str, tuple[dict[str, Any], str]] = {
    "401": ({"kind": "status", "status": 401, "reason": "Unauthorized"}, "does not accept the token of api_key"),
    "400": ({"kind": "status", "status": 400, "reason": "BadRequest"}, "HTTP 400 BadRequest: the fault proxy says so"),
}
CONFLICT = {"kind": "status", "status": 409, "reason": "Conflict"}


@dataclass(frozen=True)
class Story:
    """A module with something to do, and what it asks of the API server for that."""

    module: str
    options: dict[str, Any]
    asks: tuple[tuple[str, str], ...]  # method, and a part of the path
    prepare: tuple[dict[str, Any], ...] = ()  # options of earlier runs of the module
    plant: Callable[[Cluster], None] = lambda cluster: None  # what else is there before
    restore: dict[str, Any] | None = None  # options of a last run, where others see what was changed
    reads_only: bool = False
    sometimes: tuple[tuple[str, str], ...] = ()  # what is asked if there is anything of the kind

    @property
    def name(self) -> str:
        """Return a name for the test's id."""
        return f"{self.module}-{self.options.get('state', 'present')}{'-again' if self.prepare else ''}"


NADS, PODS = "/network-attachment-definitions", "/pods"
POOLS, RESERVATIONS = "/ippools", "/overlappingrangeipreservations"
MY_NAD = {"name": "my-nad", "master": "eth1", "range": "172.16.7.0/24"}
# Nothing binds it to a node, so that it goes at once; a kubelet would have to end it otherwise.
POD = {"name": "samplepod", "image": "nginx", "node_selector": {"there": "is-none"}, "wait": False}
POOL = {"range": "172.16.7.0/24"}

READ_BY_VERIFY = (
    *("nodes", "network-attachment-definitions", "ippools", "pods"),
    *("daemonsets", "configmaps", "customresourcedefinitions"),
)


def leak(cluster: Cluster) -> None:
    """Let a pool hold an address whose pod is gone, with its reservation."""
    leaked = {"spec": {"allocations": {"7": {"id": "c", "podref": f"{cluster.namespace}/gone"}}}}
    cluster.kubectl("patch", "ippools", "172.16.7.0-24", *_in(cluster), "--type=merge", "-p", json.dumps(leaked))
    cluster.apply(
        {
            "apiVersion": "whereabouts.cni.cncf.io/v1alpha1",
            "kind": "OverlappingRangeIPReservation",
            "metadata": {"name": "172.16.7.7", "namespace": cluster.namespace},
            "spec": {"containerid": "c", "podref": f"{cluster.namespace}/gone"},
        }
    )


def hold(cluster: Cluster) -> None:
    """Let there be a pool: without one, nothing else is read."""
    cluster.apply(pool_object("172.16.7.0-24", "172.16.7.0/24", {}, cluster.namespace))


def _in(cluster: Cluster) -> tuple[str, str]:
    return ("--namespace", cluster.namespace)


STORIES = (
    Story("nad", MY_NAD, (("GET", NADS), ("POST", NADS))),
    Story("nad", {**MY_NAD, "mtu": 1400}, (("GET", NADS), ("GET", PODS), ("PATCH", NADS)), (MY_NAD,)),
    Story("nad", {**MY_NAD, "state": "absent"}, (("GET", NADS), ("GET", PODS), ("DELETE", NADS)), (MY_NAD,)),
    Story("multinet_pod", POD, (("GET", PODS), ("POST", PODS))),
    Story(
        "multinet_pod", {**POD, "image": "nginx:alpine", "labels": {"a": "b"}}, (("GET", PODS), ("PATCH", PODS)), (POD,)
    ),
    Story("multinet_pod", {"name": "samplepod", "state": "absent"}, (("GET", PODS), ("DELETE", PODS)), (POD,)),
    Story("whereabouts_pool", POOL, (("GET", POOLS), ("GET", PODS), ("POST", POOLS))),
    Story(
        "whereabouts_pool",
        {**POOL, "state": "reconciled", "confirm_after": 0},
        (("GET", POOLS), ("GET", RESERVATIONS), ("GET", PODS), ("PATCH", POOLS), ("DELETE", RESERVATIONS)),
        (POOL,),
        plant=leak,
    ),
    Story(
        "whereabouts_pool",
        {**POOL, "state": "absent", "confirm_after": 0},
        (("GET", POOLS), ("GET", RESERVATIONS), ("GET", PODS), ("DELETE", POOLS)),
        (POOL,),
    ),
    Story(
        "whereabouts_pool_info",
        {},
        (("GET", POOLS), ("GET", RESERVATIONS), ("GET", PODS)),
        plant=hold,
        reads_only=True,
    ),
    Story(
        "multus_install",
        {"wait": False, "config": {"log_level": "debug"}},
        (("GET", "/daemonsets"), ("PATCH", "/configmaps"), ("PATCH", "/daemonsets")),
        restore={"wait": False, "config": {"log_level": "verbose"}},
    ),
    Story(
        "multinet_verify",
        {"probe": False, "fail_on": "never"},
        tuple(("GET", f"/{kind}") for kind in READ_BY_VERIFY),
        reads_only=True,
        sometimes=(("GET", "/events"),),
    ),
)
NAMESPACED = ("nad", "multinet_pod", "whereabouts_pool")


@dataclass
class Way:
    """A cluster behind the proxy."""

    cluster: Cluster
    proxy: FaultProxy
    token: str
    results: list[dict[str, Any]] = field(default_factory=list)

    def run(self, story: Story, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """Run a story's module through the proxy."""
        given = {"host": self.proxy.host, "ca_cert": str(self.proxy.ca), "api_key": self.token, **options}
        if story.module in NAMESPACED:
            given["namespace"] = self.cluster.namespace
        self.results.append(self.cluster.modules.run(story.module, given, self.cluster.lab.environment, check=check))
        return self.results[-1]

    def begin(self, story: Story) -> None:
        """Make what is there before a story."""
        for options in story.prepare:
            assert not self.run(story, **options).get("failed")
        story.plant(self.cluster)


@pytest.fixture
def way(plane: Cluster, tmp_path: pathlib.Path) -> Iterator[Way]:
    config = json.loads(plane.kubectl("config", "view", "--raw", "--minify", "-o", "json"))
    place = config["clusters"][0]["cluster"]
    (tmp_path / "ca.pem").write_bytes(base64.b64decode(place["certificate-authority-data"]))
    with proxying(place["server"], tmp_path / "ca.pem", tmp_path) as proxy:
        yield Way(plane, proxy, plane.lab.environment["GKELAB_TOKEN"])


def cells(faults: Any, methods: str) -> list[Any]:
    return [
        pytest.param(story, *place, fault, id=f"{story.name}: {' '.join(place)}: {fault}")
        for story in STORIES
        for place in story.asks
        if re.fullmatch(methods, place[0])
        for fault in faults
    ]


def check_end(way: Way, story: Story) -> None:
    """Check that the next run ends well, that another one has nothing to do, and that nothing was made twice."""
    ended = way.run(story, **story.options)
    assert not ended.get("failed"), ended["msg"]
    with way.cluster.asked() as asked:
        again = way.run(story, **story.options)
    assert (again["changed"], again.get("actions", []), asked.writes) == (False, [], [])


@pytest.mark.sample(8)
@pytest.mark.parametrize(("story", "method", "path", "fault"), cells(HEALED, ".*"))
def test_a_run_copes_with_what_passes(way: Way, story: Story, method: str, path: str, fault: str) -> None:
    way.begin(story)
    with way.cluster.asked() as asked:
        try:
            with way.proxy.fault(**HEALED[fault], method=method, path=path):
                result = way.run(story, **story.options)
            assert not result.get("failed"), result["msg"]
            assert result["changed"] is not story.reads_only
            check_end(way, story)
        finally:
            if story.restore:
                way.run(story, **story.restore)
    made = Counter(each["requestURI"] for each in asked.requests if each["responseStatus"]["code"] == 201)
    assert all(count == 1 for count in made.values()), f"made more than once: {made}"


@pytest.mark.sample(3)
@pytest.mark.parametrize(("story", "method", "path", "fault"), cells(TOLD, ".*"))
def test_a_run_says_what_does_not_pass(way: Way, story: Story, method: str, path: str, fault: str) -> None:
    planted, cause = TOLD[fault]
    way.begin(story)
    try:
        with way.proxy.fault(**planted, method=method, path=path):
            result = way.run(story, **story.options)
        assert result.get("failed"), result
        assert cause in result["msg"]
        assert not CRASH.search(result["msg"])
        assert way.token not in json.dumps(result)
        check_end(way, story)
    finally:
        if story.restore:
            way.run(story, **story.restore)


@pytest.mark.sample(2)
@pytest.mark.parametrize(("story", "method", "path", "fault"), cells(["409"], "POST|PATCH|DELETE"))
def test_a_run_reads_again_when_others_were_faster(way: Way, story: Story, method: str, path: str, fault: str) -> None:
    way.begin(story)
    try:
        with way.proxy.fault(**CONFLICT, method=method, path=path):
            result = way.run(story, **story.options)
        # Deletions that are for one version of an object only leave it to people to look again.
        assert not result.get("failed") or "run again" in result["msg"], result
        check_end(way, story)
    finally:
        if story.restore:
            way.run(story, **story.restore)


def test_the_stories_name_all_that_is_asked(way: Way) -> None:
    for story in STORIES:
        way.begin(story)
        with way.cluster.asked() as asked:
            assert not way.run(story, **story.options).get("failed")
        verbs = {"get": "GET", "list": "GET", "create": "POST", "patch": "PATCH", "delete": "DELETE"}
        for request in asked.requests:
            method, uri = verbs[request["verb"]], request["requestURI"].partition("?")[0]
            if story.module != "multus_install":
                named = (*story.asks, *story.sometimes)
                assert any(each[0] == method and each[1] in uri for each in named), f"{story.name}: {method} {uri}"
        if story.restore:
            way.run(story, **story.restore)
        way.cluster.kubectl("delete", "pods,network-attachment-definitions,ippools", "--all", *_in(way.cluster))


@pytest.mark.parametrize("module", ["whereabouts_pool_info", "whereabouts_pool"])
def test_a_list_whose_snapshot_expires_is_whole_and_has_nothing_twice(way: Way, module: str) -> None:
    name = f"p-{secrets.token_hex(2)}"
    pools = [
        {
            "apiVersion": "whereabouts.cni.cncf.io/v1alpha1",
            "kind": "IPPool",
            "metadata": {"name": f"{name}-{number}", "namespace": way.cluster.namespace},
            "spec": {"range": f"172.20.{number}.0/24", "allocations": {}},
        }
        for number in range(5)
    ]
    way.cluster.apply(*pools)
    way.proxy.page = 2
    story = Story("whereabouts_pool_info", {}, ())
    with way.proxy.fault("expired", path=r"ippools\?.*continue=", times=2):
        found = way.run(story)
    names = [pool["name"] for pool in found["pools"]]
    assert sorted(each for each in names if each.startswith(name)) == [pool["metadata"]["name"] for pool in pools]
    assert len(names) == len(set(names))


def test_nothing_outlasts_its_time_by_more_than_a_request(way: Way) -> None:
    """A server that never answers again: the wait ends in time, and says what was in the way."""
    story = Story("multinet_pod", {}, ())
    with way.proxy.fault("status", path=PODS, times=0) as fault:
        result = way.run(story, **POD, wait_timeout=2)
    assert result.get("failed")
    assert "HTTP 503 ServiceUnavailable: the fault proxy says so; run again" in result["msg"]
    assert 1 < fault.fired <= 3


def test_a_cluster_by_its_ca_data_takes_the_same_way(way: Way) -> None:
    """Google's credentials instead of a token; the lab's clusters know one token only, so a new one is the same."""
    key = {"auth_kind": "serviceaccount", "service_account_file": str(way.cluster.lab.folder / "service-account.json")}
    ca_data = base64.b64encode(way.proxy.ca.read_bytes().split(b"-----BEGIN PRIVATE")[0]).decode()
    gke = {**EDGE, "endpoint": way.proxy.host.removeprefix("https://"), "ca_data": ca_data}
    found = way.cluster.module("whereabouts_pool_info", gke_cluster=gke, **key)
    assert not found.get("failed"), found["msg"]
    unauthorized, _message = TOLD["401"]
    with way.proxy.fault(**unauthorized, path=POOLS, times=0) as fault:
        refused = way.cluster.module("whereabouts_pool_info", gke_cluster=gke, **key)
    assert "does not accept service account lab@test-project.iam.gserviceaccount.com: the fault" in refused["msg"]
    assert "see whether its key still exists: gcloud iam service-accounts keys list" in refused["msg"]
    assert fault.fired == 1
