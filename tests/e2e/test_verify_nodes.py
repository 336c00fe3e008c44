# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What multinet_verify finds on real nodes and in real pods, where the API alone would be believed."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cluster import Cluster

pytestmark = pytest.mark.full

NETWORKS = "k8s.v1.cni.cncf.io/networks"
POOL = "cloud.google.com/gke-nodepool"
CONF = "/conf/whereabouts.d/whereabouts.kubeconfig"
OWN_PODS = ("pods", "-A", "-l", "multinet.gke/run")


def nodes(cluster: Cluster, pool: str) -> list[str]:
    return [node["metadata"]["name"] for node in cluster.get("nodes", "-l", f"{POOL}={pool}")["items"]]


def pod(cluster: Cluster, name: str, node: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "app", "image": "docker.io/library/busybox:1.37", "command": ["sleep", "3600"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": cluster.namespace, "annotations": {NETWORKS: "default/my-nad"}},
        "spec": {"nodeName": node, "terminationGracePeriodSeconds": 0, "containers": [container], **spec},
    }


def await_ready(cluster: Cluster, *names: str) -> None:
    pods = [f"pod/{name}" for name in names]
    cluster.kubectl("wait", "--for=condition=Ready", "--timeout=600s", "-n", cluster.namespace, *pods)


def remove(cluster: Cluster, *names: str, force: bool = False) -> None:
    how = ("--force", "--grace-period=0") if force else ()
    cluster.kubectl("delete", "pod", "-n", cluster.namespace, *names, *how)


def verify(cluster: Cluster, *checks: str, **options: Any) -> list[dict[str, Any]]:
    """Return the results of checks, and show that no pod of our own is left."""
    target = {"name": "my-nad", "master": "eth1", "range": "172.16.1.0/24", "node_pools": ["multinet"]}
    defaults = {"attachments": [target], "namespaces": [cluster.namespace], "fail_on": "never"}
    result = cluster.module("multinet_verify", **{**defaults, "checks": list(checks), **options})
    assert not result.get("failed"), result["msg"]
    left = [each["metadata"] for each in cluster.get(*OWN_PODS)["items"]]
    assert all("deletionTimestamp" in each for each in left), left
    results: list[dict[str, Any]] = result["results"]
    return results


def texts(results: list[dict[str, Any]], check: str, status: str = "fail") -> dict[str, str]:
    """Return what a check found, by subject."""
    return {each["subject"]: each["msg"] for each in results if (each["check"], each["status"]) == (check, status)}


@pytest.mark.shows("D5", "D18")
@pytest.mark.sample(2, "long stories")
def test_a_site_in_order_passes_with_a_look_at_nodes_and_into_pods(site: Cluster) -> None:
    first, second = nodes(site, "multinet")
    site.apply(pod(site, "a", first), pod(site, "b", second))
    await_ready(site, "a", "b")
    expected = {"nad": "my-nad", "interface": "net1", "ip_in": "172.16.1.0/24", "count": 2, "mtu": 1460}
    with site.asked() as asked:
        results = verify(
            site,
            *("daemonset_ready", "token_age", "gc_recent", "config_first_file", "cluster_network_file"),
            *("ipvlan_binary", "node_has_master", "mac_equals_nic", "inside", "expect", "crd_schema", "components"),
            inspect_nodes=True,
            expect=[{**expected, "mac_is_nic": True}],
        )
    assert {each["status"] for each in results} == {"pass"}, results
    assert "2 of 2 pods have inside what their network-status claims" in texts(results, "inside", "pass")["all pods"]
    assert "succeeded" in texts(results, "gc_recent", "pass")["kube-system/gke-multinet"]
    assert "expires in 36" in texts(results, "token_age", "pass")["kube-system/gke-multinet"]
    # Of a request that lasts, the log has its begin and its end.
    execs = {each["auditID"] for each in asked.requests if each["objectRef"].get("subresource") == "exec"}
    assert len(execs) == 2


@contextmanager
def writer(site: Cluster, node: str) -> Iterator[Any]:
    """Run commands on a node, where /conf is the directory of its CNI configurations."""
    mount = {"name": "conf", "mountPath": "/conf"}
    container = {
        "name": "app",
        "image": "docker.io/library/busybox:1.37",
        "command": ["sleep", "3600"],
        "volumeMounts": [mount],
    }
    volume = {"name": "conf", "hostPath": {"path": "/etc/cni/net.d"}}
    site.apply(pod(site, "writer", node, hostNetwork=True, containers=[container], volumes=[volume]))
    await_ready(site, "writer")
    yield lambda script: site.kubectl("exec", "-n", site.namespace, "writer", "--", "sh", "-c", script)


def expired_token() -> str:
    parts = ({"alg": "RS256"}, {"exp": int(time.time()) - 7200})
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(each).encode()).decode().strip("=") for each in parts), "c2ln"]
    )


