# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates are verified; where somebody says that they are not to be, each result warns of it."""

from __future__ import annotations

import json
import pathlib
import ssl
from typing import Any

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.errors import AccessError, MultinetError
from ansible_collections.multinet.gke.plugins.module_utils.kube.connection import Connection, Identity
from ansible_collections.multinet.gke.plugins.module_utils.kube.exec import run
from ansible_collections.multinet.gke.plugins.module_utils.kube.kinds import POD, Ref
from canaries import Secrets
from hostile import Hostile, listening
from installed import Modules

# What has switched verification off somewhere once: in requests before 2.28, in Python 2, in curl, git and node.
TRAPS = {
    "REQUESTS_CA_BUNDLE": "",
    "CURL_CA_BUNDLE": "",
    "SSL_CERT_FILE": "",
    "SSL_CERT_DIR": "",
    "PYTHONHTTPSVERIFY": "0",
    "WEBSOCKET_CLIENT_CA_BUNDLE": "",
    "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    "GIT_SSL_NO_VERIFY": "1",
    "CLOUDSDK_AUTH_DISABLE_SSL_VALIDATION": "true",
}
GOOGLE = {"name": "n", "project": "p", "auth_kind": "accesstoken", "wait_timeout": 1}
POD_OF_SOMEBODY = Ref(POD, "samplepod", "default")


def google(hostile: Hostile, given: Secrets) -> dict[str, Any]:
    return {**GOOGLE, "access_token": given.token, "compute_endpoint": hostile.address}


@pytest.mark.parametrize("way", ["direct", "module"])
def test_nothing_in_the_environment_switches_it_off(
    modules: Modules, given: Secrets, tmp_path: pathlib.Path, way: str
) -> None:
    with listening("403", folder=tmp_path) as hostile:
        for module, options in (
            ("gke_multinet_vpc", google(hostile, given)),
            ("nad_info", {"host": hostile.address, "api_key": given.api_key}),
        ):
            result = modules.run(module, options, TRAPS, check=True, way=way)
            assert "not trusted" in result["msg"]
        assert hostile.asked == []


@pytest.mark.parametrize("how", ["option", "environment", "kubeconfig"])
@pytest.mark.parametrize("way", ["direct", "module"])
def test_who_switches_it_off_is_warned_each_time(
    modules: Modules, given: Secrets, tmp_path: pathlib.Path, how: str, way: str
) -> None:
    with listening("403", folder=tmp_path) as hostile:
        at: dict[str, Any] = {"host": hostile.address, "api_key": given.api_key}
        options, environment = {
            "option": ({**at, "validate_certs": False}, {}),
            "environment": (at, {"K8S_AUTH_VERIFY_SSL": "no"}),
            "kubeconfig": (next(each.options for each in given.to_kubernetes(hostile) if each.name == "token"), {}),
        }[how]
        result = modules.run("nad_info", options, environment, check=False, way=way)
        assert hostile.asked
    assert result["api_error"]["status"] == 403
    assert [text for text in result["warnings"] if "certificate is not verified" in text]


def test_an_api_server_without_tls_is_warned_of_unless_it_is_here(modules: Modules, given: Secrets) -> None:
    elsewhere = {"host": "http://192.0.2.1:1", "api_key": given.api_key, "proxy": "http://127.0.0.1:1"}
    result = modules.run("nad_info", elsewhere, {}, check=False)
    assert [text for text in result["warnings"] if "without TLS" in text]
    with listening("403") as hostile:
        result = modules.run("nad_info", {"host": hostile.address, "api_key": given.api_key}, {}, check=False)
    assert "warnings" not in result


@pytest.mark.parametrize("option", ["compute_endpoint", "container_endpoint", "iam_endpoint"])
def test_no_token_goes_to_google_in_the_clear(modules: Modules, given: Secrets, option: str) -> None:
    options = {**GOOGLE, "access_token": given.token, option: "http://192.0.2.1"}
    result = modules.run("gke_multinet_vpc", options, {}, check=True)
    assert [error["path"] for error in result["errors"]] == [option]


def test_no_token_comes_from_google_in_the_clear(modules: Modules, given: Secrets) -> None:
    key = json.loads(given.key(Hostile("403", "", "http://192.0.2.1")))
    options = {**GOOGLE, "auth_kind": "serviceaccount", "service_account_contents": json.dumps(key)}
    assert "token_uri is without TLS" in modules.run("gke_multinet_vpc", options, {}, check=True)["msg"]


def test_redirects_are_not_followed(modules: Modules, given: Secrets) -> None:
    with listening("redirect") as hostile:
        result = modules.run("gke_multinet_vpc", google(hostile, given), {}, check=True)
        assert "redirects" in result["msg"]
        for name in ("impersonation", "service_account_contents"):
            options = next(each.options for each in given.to_google(hostile) if each.name == name)
            result = modules.run("gke_multinet_vpc", {**GOOGLE, **options}, {}, check=True)
            assert "redirects" in result["msg"]
        result = modules.run("nad_info", {"host": hostile.address, "api_key": given.api_key}, {}, check=True)
        assert "redirected to" in result["msg"]
        way = Connection(hostile.address, None, None, Identity("me", lambda: {"authorization": "Bearer x"}, ""))
        with pytest.raises(MultinetError, match="Redirect"):
            run(way, POD_OF_SOMEBODY, ["true"], timeout=5)
        assert len(hostile.asked) == 5
        assert [line for line in hostile.asked if "/token" in line]
        assert not [line for line in hostile.asked if "elsewhere" in line]


def test_a_command_in_a_pod_trusts_the_clusters_ca_alone(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the system is not enough, and verification that is switched off is off for commands, too."""
    other, own = tmp_path / "other", tmp_path / "own"
    for folder in (other, own):
        folder.mkdir()
    with listening("403", folder=own) as hostile, listening("403", folder=other) as stranger:
        (tmp_path / "system.pem").write_text(hostile.ca)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))

        def refusal(tls: ssl.SSLContext) -> MultinetError:
            with pytest.raises(MultinetError) as refused:
                run(Connection(hostile.address, None, tls, Identity("me", dict, "")), POD_OF_SOMEBODY, ["a"], timeout=5)
            return refused.value

        assert isinstance(refusal(ssl.create_default_context(cadata=stranger.ca)), AccessError)
        assert hostile.asked == []
        unverified = ssl.create_default_context(cadata=stranger.ca)
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        for tls in (ssl.create_default_context(cadata=hostile.ca), unverified):
            assert "HTTP 403" in str(refusal(tls))
