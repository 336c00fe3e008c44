# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one loop for long-running operations, with a clock that only its own pauses move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.cloud import compute_v1, container_v1

from ansible_collections.multinet.gke.plugins.module_utils.errors import (
    ApiError,
    OperationFailed,
    Stale,
    TimedOut,
    Unreachable,
)
from ansible_collections.multinet.gke.plugins.module_utils.gcp.operations import (
    LONGEST_LONG_POLL,
    LOST_PATIENCE,
    Operations,
)
from ansible_collections.multinet.gke.plugins.module_utils.gcp.tries import DOUBT_PATIENCE, MOST_STALE, Tries
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline, Progress

BUSY = ApiError("x", 400, "failedPrecondition", "Cluster is running incompatible operation operation-1718-fd4f.")
LOST = Unreachable("no answer")
EXISTS = ApiError("x", 409, "alreadyExists", "Already exists: c.")
BROKEN = ApiError("x", 503, "backendError", "later")

NETWORK: dict[str, Any] = {"network_resource": {"name": "n"}}
CLUSTER: dict[str, Any] = {"parent": "projects/p/locations/us-central1-c", "cluster": {"name": "c"}}
CLUSTER_PATH = "projects/p/locations/us-central1-c/clusters/c"
POOL: dict[str, Any] = {"parent": CLUSTER_PATH, "node_pool": {"name": "n"}}


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Script:
    """A Google that answers from a list; an exception in it is raised."""

    project = "p"

    def __init__(self, writes: list[Any], looks: list[Any] | None = None) -> None:
        self.writes, self.looks = writes, looks or []
        self.sent: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.looked: list[tuple[str, float]] = []  # method and seconds given
        self.said: list[Progress] = []
        self.deadline: Deadline | None = None

    def progress(self, now: Progress) -> None:
        self.said.append(now)

    def compute(self, service: str) -> Any:
        return _Client(service)

    container = property(lambda self: _Client("container"))

    def write(self, what: str, method: Callable[..., Any], request: dict[str, Any]) -> Any:
        self.sent.append(request)
        return _next(self.writes)

    def look(self, what: str, method: Callable[..., Any], request: dict[str, Any], timeout: float = 30) -> Any:
        self.asked.append(request)
        self.looked.append((method.__name__, timeout))
        return _next(self.looks)


class _Client:
    def __init__(self, service: str) -> None:
        self.service = service

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def method() -> None:
            """Stand for a method of a client; it is never called."""

        method.__name__ = name
        return method


def _next(answers: list[Any]) -> Any:
    answer = answers.pop(0)
    if isinstance(answer, Exception):
        raise answer
    return answer


def make(writes: list[Any], looks: list[Any] | None = None, seconds: float = 600) -> tuple[Operations, Script, Clock]:
    clock, google = Clock(), Script(writes, looks)
    return Operations(google, Deadline(seconds, clock), sleep=clock.sleep), google, clock


def gke(status: str = "RUNNING", **fields: Any) -> container_v1.Operation:
    return container_v1.Operation(
        {"name": "operation-1", "zone": "us-central1-c", "operation_type": "CREATE_CLUSTER", "status": status, **fields}
    )


def compute(status: str = "RUNNING", region: str = "", **fields: Any) -> compute_v1.Operation:
    link = f"https://www.googleapis.com/compute/v1/projects/p/regions/{region}" if region else ""
    return compute_v1.Operation(
        {"name": "operation-2", "operation_type": "insert", "status": status, "region": link, **fields}
    )


