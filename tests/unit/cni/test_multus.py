# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest: the guide's ten documents, and what the options make of them."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.multinet.gke.plugins.module_utils.cni import names
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus import containers, multus, multusconf
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.crds import schema_of
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.daemonset import cleanup
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.images import version_of
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multus import Installation
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multus_adoption import adopted
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multus_live import described
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multus_options import Wanted
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.multusconf import MultusConfig, allows
from ansible_collections.multinet.gke.plugins.module_utils.errors import InvalidOptions
from ansible_collections.multinet.gke.plugins.modules.multus_install import SPEC

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = pathlib.Path(os.environ.get("MULTINET_DATA", ROOT.parent / "shared" / "data"))
GUIDE = DATA.parent / "reference" / "multus-manifest.yaml"


def vectors(name: str) -> list[Any]:
    path = DATA / "vectors" / f"{name}.json"
    if not path.is_file():
        return [pytest.param(None, id=name, marks=pytest.mark.skip(reason=f"no {name}.json: set MULTINET_DATA"))]
    return [pytest.param(vector, id=vector["id"]) for vector in json.loads(path.read_text())]


def asked(**given: Any) -> Wanted:
    checked = ArgumentSpecValidator(SPEC["argument_spec"], SPEC.get("mutually_exclusive")).validate(given)
    assert not checked.error_messages
    return Wanted.of(checked.validated_parameters)


def options(live: Sequence[dict[str, Any]] = (), **given: Any) -> Installation:
    return asked(**given).installation(list(live))


def warnings(**given: Any) -> tuple[str, ...]:
    wanted = asked(**given)
    return tuple(wanted.warnings(wanted.installation([])))


def named(documents: list[dict[str, Any]], kind: str, name: str = "") -> dict[str, Any]:
    (found,) = (each for each in documents if each["kind"] == kind and name in ("", each["metadata"]["name"]))
    return found


def pod_of(documents: list[dict[str, Any]], kind: str = "DaemonSet") -> dict[str, Any]:
    pod: dict[str, Any] = named(documents, kind)["spec"]["template"]["spec"]
    return pod


def without_text_for_people(value: Any) -> Any:
    """Return a document without descriptions, and without the status that generators leave in definitions."""
    if isinstance(value, dict):
        return {
            key: without_text_for_people(item)
            for key, item in value.items()
            if not (key == "description" and isinstance(item, str)) and key != "status"
        }
    return [without_text_for_people(item) for item in value] if isinstance(value, list) else value


def test_what_others_look_for_is_what_is_made() -> None:
    documents = multus.manifest(options())
    assert names.CONFIG_KEY in named(documents, "ConfigMap", names.CONFIG_MAP)["data"]
    daemon_set = named(documents, "DaemonSet")
    assert daemon_set["metadata"]["namespace"] == names.NAMESPACE
    assert names.LABEL in daemon_set["spec"]["template"]["metadata"]["labels"]


@pytest.mark.skipif(not GUIDE.is_file(), reason="the guide's manifest is not here: set MULTINET_DATA")
def test_defaults_are_the_guides_ten_documents() -> None:
    guide = list(yaml.safe_load_all(GUIDE.read_text()))
    assert len(guide) == 10
    assert multus.manifest(options()) == [without_text_for_people(document) for document in guide]


