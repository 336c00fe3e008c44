# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client under all that happens between it and an API server."""

from __future__ import annotations

import datetime
import ipaddress
import pathlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.multinet.gke.plugins.module_utils import options
from ansible_collections.multinet.gke.plugins.module_utils.errors import (
    AccessError,
    ApiError,
    InvalidOptions,
    MultinetError,
    Stale,
    Unreachable,
)
from ansible_collections.multinet.gke.plugins.module_utils.kube import client, connection
from ansible_collections.multinet.gke.plugins.module_utils.kube.client import JSON, Kube
from ansible_collections.multinet.gke.plugins.module_utils.kube.kinds import NAD, POD, Ref
from answering import Answer, Object, Request, Server, Time, cut, failure, http, serving

pytest.importorskip("kubernetes")

REF = Ref(POD, "samplepod", "default")
SAMPLE: Object = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "samplepod", "namespace": "default"},
    "spec": {"containers": [{"name": "main", "image": "nginx"}]},
}
LIVE: Object = {**SAMPLE, "metadata": {**SAMPLE["metadata"], "uid": "u"}, "status": {"phase": "Pending"}}
PATCH = [{"op": "test", "path": "/metadata/resourceVersion", "value": "1"}, {"op": "remove", "path": "/x"}]
LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
HTML = "<html><head><title>Sign in</title></head></html>"

