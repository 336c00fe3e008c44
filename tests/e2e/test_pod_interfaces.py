# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that real Multus attaches, or refuses to."""

from __future__ import annotations

from typing import Any

import pytest

from cluster import Cluster

pytestmark = pytest.mark.full

POOL = {"cloud.google.com/gke-nodepool": "multinet"}


@pytest.mark.shows("D22")
def test_a_pod_gets_the_interface_that_it_names_in_the_json_form(site: Cluster) -> None:
    element = {"name": "my-nad", "namespace": "default", "interface": "data0", "cni-args": {"note": "x"}}
    options: dict[str, Any] = {
        "name": "named",
        "namespace": site.namespace,
        "image": "nginx",
        "node_pools": ["multinet"],
    }
    made = site.converge("multinet_pod", **options, attachments=[element], wait_timeout=600)
    (data,) = [each for each in made["interfaces"] if each["interface"] == "data0"]
    assert data["name"] == "default/my-nad"
    assert site.get("node", made["node"])["metadata"]["labels"].items() >= POOL.items()
    inside = site.kubectl("exec", "-n", site.namespace, "named", "--", "ip", "-o", "addr", "show", "data0")
    assert f"inet {data['ips'][0]}/24" in inside
    site.converge("multinet_pod", name="named", namespace=site.namespace, state="absent", wait_timeout=600)


@pytest.mark.shows("E12", "D3")
def test_what_isolation_forbids_is_told_in_multus_own_words(site: Cluster) -> None:
    site.converge("nad", namespace=site.namespace, name="theirs", range="10.89.0.0/24")
    annotations = {"k8s.v1.cni.cncf.io/networks": f"{site.namespace}/theirs"}
    name = f"isolated-{site.namespace}"
    site.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", "annotations": annotations},
            "spec": {"nodeSelector": POOL, "containers": [{"name": "main", "image": "nginx"}]},
        }
    )
    try:
        options = {"name": name, "image": "nginx", "attachments": [f"{site.namespace}/theirs"]}
        for _attempt in range(60):  # the kubelet comes to it when it can
            failed = site.module("multinet_pod", **options, wait_timeout=10)
            if "namespace isolation enabled" in failed["msg"]:
                break
        refers = f"pod is in namespace default but refers to target namespace {site.namespace}"
        assert f"namespace isolation enabled, annotation violates permission, {refers}" in failed["msg"]
    finally:
        site.kubectl("delete", "pod", "-n", "default", name, "--wait=false")