@pytest.mark.shows("D16", "D21")
@pytest.mark.parametrize("placement", ["daemonset", "deployment"])
def test_every_option_reaches_the_documents_and_comes_back(placement: str) -> None:
    given: dict[str, Any] = {
        "multus_image": "mirror.example/multus:1",
        "whereabouts_image": "mirror.example/whereabouts:1",
        "config": {
            "network_name": "n",
            "conf_file": "05-m.conf",
            "cluster_network": "c",
            "namespace_isolation": True,
            "global_namespaces": ["default", "netops"],
            "log_level": "error",
            "log_file": "/var/log/m.log",
            "kubeconfig": "/etc/kubeconfig",
            "capabilities": {"portMappings": True},
            "conf_dir": "/etc/cni/other",
            "default_networks": ["net-a"],
            "system_namespaces": ["kube-system", "infra"],
            "log_options": {"max_age": 1, "max_size": 2, "max_backups": 3, "compress": False},
            "readiness_indicator_file": "/run/ready",
            "bin_dir": "/opt/more/bin",
        },
        "cni_bin_dir": "/opt/cni/bin",
        "gc": {
            "enabled": True,
            "placement": placement,
            "cron": "30 4 * * *",
            "pod_watch": True,
            "log_level": "error",
        },
        "node_selector": {"pool": "multinet"},
        "node_pools": ["a", "b"],
        "tolerations": [{"key": "a", "operator": "Exists"}],
        "priority_class": "high",
        "max_unavailable": "25%",
        "image_pull_secrets": ["mirror"],
        "init_order": "binaries_first",
        "rbac": "least",
    }
    size = {"limits": {"memory": "200Mi"}, "requests": {"cpu": "1"}}
    there = {containers.GC, containers.INSTALL_CONFIG, containers.INSTALL_WHEREABOUTS, containers.INSTALL_MULTUS}
    if placement == "deployment":
        there.add(containers.IDLE)
    given["resources"] = dict.fromkeys(there, size)
    documents = multus.manifest(options(**given, labels={"team": "net"}))
    assert described(documents) == given
    assert all(document["metadata"]["labels"]["team"] == "net" for document in documents)


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        (
            {"multus_image": "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.2.1"},
            "multus_image",
            "layout gke needs images with /gkecmd (gcr.io/gke-release/multus-cni); "
            "got ghcr.io/k8snetworkplumbingwg/multus-cni:v4.2.1",
        ),
        (
            {"whereabouts_image": "ghcr.io/k8snetworkplumbingwg/whereabouts:v0.9.4"},
            "whereabouts_image",
            "gc flags need the GKE fork (gcr.io/gke-release/whereabouts); "
            "got ghcr.io/k8snetworkplumbingwg/whereabouts:v0.9.4",
        ),
        ({"gc": {"cron": "* * * *"}}, "gc.cron", 'gc.cron "* * * *" is not a 5-field cron expression'),
        ({"config": {"cluster_network": ""}}, "config.cluster_network", "cluster_network is required"),
        ({"max_unavailable": "some"}, "max_unavailable", "max_unavailable must be int or percent"),
        (
            {"config": {"namespace_isolation": False, "global_namespaces": ["default"]}},
            "config.global_namespaces",
            "global_namespaces given without namespace_isolation",
        ),
        (
            {"config": {"conf_file": "20-multus.conf"}},
            "config.conf_file",
            'conf_file "20-multus.conf" sorts after 10-gke-ptp.conflist: kubelet would not use Multus',
        ),
        (
            {"config": {"conf_file": "10-gke-ptp.conflist"}},
            "config.conf_file",
            "is the file of the nodes' own network, which Multus builds on",
        ),
        (
            {"config": {"conf_file": "00-multus"}},
            "config.conf_file",
            "is not a file name that ends with .conf, .conflist or .json",
        ),
        (
            {"resources": {"gc": {}}},
            "resources.gc",
            "there is no such container; there are "
            "whereabouts-gc, install-multus-config, install-whereabouts, install-binary, installed",
        ),
        (
            {"resources": {"install-binary": {"memory": "1Gi"}}},
            "resources.install-binary",
            "must be a dictionary with limits, requests or both",
        ),
        (
            {"resources": {"install-binary": {"limits": {"memory": "49Mi"}}}},
            "resources.install-binary.limits.memory",
            "is below 50Mi, with which containers were killed already",
        ),
        ({"gc": {"log_level": "loud"}}, "gc.log_level", "log_level must be one of panic, error, verbose, debug"),
        (
            {"config": {"log_level": "loud"}},
            "config.log_level",
            "log_level must be one of panic, error, verbose, debug",
        ),
        (
            {"config": {"capabilities": {"portMappings": "x"}}},
            "config.capabilities.portMappings",
            "is neither true nor false",
        ),
        ({"config": {"bin_dir": "bin"}}, "config.bin_dir", "is not an absolute path"),
        ({"max_unavailable": "0"}, "max_unavailable", "max_unavailable must be int or percent"),
        ({"token_max_age": "a month"}, "token_max_age", "is not a duration; write for example 12h or 30d"),
        ({"token_max_age": "0d"}, "token_max_age", "is not a duration; write for example 12h or 30d"),
        ({"whereabouts_version": "new"}, "whereabouts_version", '"new" is not a version; write for example 0.9.4'),
        ({"name": "Multus"}, "name", "is no name for an object: a-z, 0-9 and -"),
        ({"namespace": "a.b"}, "namespace", "is no name for an object: a-z, 0-9 and -"),
        ({"service_account": "A.b"}, "service_account", "is no name for an object: a-z, 0-9 and -"),
        ({"crds": {"schema": "0.8plus"}}, "crds.schema", "whereabouts < 0.8.0 needs crds.schema 0.7"),
        (
            {"layout": "upstream_thin", "crds": {"schema": "0.7"}},
            "crds.schema",
            "whereabouts >= 0.8.0 needs crds.schema 0.8plus",
        ),
        (
            {"whereabouts_image": "mirror.example/whereabouts:v0.8.0", "crds": {"schema": "0.7"}},
            "crds.schema",
            "whereabouts >= 0.8.0 needs crds.schema 0.8plus",
        ),
        (
            {"layout": "upstream_thin", "whereabouts_image": "mirror.example/whereabouts@sha256:abc"},
            "whereabouts_image",
            "does not tell its version, and definitions and programs depend on it: set whereabouts_version",
        ),
        (
            {"layout": "upstream_thin", "multus_image": "gcr.io/gke-release/multus-cni:v4.2.1-gke.6"},
            "multus_image",
            "layout upstream_thin needs images with /thin_entrypoint (ghcr.io/k8snetworkplumbingwg/multus-cni); "
            "got gcr.io/gke-release/multus-cni:v4.2.1-gke.6",
        ),
        (
            {"layout": "upstream_thin", "multus_image": "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.2.2-thick"},
            "multus_image",
            "layout upstream_thin needs images with /thin_entrypoint (ghcr.io/k8snetworkplumbingwg/multus-cni); "
            "got ghcr.io/k8snetworkplumbingwg/multus-cni:v4.2.2-thick",
        ),
        (
            {"layout": "upstream_thin", "whereabouts_image": "gcr.io/gke-release/whereabouts:v0.7.0-gke.3"},
            "whereabouts_image",
            "layout upstream_thin needs images of upstream (ghcr.io/k8snetworkplumbingwg/whereabouts); "
            "got gcr.io/gke-release/whereabouts:v0.7.0-gke.3",
        ),
        (
            {"layout": "upstream_thin", "gc": {"pod_watch": False}},
            "gc.pod_watch",
            "gc flags need the GKE fork; upstream's control loop has no such",
        ),
        (
            {"layout": "upstream_thin", "gc": {"placement": "daemonset"}},
            "gc.placement",
            "whereabouts 0.9.4 frees addresses once in a cluster: gc.placement must be deployment",
        ),
        (
            {"layout": "upstream_thin", "init_order": "guide"},
            "init_order",
            "layout upstream_thin always installs the binaries first",
        ),
        (
            {"resources": {"install-binary": {"limits": {"cpu": "a lot"}}}},
            "resources.install-binary.limits.cpu",
            "is not a quantity; write for example 100m or 50Mi",
        ),
    ],
)
def test_refusal(given: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(InvalidOptions) as refused:
        options(**given)
    assert [(problem.path, problem.message) for problem in refused.value.problems] == [(path, message)]


@pytest.mark.parametrize(
    ("pod", "attachment", "allowed"),
    [("team", "team", True), ("other", "default", True), ("other", "team", False), ("other", "netops", True)],
)
def test_under_isolation_pods_use_attachments_of_their_own_and_of_global_namespaces(
    pod: str, attachment: str, allowed: bool
) -> None:
    assert allows(pod, attachment, ("default", "netops")) is allowed
    assert allows(pod, attachment) is (allowed and attachment != "netops")


def test_a_service_account_may_have_dots_in_its_name() -> None:
    assert options(service_account="a.b").identity.service_account == "a.b"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("2m", 120), ("12h", 43_200), ("30d", 2_592_000), ("2w", 1_209_600)],
)
def test_durations_have_units(text: str, seconds: int) -> None:
    assert asked(token_max_age=text).token_max_age == seconds