# By name: a call, its method, and what a good answer to it is.
CALLS: dict[str, tuple[Callable[[Kube], Any], str, Any]] = {
    "get": (lambda kube: kube.get(REF), "GET", LIVE),
    "list": (lambda kube: list(kube.list(POD)), "GET", {"kind": "PodList", "metadata": {}, "items": [LIVE]}),
    "create": (lambda kube: kube.create(SAMPLE), "POST", LIVE),
    "apply": (lambda kube: kube.apply(SAMPLE), "PATCH", LIVE),
    "merge": (lambda kube: kube.patch(REF, {"metadata": {"labels": {"a": "b"}}}), "PATCH", LIVE),
    "json": (lambda kube: kube.patch(REF, PATCH, JSON), "PATCH", LIVE),
    "delete": (lambda kube: kube.delete(REF), "DELETE", {"kind": "Status", "status": "Success"}),
}
# What may pass, or be lost.
PASSING: dict[str, Answer] = {
    "hang up": None,
    "429": failure(429, "TooManyRequests"),
    "500": failure(500, "InternalError", "etcdserver: leader changed"),
    "502 HTML": http(502, HTML),
    "503": failure(503, "ServiceUnavailable"),
    "504": failure(504, "Timeout"),
    "garbage": http(200, "\x00\x01"),
    "HTML": http(200, HTML),
    "another JSON": http(200, {}),
    "a list": http(200, []),
    "half": cut(http(200, LIVE)),
    "half JSON": http(200, '{"kind": "Pod", "meta'),
    "half a refusal": http(404, '{"kind": "Status", "sta'),
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the machine has set."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def connect(tmp_path: pathlib.Path, **given: Any) -> connection.Connection:
    checked = ArgumentSpecValidator(options.kubernetes()).validate(given)
    assert not checked.error_messages
    return connection.from_options(checked.validated_parameters, str(tmp_path))


@pytest.fixture
def kube_of(tmp_path: pathlib.Path) -> Callable[..., Kube]:
    """Return a client of a server."""

    def make(server: Server, time: Time, seconds: float = 300.0, **given: Any) -> Kube:
        scheme = "https" if server.tls else "http"
        way = connect(tmp_path, host=f"{scheme}://127.0.0.1:{server.port}", **{"api_key": "secret", **given})
        return time.kube(way, seconds)

    return make


MakeKube = Callable[..., Kube]


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("name", CALLS)
def test_what_passes_is_asked_again(kube_of: MakeKube, name: str, fault: str) -> None:
    call, method, good = CALLS[name]
    time = Time()
    with serving(PASSING[fault], PASSING[fault], http(200, good)) as server:
        answer = call(kube_of(server, time))
    assert answer in (None, [LIVE], LIVE)
    assert [request.method for request in server.requests] == [method] * 3
    assert len({(request.path, request.body) for request in server.requests}) == 1
    assert time.pauses == [0.5, 1.0]


@pytest.mark.parametrize("fault", sorted(set(PASSING) - {"hang up"}))
@pytest.mark.parametrize("name", CALLS)
def test_what_does_not_pass_is_given_up_in_time(kube_of: MakeKube, name: str, fault: str) -> None:
    call, _method, _good = CALLS[name]
    time = Time()
    with serving(PASSING[fault]) as server, pytest.raises(MultinetError) as caught:
        call(kube_of(server, time))
    assert isinstance(caught.value, (ApiError, Unreachable))
    assert time.now <= client.PATIENCE
    assert len(server.requests) >= client.FIRST_TRIES
    time = Time()
    with serving(PASSING[fault]) as server, pytest.raises(MultinetError):
        call(kube_of(server, time, 4.0))
    assert time.now <= 4
    time = Time(now=5.0)
    with serving(PASSING[fault]) as server, pytest.raises(MultinetError):
        call(kube_of(server, time, 0.0))
    assert (len(server.requests), time.pauses) == (1, [])


def test_a_server_is_left_alone_as_long_as_it_asks(kube_of: MakeKube) -> None:
    time = Time()
    busy = failure(429, "TooManyRequests", headers={"Retry-After": "7"})
    with serving(busy, http(200, LIVE)) as server:
        assert kube_of(server, time).get(REF) == LIVE
    assert time.pauses == [7.0]


def test_nobody_is_waited_for_longer_than_there_is_time(kube_of: MakeKube) -> None:
    time = Time()
    busy = failure(429, "TooManyRequests", "too many requests", headers={"Retry-After": "7"})
    with serving(busy) as server, pytest.raises(ApiError, match="too many requests; run again") as caught:
        kube_of(server, time, 5.0).get(REF)
    assert (caught.value.status, caught.value.retry_after, time.pauses) == (429, 7.0, [])


def test_what_is_wrong_is_not_asked_again(kube_of: MakeKube) -> None:
    for status in (400, 403, 404, 405, 409, 413, 415, 422):
        with serving(failure(status, "Wrong", "so wrong")) as server, pytest.raises(ApiError, match="so wrong"):
            kube_of(server, Time()).create(SAMPLE)
        assert len(server.requests) == 1


def test_our_own_lost_creation_is_found(kube_of: MakeKube) -> None:
    exists = failure(409, "AlreadyExists")
    with serving(None, exists, http(200, LIVE)) as server:
        assert kube_of(server, Time()).create(SAMPLE) == LIVE
    path = "/api/v1/namespaces/default/pods"
    assert server.seen == [f"POST {path}", f"POST {path}", f"GET {path}/samplepod"]


@pytest.mark.parametrize(
    "found",
    [
        {**LIVE, "spec": {"containers": [{"name": "main", "image": "other"}]}},
        {**LIVE, "metadata": {**LIVE["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}},
    ],
)
def test_what_others_have_made_meanwhile_is_read_again(kube_of: MakeKube, found: Object) -> None:
    exists = failure(409, "AlreadyExists")
    with serving(None, exists, http(200, found)) as server, pytest.raises(Stale) as caught:
        kube_of(server, Time()).create(SAMPLE)
    assert caught.value.perhaps_done
    with serving(exists) as server, pytest.raises(Stale) as caught:
        kube_of(server, Time()).create(SAMPLE)
    assert not caught.value.perhaps_done
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [409, 422])
def test_a_json_patch_whose_answer_was_lost_is_stale_if_its_test_fails_then(kube_of: MakeKube, status: int) -> None:
    changed = failure(status, "Invalid", "the server rejected our request")
    with serving(None, changed) as server, pytest.raises(Stale) as caught:
        kube_of(server, Time()).patch(REF, PATCH, JSON)
    assert caught.value.perhaps_done
    with serving(changed) as server, pytest.raises(ApiError) as first:
        kube_of(server, Time()).patch(REF, PATCH, JSON)
    assert not isinstance(first.value, Stale)
    assert len(server.requests) == 1


def test_fields_of_another_manager_are_no_reason_to_read_again(kube_of: MakeKube) -> None:
    causes = {"causes": [{"reason": "FieldManagerConflict", "field": ".spec.x"}]}
    with serving(failure(409, "Conflict", "conflict", details=causes)) as server, pytest.raises(ApiError) as caught:
        kube_of(server, Time()).apply(SAMPLE)
    assert not isinstance(caught.value, Stale)


def test_what_was_deleted_by_a_lost_deletion_is_gone(kube_of: MakeKube) -> None:
    with serving(None, failure(404, "NotFound")) as server:
        kube_of(server, Time()).delete(REF, uid="u")
    assert [request.method for request in server.requests] == ["DELETE", "DELETE"]


def pod(name: str, namespace: str = "default") -> Object:
    return {"metadata": {"name": name, "namespace": namespace}}


def page(*items: Object, more: str = "") -> bytes:
    return http(200, {"kind": "PodList", "metadata": {"continue": more} if more else {}, "items": list(items)})


def names(kube: Kube) -> list[str]:
    return [item["metadata"]["name"] for item in kube.list(POD)]


def test_a_list_whose_snapshot_is_gone_reads_on_where_it_was(kube_of: MakeKube) -> None:
    expired = failure(410, "Expired", "too old", metadata={"continue": "again"})
    with serving(page(pod("a"), pod("b"), more="next"), expired, page(pod("c"))) as server:
        assert names(kube_of(server, Time())) == ["a", "b", "c"]
    assert [request.path.partition("continue=")[2] for request in server.requests] == ["", "next", "again"]


def test_a_list_that_begins_anew_yields_nothing_twice(kube_of: MakeKube) -> None:
    expired = failure(410, "Expired", "too old")
    first = page(pod("a", "a-1"), pod("b", "a"), more="next")  # in the order of keys: "a-1/a" < "a/b"
    rest = page(pod("c", "a"), pod("a", "b"))
    with serving(first, expired, first, rest) as server:
        assert names(kube_of(server, Time())) == ["a", "b", "c", "a"]
    assert "continue=" not in server.requests[2].path


def test_a_list_that_never_ends_is_given_up(kube_of: MakeKube) -> None:
    expired = failure(410, "Expired", "too old", metadata={"continue": "again"})
    with serving(page(pod("a"), more="next"), expired) as server, pytest.raises(ApiError, match=r"410.*run again"):
        names(kube_of(server, Time()))
    assert len(server.requests) == client.MOST_EXPIRIES + 2


def test_a_list_is_a_list_or_asked_for_again(kube_of: MakeKube) -> None:
    for other in ({"kind": "Pod"}, {"kind": "PodList", "items": None}, {"kind": "PodList", "items": 7}):
        with serving(http(200, other), page(pod("a"))) as server:
            assert names(kube_of(server, Time())) == ["a"]


def test_a_list_of_metadata_is_a_table(kube_of: MakeKube) -> None:
    row = {"object": pod("a"), "cells": ["a", "Running"]}
    columns = [{"name": "Name"}, {"name": "Status"}]
    table = {"kind": "Table", "metadata": {}, "columnDefinitions": columns, "rows": [row]}
    with serving(http(200, {"kind": "PodList", "items": []}), http(200, table)) as server:
        (found,) = kube_of(server, Time()).list(POD, metadata_only=True)
    assert found == {"apiVersion": "v1", "kind": "Pod", **pod("a"), "cells": {"Name": "a", "Status": "Running"}}
    assert server.requests[0].headers["accept"] == client.TABLE


def test_the_log_of_a_container_is_a_text(kube_of: MakeKube) -> None:
    with serving(None, http(200, "2026-01-01T00:00:00Z one\n")) as server:
        assert kube_of(server, Time()).log(REF, "main", since_seconds=60, lines=9) == "2026-01-01T00:00:00Z one\n"
    path = "/api/v1/namespaces/default/pods/samplepod/log"
    assert server.seen[1] == f"GET {path}?container=main&sinceSeconds=60&tailLines=9&timestamps=true"
    with serving(failure(404, "NotFound")) as server:
        assert kube_of(server, Time()).log(REF, "main", since_seconds=60, lines=9) == ""


def test_a_log_that_no_kubelet_gives_is_soon_given_up(kube_of: MakeKube) -> None:
    time = Time()
    away = http(503, {"kind": "Status", "message": "the node is away"})
    with serving(away) as server, pytest.raises(ApiError, match="the node is away"):
        kube_of(server, time).log(REF, "main", since_seconds=60, lines=9)
    assert time.pauses
    assert time.now <= client.PATIENCE_FOR_LOGS


def test_a_page_in_the_middle_is_asked_again(kube_of: MakeKube) -> None:
    first = page(pod("a"), more="next")
    with serving(first, None, http(503, ""), cut(page(pod("b"))), page(pod("b"))) as server:
        assert names(kube_of(server, Time())) == ["a", "b"]


@pytest.mark.parametrize("body", [failure(404, "NotFound"), http(404, "404 page not found\n")])
def test_there_is_no_such_object_or_kind(kube_of: MakeKube, body: bytes) -> None:
    with serving(body) as server:
        kube = kube_of(server, Time())
        assert kube.get(Ref(NAD, "my-nad", "default")) is None
        assert list(kube.list(NAD)) == []


@pytest.mark.parametrize("status", [404, 403, 302])
def test_what_another_server_says_is_not_taken_for_an_answer(kube_of: MakeKube, status: int) -> None:
    with serving(http(status, HTML, Location="https://login.example/")) as server, pytest.raises(ApiError) as caught:
        kube_of(server, Time()).get(REF)
    expected = "redirected to https://login.example/" if status == 302 else "an HTML page (Sign in)"
    assert expected in str(caught.value)


def test_where_an_answer_sends_to_is_shown_as_a_servers_words_are(kube_of: MakeKube) -> None:
    location = "https://login.example/\x1b]0;title\x07" + " more" * 1000
    with serving(http(302, "", Location=location)) as server, pytest.raises(ApiError) as caught:
        kube_of(server, Time()).get(REF)
    assert "redirected to https://login.example/" in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < len(location) / 2


# --- who we are


def test_a_static_token_that_is_refused_is_named_and_not_shown(kube_of: MakeKube) -> None:
    with serving(failure(401, "Unauthorized", "Unauthorized")) as server, pytest.raises(AccessError) as caught:
        kube_of(server, Time(), api_key="canary").get(REF)
    assert str(caught.value) == (
        f"read Pod default/samplepod: the API server at http://127.0.0.1:{server.port} does not accept the token of "
        "api_key: Unauthorized; it has expired or was revoked, or is another cluster's; set a new one "
        "(kubectl create token NAME)"
    )
    assert len(server.requests) == 1


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:%d"}}]
users: [{name: u, user: %s}]
"""
PLUGIN = """#!/bin/sh
printf '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "%%s"}}' \
    "$(cat %s)"
"""
EXEC = (
    "{exec: {apiVersion: client.authentication.k8s.io/v1, command: %s, interactiveMode: Never, "
    "provideClusterInfo: false}}"
)


def _only(token: str, answer: bytes) -> Callable[[Request], bytes]:
    """Return what a server does that knows one token."""
    return lambda request: answer if request.token == token else failure(401, "Unauthorized", "Unauthorized")


def _kubeconfig(tmp_path: pathlib.Path, port: int, how: str) -> tuple[pathlib.Path, pathlib.Path]:
    """Return a kubeconfig, and the file that has its token."""
    token, plugin, path = tmp_path / "token", tmp_path / "plugin", tmp_path / "config"
    token.write_text("first")
    plugin.write_text(PLUGIN % token)
    plugin.chmod(0o700)
    users = {"exec": EXEC % plugin, "tokenFile": f"{{tokenFile: {token}}}", "token": "{token: first}"}
    path.write_text(KUBECONFIG % (port, users[how]))
    return path, token


@pytest.mark.parametrize("how", ["exec", "tokenFile"])
def test_credentials_of_a_kubeconfig_are_read_again_when_they_are_refused(tmp_path: pathlib.Path, how: str) -> None:
    with serving(_only("second", http(200, LIVE))) as server:
        path, token = _kubeconfig(tmp_path, server.port, how)
        kube = Time().kube(connect(tmp_path, kubeconfig=str(path)))
        token.write_text("second")
        assert kube.get(REF) == LIVE
        assert kube.get(REF) == LIVE
    assert [request.token for request in server.requests] == ["first", "second", "second"]


@pytest.mark.parametrize("how", ["exec", "tokenFile", "token"])
def test_credentials_of_a_kubeconfig_that_stay_refused(tmp_path: pathlib.Path, how: str) -> None:
    with serving(_only("another", http(200, LIVE))) as server:
        path, _token = _kubeconfig(tmp_path, server.port, how)
        kube = Time().kube(connect(tmp_path, kubeconfig=str(path)))
        with pytest.raises(AccessError, match=f"does not accept the credentials of the kubeconfig {path}: Unauthor"):
            kube.get(REF)
    assert len(server.requests) == 1  # nobody asks twice with the same


@pytest.mark.parametrize("says", ["echo canary >&2; exit 1", "echo canary", 'echo \'{"kind": "canary"}\''])
def test_an_exec_plugin_that_fails_is_named_and_its_words_are_not_shown(
    tmp_path: pathlib.Path, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path, _token = _kubeconfig(tmp_path, 1, "exec")
    (tmp_path / "plugin").write_text(f"#!/bin/sh\n{says}\n")
    with pytest.raises(AccessError) as caught:
        connect(tmp_path, kubeconfig=str(path))
    assert f"the exec plugin of the kubeconfig {path} gives no credentials (exec: " in str(caught.value)
    assert "canary" not in str(caught.value) + "".join(capfd.readouterr())


def test_a_kubeconfig_that_is_no_yaml_is_not_quoted(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "config"
    path.write_text("users:\n- {name: u, user: {token: canary: canary}}\n")
    with pytest.raises(AccessError) as caught:
        connect(tmp_path, kubeconfig=str(path))
    assert str(caught.value) == "the kubeconfig cannot be used: it is no YAML (line 2)"


def test_a_long_wait_outlives_its_token() -> None:
    tokens = iter(["first", "second", "third"])
    now, valid = [next(tokens)], ["first"]
    identity = connection.Identity(
        "the service account",
        lambda: {"authorization": f"Bearer {now[0]}"},
        "",
        lambda: now.__setitem__(0, next(tokens)),
    )

    def answer(request: Request) -> bytes:
        return _only(valid[0], http(200, LIVE))(request)

    with serving(answer) as server:
        way = connection.from_endpoint("127.0.0.1", "", identity)
        kube = Time().kube(connection.Connection(f"http://127.0.0.1:{server.port}", way.pool, None, identity))
        for each in ("first", "second", "third"):
            valid[0] = each
            assert kube.get(REF) == LIVE
            assert kube.get(REF) == LIVE
    expected = ["first", "first", "first", "second", "second", "second", "third", "third"]
    assert [request.token for request in server.requests] == expected


# --- on the way


def _nobody() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.mark.parametrize(
    ("host", "cause"),
    [
        ("http://127.0.0.1:{port}", "cannot be reached: Connection refused; check host (K8S_AUTH_HOST), and proxy"),
        ("http://nobody.invalid:{port}", "cannot be reached: its name is not known ("),
    ],
)
def test_nobody_is_there(tmp_path: pathlib.Path, host: str, cause: str) -> None:
    time = Time()
    with pytest.raises(AccessError) as caught:
        time.kube(connect(tmp_path, host=host.format(port=_nobody()))).get(REF)
    assert cause in str(caught.value)
    assert len(time.pauses) <= client.FIRST_TRIES - 1


@pytest.mark.parametrize("host", ["203.0.113.5", "htp://203.0.113.5", "http://[::1", "https://", "https://h:port"])
def test_a_host_that_is_no_address_is_refused_before_anybody_hears_the_token(tmp_path: pathlib.Path, host: str) -> None:
    with pytest.raises(InvalidOptions, match=r"host: .* is no address of an API server, as https://203.0.113.5"):
        connect(tmp_path, host=host, api_key="secret")
    with pytest.raises(InvalidOptions, match=r"gke_cluster.endpoint: .* is no address, as 203.0.113.5"):
        connection.from_endpoint(f"https://{host}", "", connection.Identity("me", dict, ""))


def test_a_server_that_has_answered_is_waited_for(tmp_path: pathlib.Path) -> None:
    time = Time()
    with serving(http(200, LIVE)) as server:
        kube = time.kube(connect(tmp_path, host=f"http://127.0.0.1:{server.port}"))
        assert kube.get(REF) == LIVE
    with pytest.raises(Unreachable, match="cannot be reached: Connection refused"):
        kube.get(REF)
    assert len(time.pauses) > client.FIRST_TRIES
    assert time.now <= client.PATIENCE


@pytest.mark.parametrize("begin", [b"", http(200, LIVE)[:40], http(200, LIVE)[:-9]])
def test_a_connection_that_goes_dead_is_given_up(
    kube_of: MakeKube, begin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is open, and nothing comes any more: before the answer, in its headers, in its body."""
    monkeypatch.setattr(client, "SHORTEST_LOOK", 0.2)
    given_up = threading.Event()

    def hang(request: Request) -> Iterator[bytes]:
        yield begin
        given_up.wait(30)

    with serving(hang) as server:
        with pytest.raises(Unreachable, match=r"the API server at .* does not answer"):
            kube_of(server, Time(), 0.0).get(REF)
        given_up.set()


@pytest.mark.parametrize(
    ("endpoint", "hint"),
    [
        ("10.0.0.2", "it is the private endpoint, for the cluster's VPC and what is connected to it"),
        ("10.0.0.2:6443", "it is the private endpoint"),
        ("34.1.2.3", "authorized networks"),
        ("gke-0b5f.us-central1.gke.goog", "Google's front ends"),
    ],
)
def test_an_endpoint_that_is_not_reached_says_which_kinds_there_are(endpoint: str, hint: str) -> None:
    way = connection.from_endpoint(endpoint, "", connection.Identity("me", dict, ""))
    assert hint in way.hint
    assert "gke_cluster.endpoint_kind" in way.hint


# --- TLS


@pytest.fixture
def certificate(tmp_path: pathlib.Path) -> Callable[..., tuple[ssl.SSLContext, str]]:
    """Make a server's certificate, which is its own CA; return its context and its path."""

    def make(name: x509.GeneralName = LOOPBACK, days: int = 1) -> tuple[ssl.SSLContext, str]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        now = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=9))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        path = tmp_path / f"{made.serial_number}.pem"
        private = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        pem = serialization.Encoding.PEM
        path.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, *private))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context, str(path)

    return make