def test_a_gke_operation_is_polled_until_it_is_done_and_its_phase_is_said() -> None:
    metrics = [
        {"name": "CLUSTER_CONFIGURING", "int_value": 8},
        {"name": "CLUSTER_CONFIGURING_TOTAL", "int_value": 8},
        {"name": "CLUSTER_DEPLOYING", "int_value": 4},
        {"name": "CLUSTER_DEPLOYING_TOTAL", "int_value": 12},
    ]
    operations, google, _ = make([gke()], [gke(progress={"metrics": metrics}), gke("DONE")])
    operations.start_container("create cluster edge", "create_cluster", **CLUSTER)
    assert operations.under_way
    operations.finish()
    assert not operations.under_way
    assert google.asked[0] == {"name": "projects/p/locations/us-central1-c/operations/operation-1"}
    assert [str(now) for now in google.said] == ["create cluster edge: cluster deploying (60 %), 0 s"]
    assert operations.records == [{"name": "operation-1", "type": "CREATE_CLUSTER", "duration_s": 0.2}]


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("", {"project": "p", "operation": "operation-2"}),
        ("r1", {"project": "p", "operation": "operation-2", "region": "r1"}),
    ],
)
def test_a_compute_operation_is_awaited_where_it_runs(region: str, expected: dict[str, str]) -> None:
    operations, google, _ = make([compute(region=region)], [compute("DONE", region)])
    operations.start_compute("create network n", "Networks", "insert", **NETWORK)
    operations.finish()
    assert google.asked == [expected]
    assert google.sent[0]["network_resource"] == {"name": "n"}
    assert google.sent[0]["request_id"]


def test_a_failed_compute_operation_has_the_servers_words() -> None:
    message = "The network resource 'n' is already being used by 'f'"
    failed = compute("DONE", error={"errors": [{"code": "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", "message": message}]})
    operations, _, _ = make([compute()], [failed])
    operations.start_compute("delete network n", "Networks", "delete", network="n")
    with pytest.raises(OperationFailed, match="already being used by 'f'") as caught:
        operations.finish()
    assert caught.value.details() == {
        "operation": "operation-2",
        "operation_errors": [{"code": "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", "message": message}],
    }


def test_a_failed_gke_operation_has_code_and_conditions() -> None:
    failed = gke(
        "DONE",
        error={"code": 8, "message": "Insufficient quota"},
        cluster_conditions=[
            {"code": "GCE_QUOTA_EXCEEDED", "message": "Limit: 8.0 in region r"},
            {"canonical_code": 8, "message": "Insufficient quota"},  # what the error says, too, is said once
        ],
    )
    operations, _, _ = make([gke()], [failed])
    operations.start_container("create cluster edge", "create_cluster", **CLUSTER)
    with pytest.raises(OperationFailed) as caught:
        operations.finish()
    assert caught.value.errors == [
        {"code": "RESOURCE_EXHAUSTED", "message": "Insufficient quota"},
        {"code": "GCE_QUOTA_EXCEEDED", "message": "Limit: 8.0 in region r"},
    ]


@pytest.mark.parametrize("obstacle", [BUSY, ApiError("x", 429, "RESOURCE_EXHAUSTED", "too many")])
def test_what_is_in_the_way_is_waited_out(obstacle: ApiError) -> None:
    operations, google, _ = make([obstacle, obstacle, gke()])
    operations.start_container("create node pool p", "create_node_pool", **POOL)
    assert len(google.sent) == 3
    assert operations.under_way


def test_what_stays_in_the_way_is_named_at_the_deadline() -> None:
    operations, _, clock = make([BUSY] * 100, seconds=20)
    with pytest.raises(TimedOut, match=r"operation-1718-fd4f.*; Google has not accepted it: run again"):
        operations.start_container("create node pool p", "create_node_pool", **POOL)
    assert clock.now == pytest.approx(20)


def test_another_failed_precondition_is_not_waited_out() -> None:
    operations, google, _ = make([ApiError("x", 400, "failedPrecondition", "Cluster has no such feature.")])
    with pytest.raises(ApiError, match="no such feature"):
        operations.start_container("set x", "update_cluster", name=CLUSTER_PATH)
    assert len(google.sent) == 1


def test_a_lost_answer_of_compute_is_asked_for_again_with_the_same_identity() -> None:
    operations, google, _ = make([LOST, BROKEN, compute()], [None, None, compute("DONE")])
    operations.start_compute("create network n", "Networks", "insert", **NETWORK)
    assert len({request["request_id"] for request in google.sent}) == 1
    assert operations.under_way