@pytest.mark.parametrize(
    ("given", "roles", "kubeconfig"),
    [
        ({}, False, False),
        ({"preset": "guide"}, True, True),
        ({"rbac": "least"}, True, False),
        ({"config": {"kubeconfig": "/etc/kubeconfig"}}, False, True),
    ],
)
def test_a_preset_speaks_of_roles_and_kubeconfig(given: dict[str, Any], roles: bool, kubeconfig: bool) -> None:
    assert (asked(**given).is_exact_about_roles, asked(**given).speaks_of_kubeconfig) == (roles, kubeconfig)


def test_node_selectors_are_texts() -> None:
    assert options(node_selector={"on": True, "count": 7}).placement.node_selector == {"on": "true", "count": "7"}


def test_list_of_namespaces_without_default_is_warned_of() -> None:
    assert warnings(config={"global_namespaces": ["netops"]}) == (
        'config.global_namespaces: global_namespaces replaces the default list; add "default"',
    )
    assert warnings(config={"global_namespaces": ["netops", "default"]}) == ()


def read(text: str) -> MultusConfig:
    """Return a configuration as Multus reads it: what is not there has Multus's default, not the guide's."""
    said = multusconf.describe(text)
    isolation = said.get("namespace_isolation", False)
    spaces = said.get("global_namespaces")
    return MultusConfig(namespace_isolation=isolation, global_namespaces=tuple(spaces) if spaces else None)