MakeCertificate = Callable[..., tuple[ssl.SSLContext, str]]


def _refused(kube: Kube) -> str:
    with pytest.raises(AccessError) as caught:
        kube.get(REF)
    assert not isinstance(caught.value, Unreachable)
    return str(caught.value)


def test_a_certificate_that_is_trusted(kube_of: MakeKube, certificate: MakeCertificate) -> None:
    tls, path = certificate()
    with serving(http(200, LIVE), tls=tls) as server:
        assert kube_of(server, Time(), ca_cert=path).get(REF) == LIVE


def test_the_ca_of_a_cluster_is_a_text(certificate: MakeCertificate) -> None:
    (tls, path), (_other_tls, other) = certificate(), certificate()
    identity = connection.Identity("me", dict, "")
    with serving(http(200, LIVE), tls=tls) as server:
        own, foreign = (
            connection.from_endpoint(f"127.0.0.1:{server.port}", pathlib.Path(each).read_text(), identity)
            for each in (path, other)
        )
        assert Time().kube(own).get(REF) == LIVE
        assert "self-signed certificate" in _refused(Time().kube(foreign))
    tls, path = certificate(x509.DNSName("elsewhere"))
    with serving(http(200, LIVE), tls=tls) as server:
        way = connection.from_endpoint(f"127.0.0.1:{server.port}", pathlib.Path(path).read_text(), identity)
        assert "for which the certificate was issued" in _refused(Time().kube(way))
        assert server.requests == []