@pytest.mark.parametrize("lost", [LOST, BROKEN, ApiError("x", 502, "", "an HTML page")])
@pytest.mark.parametrize(
    ("method", "request_", "resource"),
    [
        ("create_cluster", CLUSTER, CLUSTER_PATH),
        ("create_node_pool", POOL, f"{CLUSTER_PATH}/nodePools/n"),
    ],
)
def test_a_creation_whose_answer_was_lost_is_sent_again_only_if_nothing_is_to_be_seen_of_it(
    lost: Exception, method: str, request_: dict[str, Any], resource: str
) -> None:
    operations, google, _ = make([lost, lost], [None, container_v1.Cluster(name="c")])
    operations.start_container("create it", method, **request_)
    assert len(google.sent) == 2
    assert google.asked == [{"name": resource}] * 2
    assert operations.overtaken
    assert not operations.under_way


@pytest.mark.parametrize("kind", ["container", "compute"])
def test_what_was_created_by_others_meanwhile_counts_as_created_and_is_noted(kind: str) -> None:
    operations, google, _ = make([EXISTS], [object()])
    assert not operations.overtaken
    if kind == "container":
        operations.start_container("create cluster c", "create_cluster", **CLUSTER)
    else:
        operations.start_compute("create network n", "Networks", "insert", **NETWORK)
        assert google.asked == [{"project": "p", "network": "n"}]
    assert operations.overtaken
    assert not operations.under_way


def test_what_is_said_to_be_there_but_is_not_is_created_after_all() -> None:
    operations, google, _ = make([EXISTS, gke()], [None])
    operations.start_container("create cluster c", "create_cluster", **CLUSTER)
    assert len(google.sent) == 2
    assert operations.under_way
    assert not operations.overtaken


def test_a_conflict_is_no_creation_where_nothing_is_created() -> None:
    operations, _, _ = make([EXISTS])
    with pytest.raises(ApiError, match="Already exists") as caught:
        operations.start_container("set x", "update_cluster", name=CLUSTER_PATH)
    assert not isinstance(caught.value, Stale)


def test_a_refusal_after_a_lost_answer_tells_nothing_but_to_read_again() -> None:
    refusal = ApiError("set x", 400, "badRequest", "Master is already at this version.")
    operations, _, _ = make([LOST, refusal])
    with pytest.raises(Stale, match="already at this version"):
        operations.start_container("set x", "update_cluster", name=CLUSTER_PATH)


def test_an_answer_that_is_no_operation_is_none() -> None:
    operations, google, _ = make([container_v1.Operation(), gke()], [None])
    operations.start_container("create cluster c", "create_cluster", **CLUSTER)
    assert len(google.sent) == 2


def test_the_server_says_itself_how_long_it_wants_to_be_left_alone() -> None:
    busy = ApiError("x", 429, "RESOURCE_EXHAUSTED", "too many", retry_after=20)
    operations, _, clock = make([busy, gke()])
    operations.start_container("set x", "update_cluster", name=CLUSTER_PATH)
    assert clock.now == 20


def test_too_many_requests_are_sent_more_and_more_seldom() -> None:
    busy = ApiError("x", 429, "RESOURCE_EXHAUSTED", "too many")
    operations, _, clock = make([*[busy] * 6, gke()])
    operations.start_container("set x", "update_cluster", name=CLUSTER_PATH)
    assert clock.now == 0.5 + 1 + 2 + 4 + 8 + 16


def test_what_is_gone_need_not_be_deleted() -> None:
    operations, _, _ = make([ApiError("x", 404, "notFound", "Not found: c.")])
    operations.start_container("delete cluster c", "delete_cluster", name=CLUSTER_PATH)
    assert not operations.under_way


@pytest.mark.parametrize(("at", "told"), [(3.0, "no answer"), (4.0, "502 Bad Gateway")])
def test_a_try_that_our_deadline_ended_does_not_hide_what_was_said_before(at: float, told: str) -> None:
    clock = Clock()
    tries = Tries(Deadline(4, clock))
    tries.in_vain(ApiError("set it", 502, "", "502 Bad Gateway"))
    clock.sleep(at)
    assert told in tries.in_vain(Unreachable("set it: no answer")).obstacle


def test_a_server_that_stays_away_is_given_up() -> None:
    operations, google, clock = make([LOST] * 100)
    with pytest.raises(Unreachable):
        operations.start_container("set x", "update_cluster", name=CLUSTER_PATH)
    assert DOUBT_PATIENCE / 2 < clock.now <= DOUBT_PATIENCE
    assert len(google.sent) < 10