@pytest.mark.parametrize("vector", vectors("multus_netconf"))
def test_configuration_is_read_as_multus_reads_it(vector: dict[str, Any]) -> None:
    text, expect = vector["input"]["config"], vector["expect"]
    said = multusconf.describe(text)
    if "error" in expect:  # there is no option for delegates, and cluster_network must be set
        assert "cluster_network" not in said
        return
    assert said["cluster_network"] == expect["clusterNetwork"]
    assert said.get("kubeconfig", "") == expect["kubeconfig"]
    assert read(text).namespace_isolation == expect["namespaceIsolation"]
    assert list(read(text).visible_everywhere) == expect["globalNamespaces"]


@pytest.mark.parametrize("vector", vectors("namespace_isolation"))
def test_isolation_is_that_of_multus(vector: dict[str, Any]) -> None:
    given = vector["input"]
    text = json.dumps({key: given[key] for key in ("namespaceIsolation", "globalNamespaces") if given[key] is not None})
    assert read(text).allows(given["pod_namespace"], given["nad_namespace"]) == vector["expect"]["allowed"]


@pytest.mark.parametrize("text", ["", "{", "[]", "5"])
def test_what_is_no_configuration_says_nothing(text: str) -> None:
    assert multusconf.describe(text) == {}


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidOptions) as refused:
        options(gc={"cron": "x"}, max_unavailable="some", config={"cluster_network": ""}, token_max_age="x", name="-")
    assert len(refused.value.problems) == 5