def test_a_certificate_that_is_not_trusted_says_why(kube_of: MakeKube, certificate: MakeCertificate) -> None:
    _tls, other = certificate()
    for (tls, own), ca, cause, remedy in (
        (certificate(), other, "self-signed certificate", "give the cluster's own CA (ca_cert, gke_cluster.ca_data"),
        (certificate(days=-1), None, "certificate has expired", "and to the clock of this machine"),
        (
            certificate(x509.DNSName("elsewhere")),
            None,
            "IP address mismatch|hostname .* doesn't match",  # the latter is said by urllib3 before 2
            "for which the certificate was issued",
        ),
    ):
        time = Time()
        with serving(http(200, LIVE), tls=tls) as server:
            message = _refused(kube_of(server, time, ca_cert=ca or own))
        assert f"the certificate of the API server at https://127.0.0.1:{server.port} is not trusted" in message
        assert re.search(cause, message)
        assert remedy in message
        assert (time.pauses, server.requests) == ([], [])


def test_a_server_without_tls(tmp_path: pathlib.Path) -> None:
    with serving(http(200, LIVE)) as server:
        message = _refused(Time().kube(connect(tmp_path, host=f"https://127.0.0.1:{server.port}")))
    assert "no secure connection to the API server" in message


# --- proxies


