# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to an API server that kubernetes.core has, too; and that nothing secret is seen or left behind on any."""

from __future__ import annotations

import base64
import json
import pathlib
from typing import Any

import pytest

from cluster import Cluster
from fault_proxy import certificate
from harness import play_of

pytestmark = pytest.mark.control_plane

CANARY = "canary-in-a-coal-mine"
PLUGIN = """#!/bin/sh
echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "%s"}}'
"""
FAILING = f"#!/bin/sh\necho {CANARY}; echo {CANARY} >&2; exit 1\n"


def place_of(plane: Cluster) -> dict[str, Any]:
    """Return address and CA of the plane's API server, as a kubeconfig has them."""
    config = json.loads(plane.kubectl("config", "view", "--raw", "--minify", "-o", "json"))
    place: dict[str, Any] = config["clusters"][0]["cluster"]
    return place


def kubeconfig(path: pathlib.Path, place: dict[str, Any], user: dict[str, Any]) -> str:
    """Write a kubeconfig; return its path."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": place}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(json.dumps(config))
    return str(path)


def plugin(path: pathlib.Path, script: str) -> dict[str, Any]:
    """Write an exec plugin; return the user of a kubeconfig that has it."""
    path.write_text(script)
    path.chmod(0o700)
    command = {"command": str(path), "interactiveMode": "Never", "provideClusterInfo": False}
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", **command}}


def test_the_environment_of_kubernetes_core_leads_to_the_cluster(plane: Cluster, tmp_path: pathlib.Path) -> None:
    place, token = place_of(plane), plane.lab.environment["GKELAB_TOKEN"]
    ca = tmp_path / "ca.pem"
    ca.write_bytes(base64.b64decode(place["certificate-authority-data"]))
    user = plugin(tmp_path / "plugin", PLUGIN % token)
    for variables in (
        {"K8S_AUTH_HOST": place["server"], "K8S_AUTH_API_KEY": token, "K8S_AUTH_SSL_CA_CERT": str(ca)},
        {"K8S_AUTH_HOST": place["server"], "K8S_AUTH_API_KEY": token, "K8S_AUTH_VERIFY_SSL": "no"},
        {"K8S_AUTH_KUBECONFIG": kubeconfig(tmp_path / "token", place, {"token": token})},
        {"K8S_AUTH_KUBECONFIG": kubeconfig(tmp_path / "exec", place, user), "K8S_AUTH_CONTEXT": "c"},
        {"KUBECONFIG": str(tmp_path / "exec")},
    ):
        environment = {**plane.lab.environment, "KUBECONFIG": "/nowhere", **variables}
        found = plane.modules.run("whereabouts_pool_info", {}, environment, check=False)
        assert not found.get("failed"), (variables, found["msg"])


def test_a_playbook_shows_no_secret_and_leaves_none_behind(plane: Cluster, tmp_path: pathlib.Path) -> None:
    place, token = place_of(plane), plane.lab.environment["GKELAB_TOKEN"]
    certificate(tmp_path / "client.pem")
    pem = (tmp_path / "client.pem").read_bytes()
    key = pem[pem.index(b"-----BEGIN PRIVATE") :]
    inline = {
        "client-certificate-data": base64.b64encode(pem.removesuffix(key)).decode(),
        "client-key-data": base64.b64encode(key).decode(),
    }
    (tmp_path / "ca.pem").write_bytes(base64.b64decode(place["certificate-authority-data"]))
    (tmp_path / "broken").write_text(f"users: [{{token: {CANARY}: x}}]")
    works = kubeconfig(tmp_path / "works", place, {**inline, "token": token})
    ways: dict[str, dict[str, Any]] = {
        "token": {"host": place["server"], "ca_cert": str(tmp_path / "ca.pem"), "api_key": "{{ canary }}"},
        "proxy": {"host": place["server"], "proxy": "http://me:{{ canary }}@127.0.0.1:1"},
        "inline": {"kubeconfig": kubeconfig(tmp_path / "inline", place, {**inline, "token": CANARY})},
        "exec": {"kubeconfig": kubeconfig(tmp_path / "exec", place, plugin(tmp_path / "plugin", PLUGIN % CANARY))},
        "failing": {"kubeconfig": kubeconfig(tmp_path / "failing", place, plugin(tmp_path / "fails", FAILING))},
        "broken": {"kubeconfig": str(tmp_path / "broken")},
        "works": {"kubeconfig": works},
    }
    tasks = [
        {"name": name, "multinet.gke.whereabouts_pool_info": options, "ignore_errors": True}
        for name, options in ways.items()
    ]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    left_behind = {"ANSIBLE_REMOTE_TMP": str(temporary), "ANSIBLE_LOCAL_TEMP": str(temporary), "TMPDIR": str(temporary)}
    # By a variable: Ansible itself quotes the lines around a task that fails.
    run = plane.lab.play(play_of(*tasks), arguments="-vvv", variables={"canary": CANARY}, environment=left_behind)
    failed = [event["event_data"]["task"] for event in run.events if event["event"] == "runner_on_failed"]
    assert failed == ["token", "proxy", "inline", "exec", "failing", "broken"], run.stdout
    seen = json.dumps(run.events) + run.stdout
    for secret in (CANARY, inline["client-key-data"][:60], key.decode().splitlines()[1], token):
        assert secret not in seen
    assert [path for path in temporary.rglob("*") if path.is_file()] == []