@pytest.mark.parametrize(
    ("method", "found"),
    [
        ("create_cluster", [None, container_v1.Cluster(name="c")]),
        ("delete_cluster", [container_v1.Cluster(status="RUNNING"), container_v1.Cluster(status="STOPPING")]),
        ("delete_cluster", [container_v1.Cluster(status="RUNNING"), None]),
        ("update_cluster", [container_v1.Cluster(name="c")]),
    ],
)
def test_of_an_operation_that_is_no_longer_known_the_effect_is_looked_for(method: str, found: list[Any]) -> None:
    operations, google, _ = make([gke()], [None, *found])
    operations.start_container("do it", method, **(CLUSTER if method == "create_cluster" else {"name": CLUSTER_PATH}))
    operations.finish()
    assert google.asked[1:] == [{"name": CLUSTER_PATH}] * len(found)
    assert operations.overtaken


@pytest.mark.parametrize(
    ("method", "found", "state"), [("insert", None, "not there"), ("delete", object(), "still there")]
)
def test_an_operation_that_is_no_longer_known_and_had_no_effect_has_failed(
    method: str, found: object, state: str
) -> None:
    operations, _, clock = make([compute()], [None, *[found] * 1000])
    operations.start_compute("do it", "Networks", method, **(NETWORK if method == "insert" else {"network": "n"}))
    with pytest.raises(OperationFailed, match=f"operation-2.*NOT_FOUND.*network n is {state}; run it again"):
        operations.finish()
    assert clock.now == pytest.approx(LOST_PATIENCE)


def test_what_is_under_way_together_is_awaited_together_and_all_failures_are_told() -> None:
    bad = [compute("DONE", error={"errors": [{"code": code, "message": "no"}]}) for code in ("A", "B")]
    operations, _, _ = make([compute(), compute(), compute()], [bad[0], compute("DONE"), bad[1]])
    for name in ("n", "m", "o"):
        operations.start_compute(f"create network {name}", "Networks", "insert", network_resource={"name": name})
    with pytest.raises(OperationFailed) as caught:
        operations.finish()
    assert str(caught.value).splitlines() == [
        "create network n failed (operation operation-2): A: no",
        "create network o failed (operation operation-2): B: no",
    ]
    assert [error["code"] for error in caught.value.details()["operation_errors"]] == ["A", "B"]
    assert not operations.under_way


def test_the_deadline_names_what_was_last_seen() -> None:
    operations, _, _ = make([gke()], [gke()] * 100, seconds=30)
    operations.start_container("create cluster c", "create_cluster", **CLUSTER)
    with pytest.raises(TimedOut) as caught:
        operations.finish()
    assert str(caught.value) == (
        "create cluster c did not happen within 30 s; last seen: RUNNING; what was started goes on: run again to wait "
        "for it, with a longer wait_timeout if need be"
    )


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_outage_while_an_operation_goes_on_ends_nothing(status: int) -> None:
    later = ApiError("x", status, "backendError", "later")
    operations, google, clock = make([gke()], [*[LOST, later] * 20, gke("DONE")])
    operations.start_container("create cluster c", "create_cluster", **CLUSTER)
    operations.finish()
    assert clock.now > 30
    assert Progress("create cluster c", "no answer", None, 0) in google.said


def test_an_outage_until_the_deadline_is_named() -> None:
    operations, _, _ = make([gke()], [LOST] * 100, seconds=30)
    operations.start_container("create cluster c", "create_cluster", **CLUSTER)
    with pytest.raises(TimedOut, match="last seen: no answer"):
        operations.finish()


def test_a_refusal_is_no_outage() -> None:
    operations, _, _ = make([gke()], [ApiError("x", 403, "forbidden", "no")])
    operations.start_container("create cluster c", "create_cluster", **CLUSTER)
    with pytest.raises(ApiError, match="forbidden"):
        operations.finish()