def test_a_proxy_gets_its_login(tmp_path: pathlib.Path) -> None:
    with serving(http(200, LIVE)) as proxy:
        way = connect(tmp_path, host="http://203.0.113.5", proxy=f"http://me:p%40ss@127.0.0.1:{proxy.port}")
        assert Time().kube(way).get(REF) == LIVE
    assert proxy.requests[0].path == "http://203.0.113.5/api/v1/namespaces/default/pods/samplepod"
    assert proxy.requests[0].headers["proxy-authorization"] == "Basic bWU6cEBzcw=="


def test_a_proxy_that_refuses_is_named_without_its_login(tmp_path: pathlib.Path) -> None:
    with serving(http(407, "no")) as proxy:
        way = connect(tmp_path, host="https://203.0.113.5", proxy=f"http://me:canary@127.0.0.1:{proxy.port}")
        with pytest.raises(Unreachable, match=r"cannot be reached, through the proxy: Tunnel.*407") as caught:
            Time().kube(way).get(REF)
    assert "canary" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:SOCKS support")
@pytest.mark.parametrize("proxy", ["htp://127.0.0.1", "http://[::1", "socks5://127.0.0.1:1"])
def test_a_proxy_that_cannot_be_one_is_refused(tmp_path: pathlib.Path, proxy: str) -> None:
    with pytest.raises(AccessError, match=r"the proxy for https://203.0.113.5 cannot be used: "):
        connect(tmp_path, host="https://203.0.113.5", proxy=proxy)
