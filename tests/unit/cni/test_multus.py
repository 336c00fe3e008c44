# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest: the guide's ten documents, and what the options make of them."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.multinet.gke.plugins.module_utils.cni import multus, multusconf
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus import Installation
from ansible_collections.multinet.gke.plugins.module_utils.cni.multus_options import installation
from ansible_collections.multinet.gke.plugins.module_utils.cni.multusconf import MultusConfig, allows
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


def options(**given: Any) -> Installation:
    checked = ArgumentSpecValidator(SPEC["argument_spec"], SPEC.get("mutually_exclusive")).validate(given)
    assert not checked.error_messages
    return installation(checked.validated_parameters)


def without_text_for_people(value: Any) -> Any:
    """Return a document without descriptions, and without the status that generators leave in definitions."""
    if isinstance(value, dict):
        return {
            key: without_text_for_people(item)
            for key, item in value.items()
            if not (key == "description" and isinstance(item, str)) and key != "status"
        }
    return [without_text_for_people(item) for item in value] if isinstance(value, list) else value


@pytest.mark.skipif(not GUIDE.is_file(), reason="the guide's manifest is not here: set MULTINET_DATA")
def test_defaults_are_the_guides_ten_documents() -> None:
    guide = list(yaml.safe_load_all(GUIDE.read_text()))
    assert len(guide) == 10
    assert multus.manifest(options()) == [without_text_for_people(document) for document in guide]


def test_options_and_their_defaults_are_those_of_the_pure_layer() -> None:
    assert options() == Installation()


def test_every_option_reaches_the_documents_and_comes_back() -> None:
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
        },
        "cni_bin_dir": "/opt/cni/bin",
        "gc": {"cron": "30 4 * * *", "log_level": "error"},
        "resources": {name: {"limits": {"memory": "200Mi"}, "requests": {"cpu": "1"}} for name in multus.RESOURCES},
        "node_selector": {"pool": "multinet"},
        "tolerations": [{"key": "a", "operator": "Exists"}],
    }
    said = multus.described(multus.manifest(options(**given, max_unavailable="25%")))
    assert said == {**given, "max_unavailable": "25%"}


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
            {"config": {"conf_file": "00-multus"}},
            "config.conf_file",
            "is not a file name that ends with .conf, .conflist or .json",
        ),
        (
            {"resources": {"gc": {}}},
            "resources.gc",
            "there is no such container; there are "
            "whereabouts-gc, install-multus-config, install-whereabouts, install-binary",
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


def test_node_selectors_are_texts() -> None:
    assert options(node_selector={"on": True, "count": 7}).node_selector == {"on": "true", "count": "7"}


def test_list_of_namespaces_without_default_is_warned_of() -> None:
    assert options(config={"global_namespaces": ["netops"]}).warnings == (
        'config.global_namespaces: global_namespaces replaces the default list; add "default"',
    )
    assert options(config={"global_namespaces": ["netops", "default"]}).warnings == ()


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