def test_the_server_is_asked_to_wait_only_while_there_is_time() -> None:
    operations, google, clock = make([compute()], [compute(), compute(), compute("DONE")])
    operations.start_compute("create network n", "Networks", "insert", **NETWORK)
    clock.now = 600 - LONGEST_LONG_POLL - 0.1
    operations.finish()
    assert google.looked[0] == ("wait", LONGEST_LONG_POLL)
    assert {method for method, timeout in google.looked[1:]} == {"get"}


def test_reads_end_with_the_run() -> None:
    operations, google, _ = make([])
    assert google.deadline is operations.deadline


def test_a_wait_tells_how_far_it_is_after_each_look() -> None:
    operations, google, clock = make([compute()], [compute(progress=each) for each in range(60)] + [compute("DONE")])
    operations.start_compute("create network n", "Networks", "insert", **NETWORK)
    operations.finish()
    assert [now.percent for now in google.said] == list(range(60))
    assert {(now.what, now.phase) for now in google.said} == {("create network n", "RUNNING")}
    times = [now.elapsed or 0.0 for now in google.said]
    assert times == sorted(times)
    assert times[-1] <= clock.now


def test_a_status_message_is_a_failure_and_a_detail_is_progress() -> None:
    failed = gke("DONE", status_message="Google Compute Engine: quota exceeded")
    operations, google, _ = make([gke()], [gke(detail="waiting for machines"), failed])
    operations.start_container("create cluster c", "create_cluster", **CLUSTER)
    with pytest.raises(OperationFailed, match="quota exceeded"):
        operations.finish()
    assert google.said == [Progress("create cluster c", "waiting for machines", None, 0)]


def test_a_compute_operation_that_failed_without_words_has_failed() -> None:
    failed = compute("DONE", http_error_status_code=400, http_error_message="BAD REQUEST")
    operations, _, _ = make([compute()], [failed])
    operations.start_compute("create network n", "Networks", "insert", **NETWORK)
    with pytest.raises(OperationFailed, match="400: BAD REQUEST"):
        operations.finish()


NOT_READY = ApiError("x", 400, "resourceNotReady", "The resource 'projects/p/global/firewalls/f' is not ready")
STALE = Stale("x", 412, "conditionNotMet", "Invalid fingerprint.")


@pytest.mark.parametrize("refusal", [NOT_READY, STALE, LOST], ids=["not ready", "stale", "lost"])
def test_what_replaces_what_was_read_is_read_again_for_each_try(refusal: Exception) -> None:
    operations, google, _ = make([refusal, compute()])
    read = iter(["before", "after"])
    operations.rewrite_in_compute("update rule", "Firewalls", "patch", lambda: {"firewall": next(read)})
    assert google.sent == [{"project": "p", "firewall": "before"}, {"project": "p", "firewall": "after"}]
    assert operations.under_way


def test_what_is_found_done_is_not_sent_again() -> None:
    operations, google, _ = make([LOST])
    read = iter([{"firewall": "f"}, None])
    operations.rewrite_in_compute("update rule", "Firewalls", "patch", lambda: next(read))
    assert len(google.sent) == 1
    assert not operations.under_way


def test_a_fingerprint_that_never_is_current_is_given_up() -> None:
    operations, google, _ = make([STALE] * 100)
    with pytest.raises(ApiError, match=r"Invalid fingerprint\..*see who else is at it") as caught:
        operations.rewrite_in_compute("add range", "Subnetworks", "patch", lambda: {"subnetwork": "s"})
    assert not isinstance(caught.value, Stale), "it would be planned, and tried so often, once more"
    assert len(google.sent) == MOST_STALE


def test_a_fingerprint_that_is_old_after_a_lost_answer_may_be_old_by_our_own_change() -> None:
    operations, google, _ = make([LOST, STALE])
    with pytest.raises(Stale, match="Invalid fingerprint") as caught:
        operations.start_container("set labels", "set_labels", name=CLUSTER_PATH)
    assert caught.value.perhaps_done
    assert len(google.sent) == 2


def test_a_fingerprint_that_is_not_read_again_is_sent_once() -> None:
    operations, google, _ = make([STALE])
    with pytest.raises(Stale, match="Invalid fingerprint"):
        operations.start_compute("add range", "Subnetworks", "patch", subnetwork="s")
    assert len(google.sent) == 1
