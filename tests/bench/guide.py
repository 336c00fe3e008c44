# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide's site, as each of those who are compared asks for it: eight resources.

They are network, subnetwork, cluster, node pool; the ten documents of Multus and Whereabouts, an attachment, a pod, and
that the pod is ready. No kubelet runs: the API server is told what one would say, which is all that anybody sees there.
"""

from __future__ import annotations

import json
import pathlib
from dataclasses import dataclass
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multus import manifest
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multus_options import Wanted
from ansible_collections.multinet.gke.plugins.modules.multus_install import SPEC
from cluster import EDGE
from harness import Lab, until

from .crowd import network_status, status
from .stage import Stage, options_of_edge, ours

RESOURCES = 8
OBJECTS = (
    5 + 10 + 2
)  # that there are to read: Google's (a firewall rule is there, too), the manifest's, attachment and pod
PLACE = {"project": EDGE["project"], "location": EDGE["location"]}
RANGE = "172.16.1.0/24"
NETWORKS = "k8s.v1.cni.cncf.io/networks"

MODULES: list[tuple[str, dict[str, Any]]] = [
    ("gke_multinet_cluster", EDGE),
    (
        "gke_multinet_vpc",
        {
            "project": EDGE["project"],
            "name": "my-vpc",
            "subnetworks": [
                {
                    "name": "my-subnet",
                    "region": "us-central1",
                    "ip_cidr_range": "10.0.1.0/24",
                    "secondary_ranges": [{"name": "pods", "ip_cidr_range": RANGE}],
                }
            ],
        },
    ),
    (
        "gke_multinet_nodepool",
        {
            **PLACE,
            "name": "multinet",
            "cluster": EDGE["name"],
            "machine_type": "e2-standard-4",
            "node_count": 2,
            "additional_node_networks": [{"network": "my-vpc", "subnetwork": "my-subnet"}],
            "additional_pod_networks": [{"subnetwork": "my-subnet", "secondary_range": "pods", "max_pods_per_node": 8}],
        },
    ),
    ("multus_install", options_of_edge(wait=False)),
    ("nad", options_of_edge(name="my-nad", range=RANGE)),
    ("multinet_pod", options_of_edge(name="samplepod", image="nginx", attachments=["my-nad"])),
]
# As in the site playbook, where the cluster is asked once for its address.
FOUND = {**EDGE, "endpoint": "{{ gke_multinet_cluster.endpoint }}", "ca_data": "{{ gke_multinet_cluster.ca_data }}"}
TASKS = [
    ours(module, {**options, **({"gke_cluster": FOUND} if "gke_cluster" in options else {})}, register=module)
    for module, options in MODULES
]

DESCRIPTION = {
    "multinet_project": EDGE["project"],
    "multinet_location": EDGE["location"],
    "multinet_cluster": {"name": EDGE["name"], "default_pool": {"node_count": 1}},
    "multinet_networks": [
        {
            "vpc": "my-vpc",
            "subnetwork": "my-subnet",
            "node_range": "10.0.1.0/24",
            "pod_ranges": [{"name": "pods", "range": RANGE, "max_pods_per_node": 8, "attachment": "my-nad"}],
        }
    ],
    "multinet_nodepools": [{"name": "multinet", "machine_type": "e2-standard-4", "node_count": 2}],
    "multinet_pods": [{"name": "samplepod", "image": "nginx", "attachments": ["my-nad"]}],
}
INVENTORY = {"all": {"hosts": {"edge": DESCRIPTION}}}


def make(stage: Stage) -> None:
    """Make the site, and let its pods be ready."""
    stage.site(INVENTORY, "--tags", "vpc,cluster,nodepool").run()
    pod, options = MODULES[-1]
    stage.tasks("make", [*TASKS[:-1], ours(pod, {**options, "wait": False})]).run()
    _let_pods_be_ready(stage.lab)


def _let_pods_be_ready(lab: Lab) -> None:
    until(lambda: _placed(lab), patience=60, pause=0.2)
    for number, pod in enumerate(json.loads(lab.kubectl("get", "pods", "-A", "-o", "json"))["items"], 1):
        where = ("-n", pod["metadata"]["namespace"], "patch", "pod", pod["metadata"]["name"], "--type=merge", "-p")
        if pod["metadata"]["name"] == "samplepod":
            annotation = {"k8s.v1.cni.cncf.io/network-status": network_status(number, "172.16.1.1")}
            lab.kubectl(*where, json.dumps({"metadata": {"annotations": annotation}}))
        ready = {name: status(number)[name] for name in ("phase", "startTime", "podIP", "podIPs", "conditions")}
        lab.kubectl(*where, json.dumps({"status": ready}), "--subresource=status")
    lab.kubectl("rollout", "status", "-n", "kube-system", "daemonset/gke-multinet", "--timeout=60s")


def _placed(lab: Lab) -> bool:
    """Tell whether the DaemonSet's controller has made a pod for each node."""
    daemonset = json.loads(lab.kubectl("get", "-n", "kube-system", "daemonset/gke-multinet", "-o", "json"))
    made: int = daemonset["status"].get("currentNumberScheduled", 0)
    return made == len(json.loads(lab.kubectl("get", "nodes", "-o", "json"))["items"])