@pytest.mark.parametrize(
    ("cron", "valid"),
    [
        ("* * * * *", True),
        ("*/5 0-6,22 1 jan-MAR sun", True),
        ("30 4 ? * 6", True),
        ("60 * * * *", False),
        ("* 24 * * *", False),
        ("59 23 31 12 6", True),
        ("0 0 1 1 0", True),
        ("* * 0 * *", False),
        ("* * 32 * *", False),
        ("* * * 0 *", False),
        ("* * * 13 *", False),
        ("* * * * 7", False),
        ("*/0 * * * *", False),
        ("5-1 * * * *", False),
        ("a * * * *", False),
        ("* * * * * *", False),
        ("", False),
    ],
)
def test_schedule(cron: str, valid: bool) -> None:
    if valid:
        assert options(gc={"cron": cron}).gc.cron == cron
        return
    with pytest.raises(InvalidOptions, match="is not a 5-field cron expression"):
        options(gc={"cron": cron})


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("gcr.io/gke-release/whereabouts:v0.7.0-gke.3@sha256:2bb8", (0, 7, 0)),
        ("localhost:5000/whereabouts:0.9", (0, 9, 0)),
        ("localhost:5000/whereabouts", None),
        ("ghcr.io/k8snetworkplumbingwg/whereabouts:latest", None),
        ("ghcr.io/k8snetworkplumbingwg/whereabouts@sha256:2bb8", None),
    ],
)
def test_version_is_that_of_the_tag(image: str, version: tuple[int, int, int] | None) -> None:
    assert version_of(image) == version


