# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cannot work, and what is perhaps not meant, in the options of an installation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import Problems
from .. import names
from . import containers, images
from .crds import NEWER
from .cron import is_schedule
from .images import GKE, GKE_RELEASES, UPSTREAM, UPSTREAM_THIN, Version
from .multus import Installation
from .quantities import quantity

NODE_NETWORK_FILE = "10-gke-ptp.conflist"  # what netd writes, and the kubelet uses without Multus
LEAST_MEMORY, SAFE_MEMORY = "50Mi", "100Mi"
LOG_LEVELS = ("panic", "error", "verbose", "debug")

_PERCENT = re.compile(r"\d+%?")


def check_given(problems: Problems, given: Mapping[str, Any], layout: str) -> None:
    """Note what is wrong with options by themselves."""
    config, gc = given.get("config", {}), given.get("gc", {})
    _check_config(problems, config)
    _check_resources(problems, given.get("resources", {}), layout)
    cron = gc.get("cron", "* * * * *")
    if not is_schedule(cron):
        problems.add("gc.cron", cron, f'gc.cron "{cron}" is not a 5-field cron expression')
    if "pod_watch" in gc and layout == UPSTREAM_THIN:
        problems.add("gc.pod_watch", gc["pod_watch"], "gc flags need the GKE fork; upstream's control loop has no such")
    for path, level in (("config.log_level", config.get("log_level")), ("gc.log_level", gc.get("log_level"))):
        if level is not None and level not in LOG_LEVELS:
            problems.add(path, level, f"log_level must be one of {', '.join(LOG_LEVELS)}")
    most = given.get("max_unavailable", "2")
    if not _PERCENT.fullmatch(most) or int(most.rstrip("%")) == 0:
        problems.add("max_unavailable", most, "max_unavailable must be int or percent")
    if given.get("init_order") == "guide" and layout == UPSTREAM_THIN:
        problems.add("init_order", "guide", "layout upstream_thin always installs the binaries first")


def check_settings(
    problems: Problems, settings: Mapping[str, Any], layout: str, version: Version | None, schema: str
) -> None:
    """Note what does not go together.

    :param settings: a value for every option.
    :param version: of Whereabouts; None: its image does not tell.
    :param schema: of the definitions; "auto" for the one that fits.
    """
    config = settings["config"]
    if config.get("global_namespaces") and not config.get("namespace_isolation"):
        problems.add(
            "config.global_namespaces",
            config["global_namespaces"],
            "global_namespaces given without namespace_isolation",
        )
    _check_images(problems, settings, layout)
    if version is None:
        if layout == UPSTREAM_THIN:
            problems.add(
                "whereabouts_image",
                settings["whereabouts_image"],
                "does not tell its version, and definitions and programs depend on it: set whereabouts_version",
            )
        return
    fits = images.schema_for(version)
    if schema not in ("auto", fits):
        which = ">=" if fits == NEWER else "<"
        problems.add("crds.schema", schema, f"whereabouts {which} 0.8.0 needs crds.schema {fits}")
    gc = settings["gc"]
    if layout == UPSTREAM_THIN and version >= images.HAS_A_RECONCILER and gc["placement"] == "daemonset":
        problems.add(
            "gc.placement",
            "daemonset",
            f"whereabouts {images.spell(version)} frees addresses once in a cluster: gc.placement must be deployment",
        )


