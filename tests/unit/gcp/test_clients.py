# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often is asked, for how long, and when it is given up; the clock moves only with our own pauses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import requests
from google.api_core import exceptions

from ansible_collections.multinet.gke.plugins.module_utils.errors import ApiError, Unreachable
from ansible_collections.multinet.gke.plugins.module_utils.gcp.clients import (
    ANSWER_TIMEOUT,
    METADATA,
    READ_PATIENCE,
    SHORTEST_LOOK,
    Google,
)
from ansible_collections.multinet.gke.plugins.module_utils.gcp.failures import Caller
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Deadline

BUSY = exceptions.ServiceUnavailable("later")
LOST = requests.ConnectionError("refused")
MISSING = exceptions.NotFound("no such thing")
DENIED = exceptions.BadRequest("no")


class Server:
    """A method of a client that answers from a list; it repeats the last answer."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[dict[str, Any]] = []

    def __call__(self, **call: Any) -> Any:
        self.calls.append(call)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Clock:
    """Time that passes only while somebody sleeps."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def make(seconds: float = 600) -> tuple[Google, Clock]:
    clock = Clock()
    google = Google(
        "p",
        SimpleNamespace(caller=Caller("a test", "nothing")),  # type: ignore[arg-type]
        compute_endpoint=None,
        container_endpoint=None,
        progress=lambda text: None,
        sleep=clock.sleep,
    )
    google.deadline = Deadline(seconds, clock)
    return google, clock


def test_a_request_says_who_asks_and_leaves_retries_to_us() -> None:
    google, _ = make()
    server = Server("answer")
    assert google.read("read it", server, {"name": "x"}) == "answer"
    assert server.calls == [{"request": {"name": "x"}, "retry": None, "timeout": ANSWER_TIMEOUT, "metadata": METADATA}]


@pytest.mark.parametrize("failure", [BUSY, LOST, exceptions.TooManyRequests("x"), exceptions.BadGateway("x")])
def test_a_read_is_sent_again_after_longer_and_longer_pauses(failure: Exception) -> None:
    google, clock = make()
    server = Server(failure, failure, failure, "answer")
    assert google.read("read it", server, {}) == "answer"
    assert clock.now == 0.5 + 1 + 2


def test_a_read_is_sent_again_when_the_server_wants_it() -> None:
    google, clock = make()
    wait = exceptions.TooManyRequests("x", response=SimpleNamespace(headers={"Retry-After": "12"}, text=""))
    assert google.read("read it", Server(wait, "answer"), {}) == "answer"
    assert clock.now == 12


def test_a_list_begins_again_with_its_first_page() -> None:
    def broken() -> Any:
        yield 1
        raise BUSY

    google, _ = make()
    assert google.list("list them", Server(broken(), iter([1, 2])), {}) == [1, 2]


@pytest.mark.parametrize("ask", ["find", "look"])
def test_what_is_not_there_is_none(ask: str) -> None:
    google, _ = make()
    server = Server(MISSING)
    assert getattr(google, ask)("read it", server, {}) is None
    assert len(server.calls) == 1


@pytest.mark.parametrize("ask", ["find", "look"])
def test_a_project_that_is_not_there_is_no_project_without_it(ask: str) -> None:
    google, _ = make()
    server = Server(exceptions.NotFound("The resource 'projects/tset-project' was not found"))
    with pytest.raises(ApiError, match=r"read it: HTTP 404.* 'projects/tset-project' was not found"):
        getattr(google, ask)("read it", server, {})


@pytest.mark.parametrize("ask", ["read", "find", "look", "write", "list"])
def test_a_refusal_is_raised_at_once(ask: str) -> None:
    google, _ = make()
    server = Server(DENIED)
    with pytest.raises(ApiError, match="ask it: HTTP 400"):
        getattr(google, ask)("ask it", server, {})
    assert len(server.calls) == 1


@pytest.mark.parametrize("ask", ["look", "write"])
def test_what_others_repeat_is_sent_once(ask: str) -> None:
    google, _ = make()
    server = Server(LOST)
    with pytest.raises(Unreachable):
        getattr(google, ask)("ask it", server, {})
    assert len(server.calls) == 1


def test_patience_ends() -> None:
    google, clock = make()
    with pytest.raises(ApiError, match="read it: HTTP 503"):
        google.read("read it", Server(BUSY), {})
    assert READ_PATIENCE / 2 < clock.now <= READ_PATIENCE


def test_no_read_outlasts_the_run() -> None:
    google, clock = make(seconds=4)
    server = Server(BUSY)
    with pytest.raises(ApiError, match="read it: HTTP 503"):
        google.read("read it", server, {})
    assert clock.now <= 4
    assert [call["timeout"] for call in server.calls] == [4, 3.5, 2.5, SHORTEST_LOOK]


def test_after_the_deadline_a_look_may_still_take_a_moment() -> None:
    google, clock = make(seconds=4)
    clock.now = 5
    server = Server("answer")
    assert google.look("read it", server, {}, 130) == "answer"
    assert server.calls[0]["timeout"] == SHORTEST_LOOK