@pytest.mark.shows("E3", "E15", "D9", "D19")
@pytest.mark.sample(2, "long stories")
def test_another_first_file_and_an_expired_token_are_found_on_the_node(site: Cluster) -> None:
    node, _other = nodes(site, "multinet")
    foreign = json.dumps({"cniVersion": "0.3.1", "name": "aaa", "type": "ptp"})
    with writer(site, node) as run:
        token = expired_token()
        run(f'cp -p {CONF} /conf/kept; sed -i \'s/"token": "[^"]*"/"token": "{token}"/\' {CONF}')
        try:
            run(f"echo '{foreign}' > /conf/00-aaa.conf")
            results = verify(site, "config_first_file", "token_age", inspect_nodes=True)
        finally:
            run(f"rm -f /conf/00-aaa.conf; [ ! -f /conf/kept ] || mv /conf/kept {CONF}")
    found = texts(results, "config_first_file")
    assert found == {
        node: f"the first file in /etc/cni/net.d is 00-aaa.conf: Multus is not the CNI plugin of node {node}"
    }
    expired = [each["msg"] for each in results if each["check"] == "token_age"]
    assert expired == [f"token in whereabouts.kubeconfig expired 2 h ago on node {node}"]
    assert token.rpartition(".")[2] not in json.dumps(results)
    results = verify(site, "config_first_file", "token_age", inspect_nodes=True)
    assert {each["status"] for each in results} == {"pass"}, results


@pytest.mark.shows("D22", "D13", "E4")
@pytest.mark.sample(2, "long stories")
def test_a_node_without_the_network_and_a_component_without_memory_are_found(site: Cluster) -> None:
    (bare,) = nodes(site, "default-pool")
    gc = site.get("daemonset", "-n", "kube-system", "gke-multinet")["spec"]["template"]["spec"]["containers"][0]
    greedy = {
        "name": "greedy",
        "image": gc["image"],
        "command": ["/bin/sh", "-c", "tail /dev/zero"],
        "resources": {"limits": {"memory": "16Mi"}, "requests": {"memory": "16Mi"}},
    }
    killed = pod(site, "killed", bare, hostNetwork=True, containers=[greedy])
    del killed["metadata"]["annotations"]
    site.apply(pod(site, "lost", bare), killed)
    gone = "jsonpath={.status.containerStatuses[0].lastState.terminated.reason}=OOMKilled"
    site.kubectl("wait", f"--for={gone}", "--timeout=600s", "-n", site.namespace, "pod/killed")
    results = verify(
        site,
        *("node_has_master", "misplaced", "network_status", "components"),
        inspect_nodes=True,
    )
    assert texts(results, "node_has_master") == {"default/my-nad": f"node {bare} has no eth1 (pool default-pool)"}
    lost = f"{site.namespace}/lost"
    assert f"on node {bare} of pool default-pool" in texts(results, "misplaced")[lost]
    waits = texts(results, "network_status", "warn")[lost]
    while 'failed to lookup master "eth1"' not in waits:  # in Multus' own words, as soon as it has tried
        assert waits.startswith("is Pending (ContainerCreating"), waits
        waits = texts(verify(site, "network_status"), "network_status", "warn")[lost]
    killed_text = texts(results, "components")[f"{site.namespace}/killed"]
    assert f"container greedy on {bare} was killed for want of memory (its limit is 16Mi)" in killed_text


@pytest.mark.shows("E5")
@pytest.mark.sample(2, "long stories")
def test_pods_that_lost_their_interface_with_their_node_are_found(site: Cluster) -> None:
    node, _other = nodes(site, "multinet")
    site.apply(pod(site, "survivor", node), pod(site, "fresh", node))
    await_ready(site, "survivor", "fresh")
    time.sleep(60)  # a sandbox that is much younger than the network-status raises a doubt
    site.lab.gkelab("kill-node", node)
    remove(site, "fresh", force=True)
    site.apply(pod(site, "fresh", node))
    site.lab.gkelab("start-node", node)
    await_ready(site, "fresh")
    site.kubectl("rollout", "status", "-n", "kube-system", "daemonset/gke-multinet", "--timeout=600s")

    results = verify(site, "network_status", "ip_in_pool", "daemonset_ready", "token_age")
    survivor, fresh = f"{site.namespace}/survivor", f"{site.namespace}/fresh"
    without = f"pod {fresh} has annotation but no network-status (Multus was not the CNI when it started?)"
    assert texts(results, "network_status") == {fresh: without}  # of the survivor the API denies everything
    target = {"attachments": [{"name": "my-nad"}], "namespaces": [site.namespace], "fail_on": "never"}
    doubted = site.module("multinet_verify", **target, check=True)
    doubts = texts(doubted["results"], "inside", "warn")
    assert "so it has probably lost its additional interfaces with its node" in doubts[survivor]

    proof = texts(verify(site, "inside"), "inside")
    assert list(proof) == [survivor]
    assert "the pod has no net1 (it has: eth0)" in proof[survivor]

    remove(site, "survivor", "fresh")
    site.apply(pod(site, "survivor", node), pod(site, "fresh", node))
    await_ready(site, "survivor", "fresh")
    results = verify(site, "network_status", "inside")
    assert {each["status"] for each in results} == {"pass"}, results