def doubts(wanted: Installation, given: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is allowed, and perhaps not meant."""
    if not wanted.config.allows(pod_namespace="", attachment_namespace="default"):
        yield 'config.global_namespaces: global_namespaces replaces the default list; add "default"'
    if wanted.whereabouts is None:
        yield (
            f"whereabouts_image: {wanted.whereabouts_image} does not tell its version; definitions of schema "
            f"{wanted.schema} are taken for right. Set whereabouts_version"
        )
    if wanted.identity.namespace != names.NAMESPACE and wanted.placement.priority_class:
        yield (
            f"namespace: on GKE pods of priority class {wanted.placement.priority_class} run in {names.NAMESPACE} "
            f"only, unless a ResourceQuota allows them in {wanted.identity.namespace}"
        )
    if not wanted.gc.enabled:
        yield "gc.enabled: nothing frees the addresses of pods whose node was lost, unless you run whereabouts_pool"
    for container, sizes in given.get("resources", {}).items():
        memory = (sizes.get("limits") or {}).get("memory")
        if memory is not None and quantity(memory) < quantity(SAFE_MEMORY):
            path = f"resources.{container}.limits.memory"
            yield f"{path}: {memory} is little; containers were killed at {LEAST_MEMORY}, {SAFE_MEMORY} is safer"


def _check_images(problems: Problems, settings: Mapping[str, Any], layout: str) -> None:
    """Note images that are known to lack the programs which the containers start."""
    multus, whereabouts = settings["multus_image"], settings["whereabouts_image"]
    if layout == GKE:
        if multus.startswith(UPSTREAM):
            text = f"layout gke needs images with /gkecmd (gcr.io/gke-release/multus-cni); got {multus}"
            problems.add("multus_image", multus, text)
        if whereabouts.startswith(UPSTREAM):
            text = f"gc flags need the GKE fork (gcr.io/gke-release/whereabouts); got {whereabouts}"
            problems.add("whereabouts_image", whereabouts, text)
        return
    needs = f"layout {layout} needs images"
    if multus.startswith(GKE_RELEASES) or multus.partition("@")[0].endswith("-thick"):
        text = f"{needs} with /thin_entrypoint (ghcr.io/k8snetworkplumbingwg/multus-cni); got {multus}"
        problems.add("multus_image", multus, text)
    if whereabouts.startswith(GKE_RELEASES):
        text = f"{needs} of upstream (ghcr.io/k8snetworkplumbingwg/whereabouts); got {whereabouts}"
        problems.add("whereabouts_image", whereabouts, text)


def _check_config(problems: Problems, config: Mapping[str, Any]) -> None:
    name = config.get("conf_file")
    if name is not None:
        if "/" in name or not name.endswith((".conf", ".conflist", ".json")):
            problems.add("config.conf_file", name, "is not a file name that ends with .conf, .conflist or .json")
        elif name == NODE_NETWORK_FILE:
            problems.add("config.conf_file", name, "is the file of the nodes' own network, which Multus builds on")
        elif name > NODE_NETWORK_FILE:
            problems.add(
                "config.conf_file",
                name,
                f'conf_file "{name}" sorts after {NODE_NETWORK_FILE}: kubelet would not use Multus',
            )
    if config.get("cluster_network") == "":
        problems.add("config.cluster_network", "", "cluster_network is required")
    for option in ("conf_dir", "log_file", "kubeconfig", "bin_dir", "readiness_indicator_file"):
        path = config.get(option)
        if path and not path.startswith("/"):
            problems.add(f"config.{option}", path, "is not an absolute path")
    for name, value in (config.get("capabilities") or {}).items():
        if not isinstance(value, bool):
            problems.add(f"config.capabilities.{name}", value, "is neither true nor false")


def _check_resources(problems: Problems, resources: Mapping[str, Any], layout: str) -> None:
    known = containers.layout_containers(layout)
    for container, sizes in resources.items():
        path = f"resources.{container}"
        if container not in known:
            problems.add(path, sizes, f"there is no such container; there are {', '.join(known)}")
            continue
        if not isinstance(sizes, dict) or not set(sizes) <= {"limits", "requests"}:
            problems.add(path, sizes, "must be a dictionary with limits, requests or both")
            continue
        for kind, amounts in sizes.items():
            for name, amount in (amounts or {}).items():
                _check_amount(problems, f"{path}.{kind}.{name}", name, amount)


def _check_amount(problems: Problems, path: str, name: str, amount: object) -> None:
    try:
        number = quantity(amount)
    except ValueError as error:
        problems.add(path, amount, str(error))
        return
    if name == "memory" and number < quantity(LEAST_MEMORY):
        problems.add(path, amount, f"is below {LEAST_MEMORY}, with which containers were killed already")
