# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options of an installation say, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..errors import Problems
from . import daemonset
from .multus import Installation
from .multusconf import MultusConfig
from .quantities import quantity
from .texts import texts

NODE_NETWORK_FILE = "10-gke-ptp.conflist"  # what netd writes, and the kubelet uses without Multus
UPSTREAM = "ghcr.io/k8snetworkplumbingwg/"
LEAST_MEMORY = "50Mi"

_CRON_FIELD = re.compile(r"[-*/,0-9A-Za-z?]+")
_PERCENT = re.compile(r"\d+%?")


def installation(params: Mapping[str, Any]) -> Installation:
    """Return what the options say.

    :raises InvalidOptions: with all that is wrong in them.
    """
    problems = Problems()
    config = params["config"]
    _check_images(problems, params)
    _check_config(problems, config)
    _check_resources(problems, params["resources"] or {})
    cron = params["gc"]["cron"]
    if len(cron.split()) != 5 or not all(_CRON_FIELD.fullmatch(each) for each in cron.split()):
        problems.add("gc.cron", cron, f'gc.cron "{cron}" is not a 5-field cron expression')
    if not _PERCENT.fullmatch(params["max_unavailable"]):
        problems.add("max_unavailable", params["max_unavailable"], "max_unavailable must be int or percent")
    problems.raise_if_any()
    most = params["max_unavailable"]
    return Installation(
        multus_image=params["multus_image"],
        whereabouts_image=params["whereabouts_image"],
        config=MultusConfig(
            global_namespaces=tuple(config["global_namespaces"]) if config["global_namespaces"] else None,
            **{key: value for key, value in config.items() if key not in ("conf_file", "global_namespaces")},
        ),
        conf_file=config["conf_file"],
        cni_bin_dir=params["cni_bin_dir"],
        gc_cron=cron,
        gc_log_level=params["gc"]["log_level"],
        resources=params["resources"] or {},
        node_selector=texts(params["node_selector"]) or {},
        tolerations=tuple(params["tolerations"]),
        max_unavailable=most if most.endswith("%") else int(most),
    )


def _check_images(problems: Problems, params: Mapping[str, Any]) -> None:
    """Note images that are known to lack the programs which the containers start."""
    image = params["multus_image"]
    if image.startswith(UPSTREAM):
        problems.add(
            "multus_image", image, f"layout gke needs images with /gkecmd (gcr.io/gke-release/multus-cni); got {image}"
        )
    image = params["whereabouts_image"]
    if image.startswith(UPSTREAM):
        problems.add(
            "whereabouts_image", image, f"gc flags need the GKE fork (gcr.io/gke-release/whereabouts); got {image}"
        )


def _check_config(problems: Problems, config: Mapping[str, Any]) -> None:
    name = config["conf_file"]
    if "/" in name or not name.endswith((".conf", ".conflist", ".json")):
        problems.add("config.conf_file", name, "is not a file name that ends with .conf, .conflist or .json")
    elif name > NODE_NETWORK_FILE:
        problems.add(
            "config.conf_file",
            name,
            f'conf_file "{name}" sorts after {NODE_NETWORK_FILE}: kubelet would not use Multus',
        )
    if not config["cluster_network"]:
        problems.add("config.cluster_network", config["cluster_network"], "cluster_network is required")
    if config["global_namespaces"] and not config["namespace_isolation"]:
        problems.add(
            "config.global_namespaces",
            config["global_namespaces"],
            "global_namespaces given without namespace_isolation",
        )


def _check_resources(problems: Problems, resources: Mapping[str, Any]) -> None:
    for container, sizes in resources.items():
        path = f"resources.{container}"
        if container not in daemonset.CONTAINERS:
            problems.add(path, sizes, f"there is no such container; there are {', '.join(daemonset.CONTAINERS)}")
            continue
        if not isinstance(sizes, dict) or not set(sizes) <= {"limits", "requests"}:
            problems.add(path, sizes, "must be a dictionary with limits, requests or both")
            continue
        for kind, amounts in sizes.items():
            for name, amount in (amounts or {}).items():
                _check_amount(problems, f"{path}.{kind}.{name}", name, amount)


def _check_amount(problems: Problems, path: str, name: str, amount: object) -> None:
    try:
        number: Decimal = quantity(amount)
    except ValueError as error:
        problems.add(path, amount, str(error))
        return
    if name == "memory" and number < quantity(LEAST_MEMORY):
        problems.add(path, amount, f"is below {LEAST_MEMORY}, with which containers were killed already")
