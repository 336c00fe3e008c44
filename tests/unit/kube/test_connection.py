# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to connections: proxies, tokens, and options that cannot be used."""

from __future__ import annotations

import base64
import pathlib
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.multinet.gke.plugins.module_utils import cluster_access, options
from ansible_collections.multinet.gke.plugins.module_utils.errors import AccessError
from ansible_collections.multinet.gke.plugins.module_utils.kube.connection import Connection

pytest.importorskip("kubernetes")

PROXY = "http://proxy.example:3128"


@dataclass
class Context:
    tmpdir: str
    check_mode: bool = False
    diff: bool = False
    warnings: list[str] = field(default_factory=list)
    hidden: set[object] = field(default_factory=set)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def progress(self, now: object) -> None:
        raise AssertionError(now)

    def hide(self, *secrets: object) -> None:
        self.hidden.update(secrets)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the machine has set."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def connect(tmp_path: pathlib.Path, **given: Any) -> Connection:
    checked = ArgumentSpecValidator(options.kubernetes()).validate(given)
    assert not checked.error_messages
    return cluster_access.kubernetes(checked.validated_parameters, Context(str(tmp_path))).connection


def gke(**more: Any) -> dict[str, Any]:
    return {
        "gke_cluster": {"name": "edge", "location": "us-central1-c", "endpoint": "203.0.113.5", **more},
        "auth_kind": "accesstoken",
        "access_token": "secret",
    }


@pytest.mark.parametrize(
    ("no_proxy", "expected"),
    [(None, PROXY), ("", PROXY), ("example.com", PROXY), ("203.0.113.5", None), ("example.com,203.0.113.5", None)],
)
def test_web_sockets_take_the_proxy_if_requests_do(
    no_proxy: str | None, expected: str | None, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if no_proxy is not None:
        monkeypatch.setenv("NO_PROXY", no_proxy)
    for given in (gke(), {"host": "https://203.0.113.5"}):
        connection = connect(tmp_path, **given, proxy=PROXY)
        assert connection.proxy == expected
        assert (connection.pool.proxy is None) is (expected is None)


def test_a_proxy_is_taken_from_the_environment(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    assert connect(tmp_path, **gke()).proxy == PROXY
    monkeypatch.setenv("NO_PROXY", "203.0.113.5")
    assert connect(tmp_path, **gke()).proxy is None


def test_without_a_proxy_there_is_none(tmp_path: pathlib.Path) -> None:
    assert connect(tmp_path, **gke()).proxy is None


def test_who_we_are(tmp_path: pathlib.Path) -> None:
    assert connect(tmp_path, **gke()).headers() == {"authorization": "Bearer secret"}
    assert connect(tmp_path, host="https://h", api_key="k").headers() == {"authorization": "Bearer k"}
    assert connect(tmp_path, host="https://h").headers() == {}


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://203.0.113.5"}}]
users: [{name: u, user: %s}]
"""


@pytest.mark.parametrize(
    ("user", "headers"),
    [
        ("{username: me, password: pass}", {"authorization": f"Basic {base64.b64encode(b'me:pass').decode()}"}),
        ("{token: t}", {"authorization": "Bearer t"}),
        ("{}", {}),
    ],
)
def test_who_we_are_by_a_kubeconfig(user: str, headers: dict[str, str], tmp_path: pathlib.Path) -> None:
    path = tmp_path / "config"
    path.write_text(KUBECONFIG % user)
    assert connect(tmp_path, kubeconfig=str(path)).headers() == headers
    assert connect(tmp_path, kubeconfig=str(path), api_key="k").headers() == {"authorization": "Bearer k"}


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "just a text", "", "[1, 2]", "contexts: 7", "clusters: []"])
def test_a_kubeconfig_that_is_none_is_refused(text: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(AccessError, match="the kubeconfig cannot be used: "):
        connect(tmp_path, kubeconfig=str(path))


@pytest.mark.parametrize("server", ["https://[::1", "203.0.113.5:6443", "https://"])
def test_a_kubeconfig_whose_server_is_no_address_is_refused(server: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "config"
    path.write_text((KUBECONFIG % "{token: t}").replace("https://203.0.113.5", server))
    with pytest.raises(AccessError, match=r"the kubeconfig.*(is no address of an API server|Invalid IPv6 URL)"):
        connect(tmp_path, kubeconfig=str(path))


@pytest.mark.parametrize(
    ("ca_data", "message"),
    [
        ("a", r"gke_cluster.ca_data is not a certificate \(PEM\) in base64: "),
        ("/w==", r"gke_cluster.ca_data is not a certificate \(PEM\) in base64: "),
        ("w6k=", r"gke_cluster.ca_data is not a certificate \(PEM\) in base64: "),
        (base64.b64encode(b"no PEM").decode(), "the certificates for https://203.0.113.5 cannot be used: "),
    ],
)
def test_a_ca_that_is_none_is_refused(ca_data: str, message: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(AccessError, match=message):
        connect(tmp_path, **gke(ca_data=ca_data))