@pytest.mark.parametrize(
    ("given", "schema"),
    [
        ({}, "0.7"),
        ({"layout": "upstream_thin"}, "0.8plus"),
        ({"layout": "upstream_thin", "whereabouts_image": "mirror.example/w:v0.7.0"}, "0.7"),
        ({"whereabouts_image": "mirror.example/w:v0.8.0-gke.1"}, "0.8plus"),
        ({"whereabouts_image": "mirror.example/w@sha256:1", "whereabouts_version": "0.9.4"}, "0.8plus"),
        ({"whereabouts_image": "mirror.example/w@sha256:1", "crds": {"schema": "0.8plus"}}, "0.8plus"),
    ],
)
@pytest.mark.shows("E6", "D11")
def test_definitions_are_those_of_the_version(given: dict[str, Any], schema: str) -> None:
    documents = multus.manifest(options(**given))
    pools = named(documents, "CustomResourceDefinition", "ippools.whereabouts.cni.cncf.io")
    reservations = named(
        documents, "CustomResourceDefinition", "overlappingrangeipreservations.whereabouts.cni.cncf.io"
    )
    required = reservations["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["required"]
    assert schema_of(pools) == schema
    assert required == (["podref"] if schema == "0.8plus" else ["containerid"])


def test_unknown_version_is_warned_of() -> None:
    (warning,) = warnings(whereabouts_image="mirror.example/whereabouts@sha256:1")
    assert "does not tell its version; definitions of schema 0.7 are taken for right" in warning
    assert warnings(whereabouts_image="mirror.example/whereabouts@sha256:1", whereabouts_version="0.7.0") == ()


def test_little_memory_other_namespaces_and_no_collection_are_warned_of() -> None:
    given: dict[str, Any] = {"resources": {"whereabouts-gc": {"limits": {"memory": "60Mi"}}}, "namespace": "multus"}
    texts = warnings(gc={"enabled": False}, **given)
    assert len(texts) == 3
    assert "resources.whereabouts-gc.limits.memory: 60Mi is little; containers were killed at 50Mi" in texts[2]


@pytest.mark.shows("D4", "D6", "D10", "D13", "D14", "D15", "E4")
def test_hardened_preset() -> None:
    documents = multus.manifest(options(preset="hardened", node_pools=["a", "b"]))
    said = described(documents)
    assert said["config"]["capabilities"] == {"portMappings": True}
    assert said["config"]["log_options"]["max_size"] == 100
    assert said["resources"]["whereabouts-gc"]["limits"]["memory"] == "200Mi"
    pod = pod_of(documents)
    assert [each["name"] for each in pod["initContainers"]] == [
        "install-whereabouts",
        "install-binary",
        "install-multus-config",
    ]
    (rule,) = named(documents, "ClusterRole", "multus-role")["rules"]
    assert (rule["resources"], rule["verbs"]) == (["network-attachment-definitions"], ["get", "list", "watch"])
    terms = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    expression = {"key": "cloud.google.com/gke-nodepool", "operator": "In", "values": ["a", "b"]}
    assert terms == [{"matchExpressions": [expression]}]
    assert pod_of(documents, "Deployment")["containers"][0]["command"] == ["/ip-control-loop"]
    assert [each["name"] for each in pod["containers"]] == ["installed"]


@pytest.mark.parametrize("preset", ["guide", "hardened"])
@pytest.mark.parametrize("layout", ["gke", "upstream_thin"])
def test_names_fit_in_every_layout_and_preset(layout: str, preset: str) -> None:
    names = {"name": "multinet-two", "namespace": "net", "service_account": "reader"}
    documents = multus.manifest(options(layout=layout, preset=preset, **names))
    assert named(documents, "ServiceAccount")["metadata"] == {"name": "reader", "namespace": "net"}
    (subject,) = named(documents, "ClusterRoleBinding", "whereabouts-role-binding")["subjects"]
    assert (subject["name"], subject["namespace"]) == ("reader", "net")
    roles = {each["metadata"]["name"] for each in documents if each["kind"] == "ClusterRole"}
    assert roles == {each["roleRef"]["name"] for each in documents if each["kind"] == "ClusterRoleBinding"}
    maps = {each["metadata"]["name"] for each in documents if each["kind"] == "ConfigMap"}
    for workload in (each for each in documents if each["kind"] in ("DaemonSet", "Deployment")):
        assert workload["spec"]["selector"]["matchLabels"] == workload["spec"]["template"]["metadata"]["labels"]
        pod = workload["spec"]["template"]["spec"]
        assert pod["serviceAccountName"] == "reader"
        volumes = {volume["name"] for volume in pod.get("volumes", ())}
        assert {volume["configMap"]["name"] for volume in pod.get("volumes", ()) if "configMap" in volume} <= maps
        for container in (*pod["containers"], *pod.get("initContainers", ())):
            assert {mount["name"] for mount in container.get("volumeMounts", ())} <= volumes
            assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize(
    ("version", "given", "loop", "deployment"),
    [
        ("v0.7.0", {}, ["exec /ip-control-loop -log-level debug"], None),
        ("v0.7.0", {"placement": "deployment"}, [containers.SLEEP], "/ip-control-loop"),
        ("v0.8.0", {}, ["exec /ip-control-loop -log-level debug"], None),
        *(
            (
                version,
                {},
                ["SLEEP=false . /install-cni.sh", "/token-watcher.sh &", "exec /ip-control-loop -log-level debug"],
                None,
            )
            for version in ("v0.9.0", "v0.9.3")
        ),
        (
            "v0.9.4",
            {},
            ["SLEEP=false . /install-cni.sh", "/token-watcher.sh &", "exec /ip-control-loop -log-level debug"],
            "/ip-reconciler",
        ),
        ("v0.9.4", {"enabled": False}, ["SLEEP=false . /install-cni.sh", "exec /token-watcher.sh"], None),
    ],
)
@pytest.mark.shows("E9", "D8")
def test_upstreams_control_loop(version: str, given: dict[str, Any], loop: list[str], deployment: str | None) -> None:
    image = f"ghcr.io/k8snetworkplumbingwg/whereabouts:{version}"
    documents = multus.manifest(options(layout="upstream_thin", whereabouts_image=image, gc=given))
    stays = {each["name"]: each for each in pod_of(documents)["containers"]}
    assert stays["whereabouts"]["args"][1].splitlines() == loop
    programs = [
        each["spec"]["template"]["spec"]["containers"][0]["command"][0]
        for each in documents
        if each["kind"] == "Deployment"
    ]
    assert programs == ([deployment] if deployment else [])
    assert {"nodes", "events"} <= {
        resource for rule in named(documents, "ClusterRole", "whereabouts")["rules"] for resource in rule["resources"]
    }


@pytest.mark.parametrize(
    ("version", "given", "mounted"),
    [
        ("v0.7.0", {}, True),
        ("v0.7.0", {"placement": "deployment"}, False),
        ("v0.7.0", {"enabled": False}, False),
        ("v0.9.4", {}, False),
        ("v0.9.4", {"enabled": False}, False),
    ],
)
def test_upstreams_schedule_is_on_the_nodes_that_free_addresses(
    version: str, given: dict[str, Any], mounted: bool
) -> None:
    image = f"ghcr.io/k8snetworkplumbingwg/whereabouts:{version}"
    pod = pod_of(multus.manifest(options(layout="upstream_thin", whereabouts_image=image, gc=given)))
    (whereabouts,) = (each for each in pod["containers"] if each["name"] == "whereabouts")
    assert ("cron-schedule" in {volume["name"] for volume in pod["volumes"]}) is mounted
    assert ("cron-schedule" in {mount["name"] for mount in whereabouts["volumeMounts"]}) is mounted


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("version", ["v0.7.0", "v0.9.4"])
def test_whether_upstream_frees_addresses_is_read_back(version: str, enabled: bool) -> None:
    image = f"ghcr.io/k8snetworkplumbingwg/whereabouts:{version}"
    given: dict[str, Any] = {"layout": "upstream_thin", "whereabouts_image": image, "gc": {"enabled": enabled}}
    live = multus.manifest(options(**given))
    assert options(live).gc.enabled is enabled
    assert multus.manifest(options(live, **given)) == live
    assert options(live, gc={"enabled": True}).gc.enabled


@pytest.mark.parametrize(
    ("given", "watches"),
    [({"gc": {"pod_watch": False}}, False), ({"gc": {"pod_watch": True}}, True), ({"layout": "upstream_thin"}, True)],
)
def test_pods_are_watched_where_the_control_loop_follows_them(given: dict[str, Any], watches: bool) -> None:
    rules = named(multus.manifest(options(**given)), "ClusterRole", "whereabouts")["rules"]
    (verbs,) = (rule["verbs"] for rule in rules if rule["resources"] == ["pods"])
    assert ("watch" in verbs) is watches


def test_collector_of_the_cluster_leaves_a_lost_node() -> None:
    pod = pod_of(multus.manifest(options(gc={"placement": "deployment"})), "Deployment")
    assert pod["tolerations"] == [{"operator": "Exists", "effect": "NoSchedule"}]
    assert named(multus.manifest(options(gc={"placement": "deployment"})), "Deployment")["spec"]["strategy"] == {
        "type": "Recreate"
    }


def test_what_is_there_counts_where_nothing_is_given() -> None:
    live = multus.manifest(
        options(
            multus_image="mirror.example/multus:v4",
            config={"log_level": "error", "global_namespaces": ["default", "netops"]},
            gc={"cron": "30 4 * * *", "placement": "deployment"},
            tolerations=[],
            rbac="least",
        )
    )
    assert multus.manifest(options(live)) == live
    changed = options(live, gc={"cron": "0 * * * *"})
    assert (changed.gc.cron, changed.gc.placement, changed.config.log_level) == ("0 * * * *", "deployment", "error")


def test_what_others_wrote_into_the_configuration_stays() -> None:
    """Wherever the schedule, a ConfigMap too, stands among the live objects."""
    live = multus.manifest(options(layout="upstream_thin", gc={"log_level": "error"}))
    data = named(live, "ConfigMap", names.CONFIG_MAP)["data"]
    data[names.CONFIG_KEY] = json.dumps({**json.loads(data[names.CONFIG_KEY]), "theirs": 1})
    for order in (live, live[::-1]):
        again = options(order)
        assert json.loads(again.config.text())["theirs"] == 1
        assert again.gc.log_level == "error"


def test_what_a_live_object_does_not_say_is_as_in_the_guide() -> None:
    live = multus.manifest(options(max_unavailable="5"))
    assert options(live).max_unavailable == 5
    del named(live, "DaemonSet")["spec"]["updateStrategy"]
    assert options(live).max_unavailable == 2


def test_the_kubeconfig_of_another_layout_is_not_taken_over() -> None:
    live = multus.manifest(options())
    wanted = options(live, layout="upstream_thin")
    pods = {}
    for layout, there in (("gke", options(live)), ("upstream_thin", wanted)):
        document = named(multus.manifest(there), "DaemonSet")
        made = adopted(document, named(live, "DaemonSet"), there, exact_roles=False, kubeconfig=False)
        pods[layout] = {volume["name"] for volume in pod_of([made])["volumes"]}
    assert "kubelet-credentials" in pods["gke"]
    assert "kubelet-credentials" not in pods["upstream_thin"]


def test_preset_over_an_installation_keeps_what_it_does_not_speak_of() -> None:
    live = multus.manifest(
        options(multus_image="mirror.example/multus:v4", config={"global_namespaces": ["default", "x"]})
    )
    hardened = options(live, preset="hardened")
    assert hardened.multus_image == "mirror.example/multus:v4"
    assert hardened.config.global_namespaces == ("default", "x")
    assert hardened.binaries_first
    back = options(multus.manifest(hardened), preset="guide")
    assert (back.binaries_first, back.least, back.gc.placement) == (False, False, "daemonset")


def test_another_layout_takes_its_own_images_and_sizes() -> None:
    live = multus.manifest(options(gc={"cron": "30 4 * * *"}, node_selector={"a": "b"}))
    wanted = options(live, layout="upstream_thin")
    assert wanted.whereabouts_image == "ghcr.io/k8snetworkplumbingwg/whereabouts:v0.9.4"
    assert (wanted.gc.cron, wanted.placement.node_selector, wanted.schema) == ("30 4 * * *", {"a": "b"}, "0.8plus")
    assert options(multus.manifest(wanted)).layout == "upstream_thin"


def test_cleanup_removes_the_configuration_before_the_plugins() -> None:
    document = cleanup(
        "gke-multinet",
        "kube-system",
        image="w",
        pull_secrets=("mirror",),
        bin_dir="/home/kubernetes/bin",
        programs=("multus", "whereabouts"),
        conf_file="00-multus.conf",
    )
    pod = document["spec"]["template"]["spec"]
    (step,) = pod["initContainers"]
    assert step["args"][1].splitlines() == [
        "rm -f /host/etc/cni/net.d/00-multus.conf",
        "sleep 5",
        "rm -rf /host/etc/cni/net.d/multus.d /host/etc/cni/net.d/whereabouts.d",
        "rm -f /host/opt/cni/bin/multus /host/opt/cni/bin/whereabouts",
    ]
    assert step["securityContext"]["privileged"]
    assert pod["hostNetwork"]
    assert not pod["automountServiceAccountToken"]
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert {volume["hostPath"]["path"] for volume in pod["volumes"]} == {"/etc/cni/net.d", "/home/kubernetes/bin"}


def test_definitions_of_an_unknown_version_stay_as_they_are() -> None:
    live = multus.manifest(options(layout="upstream_thin"))
    definitions = [each for each in live if each["kind"] == "CustomResourceDefinition"]
    assert options(definitions, whereabouts_image="mirror.example/w@sha256:1").schema == "0.8plus"
    assert options(whereabouts_image="mirror.example/w@sha256:1").schema == "0.7"