@dataclass(frozen=True)
class Files:
    """What the guide applies with kubectl, as files."""

    multus: pathlib.Path
    attachment: pathlib.Path
    pod: pathlib.Path

    @classmethod
    def write(cls, stage: Stage) -> Files:
        """Write them: the manifest as we have it; attachment and pod as they are, without what the server adds."""
        files = cls(*(stage.folder / f"{name}.yml" for name in ("multus", "attachment", "pod")))
        given = ArgumentSpecValidator(SPEC["argument_spec"], SPEC.get("mutually_exclusive")).validate({})
        documents = manifest(Wanted.of(given.validated_parameters).installation([]))
        files.multus.write_text(yaml.safe_dump_all(documents))
        attachment, pod = (
            json.loads(stage.lab.kubectl("get", kind, name, "-o", "json"))
            for kind, name in (("net-attach-def", "my-nad"), ("pod", "samplepod"))
        )
        container = {key: pod["spec"]["containers"][0][key] for key in ("name", "image")}
        networks = {NETWORKS: pod["metadata"]["annotations"][NETWORKS]}
        files.attachment.write_text(_document(attachment, {}, attachment["spec"]))
        files.pod.write_text(_document(pod, networks, {"containers": [container]}))
        return files


def _document(live: dict[str, Any], annotations: dict[str, str], spec: dict[str, Any]) -> str:
    metadata = {"name": live["metadata"]["name"], "namespace": "default", "annotations": annotations}
    return yaml.safe_dump({**{key: live[key] for key in ("apiVersion", "kind")}, "metadata": metadata, "spec": spec})


def peer(files: Files, token: str) -> list[dict[str, Any]]:
    """Return the tasks with google.cloud and kubernetes.core."""
    access = {"project": EDGE["project"], "auth_kind": "accesstoken", "access_token": token}
    network = {"name": "my-vpc", "auto_create_subnetworks": False}
    subnetwork = {
        "name": "my-subnet",
        "region": "us-central1",
        "network": "{{ network }}",
        "ip_cidr_range": "10.0.1.0/24",
        "secondary_ip_ranges": [{"range_name": "pods", "ip_cidr_range": RANGE}],
    }
    pool = {
        "name": "multinet",
        "location": PLACE["location"],
        "cluster": {"name": EDGE["name"]},
        "initial_node_count": 2,
    }
    ready = {"kind": "Pod", "name": "samplepod", "namespace": "default", "wait": True}
    condition = {"wait_condition": {"type": "Ready", "status": "True"}, "wait_sleep": 1}
    return [
        {"name": "Network", "google.cloud.gcp_compute_network": {**network, **access}, "register": "network"},
        {"name": "Subnetwork", "google.cloud.gcp_compute_subnetwork": {**subnetwork, **access}},
        {
            "name": "Cluster",
            "google.cloud.gcp_container_cluster": {"name": EDGE["name"], "location": PLACE["location"], **access},
        },
        {"name": "Node pool", "google.cloud.gcp_container_node_pool": {**pool, **access}},
        *(
            {"name": f"Apply {path.stem}", "kubernetes.core.k8s": {"src": str(path), "state": "present"}}
            for path in (files.multus, files.attachment, files.pod)
        ),
        {"name": "Wait", "kubernetes.core.k8s_info": {**ready, **condition}},
    ]


def script(files: Files, verb: str) -> str:
    """Return the guide's commands as a shell script that asks for what is there.

    :param verb: what kubectl does with each of the files: "get", or "apply".
    """
    paths = (files.multus, files.attachment, files.pod)
    return "\n".join(
        [
            "set -e",
            "gcloud compute networks describe my-vpc --format=json",
            "gcloud compute networks subnets describe my-subnet --region=us-central1 --format=json",
            "gcloud container clusters describe edge --zone=us-central1-c --format=json",
            "gcloud container node-pools describe multinet --cluster=edge --zone=us-central1-c --format=json",
            *(f"kubectl {verb} -f {path}" for path in paths),
            "kubectl wait --for=condition=Ready --timeout=60s pod/samplepod",
        ]
    )
