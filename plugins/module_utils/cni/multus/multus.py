# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Multus and Whereabouts: the documents of an installation, out of a few options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import names
from . import containers, crds, daemonset, images, rbac
from .daemonset import Placement
from .images import UPSTREAM_THIN, Version
from .multus_presets import Settings
from .multusconf import MultusConfig

Object = dict[str, Any]


@dataclass(frozen=True)
class Identity:
    """The names under which an installation is found again."""

    name: str = names.NAME
    namespace: str = names.NAMESPACE
    service_account: str = rbac.SERVICE_ACCOUNT


@dataclass(frozen=True)
class Collection:
    """How the addresses of pods that are gone are freed."""

    enabled: bool
    placement: str  # "daemonset": on every node; "deployment": once
    cron: str
    pod_watch: bool
    log_level: str


@dataclass(frozen=True)
class Installation:
    """All that is to be installed."""

    identity: Identity
    layout: str
    multus_image: str
    whereabouts_image: str
    whereabouts: Version | None  # None: nobody knows
    schema: str  # of Whereabouts's definitions
    manages_crds: bool
    config: MultusConfig
    conf_file: str
    cni_bin_dir: str
    gc: Collection
    resources: Mapping[str, Object]
    placement: Placement
    max_unavailable: int | str
    binaries_first: bool
    least: bool
    labels: Mapping[str, str]

    @classmethod
    def of(
        cls,
        settings: Settings,
        *,
        identity: Identity,
        layout: str,
        whereabouts: Version | None,
        schema: str,
        manages_crds: bool = True,
        labels: Mapping[str, str] | None = None,
        others: Mapping[str, Any] | None = None,
    ) -> Installation:
        """Return an installation out of settings in which every option stands.

        :param labels: of all objects, beside their own.
        :param others: keys of Multus's configuration that no option speaks of.
        """
        most = str(settings["max_unavailable"])
        gc = settings["gc"]
        return cls(
            identity=identity,
            layout=layout,
            multus_image=settings["multus_image"],
            whereabouts_image=settings["whereabouts_image"],
            whereabouts=whereabouts,
            schema=schema,
            manages_crds=manages_crds,
            config=MultusConfig.of(settings["config"], others or {}),
            conf_file=settings["config"]["conf_file"],
            cni_bin_dir=settings["cni_bin_dir"],
            gc=Collection(**{key: gc[key] for key in ("enabled", "placement", "cron", "pod_watch", "log_level")}),
            resources=settings["resources"],
            placement=Placement(
                tolerations=tuple(settings["tolerations"]),
                priority_class=settings["priority_class"],
                node_selector=settings["node_selector"],
                node_pools=tuple(settings["node_pools"]),
                image_pull_secrets=tuple(settings["image_pull_secrets"]),
            ),
            max_unavailable=most if most.endswith("%") else int(most),
            binaries_first=settings["init_order"] == "binaries_first",
            least=settings["rbac"] == "least",
            labels=labels or {},
        )

    @property
    def is_upstream(self) -> bool:
        """Tell whether it is of upstream's layout."""
        return self.layout == UPSTREAM_THIN

    @property
    def has_deployment(self) -> bool:
        """Tell whether addresses are freed in one place."""
        return self.gc.enabled and self.gc.placement == "deployment"

    @property
    def whereabouts_rules(self) -> dict[str, bool]:
        """Return what Whereabouts does, as far as its role depends on it."""
        return {"watches_pods": self.is_upstream or self.gc.pod_watch, "upstream": self.is_upstream}


def manifest(wanted: Installation) -> list[Object]:
    """Return the documents, in the guide's order; what the guide does not have comes last."""
    name, namespace, account = wanted.identity.name, wanted.identity.namespace, wanted.identity.service_account
    ours = wanted.manages_crds
    documents = [
        *((crds.ip_pool(wanted.schema), crds.reservation(wanted.schema)) if ours else ()),
        _config_map(wanted, names.CONFIG_MAP, {names.CONFIG_KEY: wanted.config.text()}),
        *((crds.network_attachment_definition(),) if ours else ()),
        rbac.multus_role(least=wanted.least),
        rbac.whereabouts_role(least=wanted.least, **wanted.whereabouts_rules),
        rbac.multus_binding(),
        rbac.whereabouts_binding(account, namespace),
        rbac.service_account(account, namespace),
        _daemon_set(wanted),
    ]
    if wanted.is_upstream:
        documents.append(_config_map(wanted, names.SCHEDULE, {names.SCHEDULE_KEY: wanted.gc.cron}))
    if wanted.has_deployment:
        documents.append(
            daemonset.deployment(
                daemonset.gc_name(name), namespace, pod=_collector(wanted), placement=_anywhere(wanted.placement)
            )
        )
    return [_labelled(document, wanted.labels) for document in documents]


def _config_map(wanted: Installation, name: str, data: Mapping[str, str]) -> Object:
    identity = wanted.identity
    labels = {names.LABEL: identity.name}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": identity.namespace, "labels": labels},
        "data": dict(data),
    }


def _daemon_set(wanted: Installation) -> Object:
    staying, first = _upstream_containers(wanted) if wanted.is_upstream else _gke_containers(wanted)
    volumes = daemonset.volumes(wanted.config.kubeconfig or "", wanted.cni_bin_dir, wanted.conf_file)
    if wanted.is_upstream:
        volumes = [*volumes[1:], *([daemonset.schedule_volume()] if _is_scheduled(wanted) else [])]
    pod = {
        "serviceAccountName": wanted.identity.service_account,
        "containers": _sized(wanted, staying),
        "initContainers": _sized(wanted, first),
        "volumes": volumes,
    }
    return daemonset.daemonset(
        wanted.identity.name,
        wanted.identity.namespace,
        pod=pod,
        placement=wanted.placement,
        max_unavailable=wanted.max_unavailable,
    )


def _gke_containers(wanted: Installation) -> tuple[list[Object], list[Object]]:
    """Return the containers that stay, and those that come first, as the guide has them."""
    config = wanted.config
    first = [
        containers.install_config(
            wanted.multus_image, wanted.conf_file, config.log_level or "", config.kubeconfig or ""
        ),
        containers.install_whereabouts(wanted.whereabouts_image),
        containers.install_multus(wanted.multus_image),
    ]
    if wanted.binaries_first:  # the guide's order has the configuration name a binary that is not there yet
        first = [*first[1:], first[0]]
    if wanted.gc.enabled and not wanted.has_deployment:
        return [_gke_control_loop(wanted)], first
    return [containers.idle(wanted.whereabouts_image)], first


def _upstream_containers(wanted: Installation) -> tuple[list[Object], list[Object]]:
    """Return the containers that stay, and those that come first; the configuration comes after all binaries."""
    version = wanted.whereabouts or images.HAS_A_RECONCILER
    # Once a Deployment frees addresses, an older control loop would do it on each node all the same.
    loops = wanted.gc.enabled and (version >= images.HAS_A_RECONCILER or not wanted.has_deployment)
    staying = [
        containers.upstream_multus(wanted.multus_image, wanted.conf_file),
        containers.upstream_whereabouts(
            wanted.whereabouts_image, version, wanted.gc.log_level, gc=loops, scheduled=_is_scheduled(wanted)
        ),
    ]
    first = [
        containers.install_upstream_multus(wanted.multus_image),
        containers.install_whereabouts(wanted.whereabouts_image),
    ]
    return staying, first


def _is_scheduled(wanted: Installation) -> bool:
    """Tell whether the pods of upstream's DaemonSet free addresses on a schedule.

    Those of versions with /ip-reconciler do not: for them the rules refuse placement daemonset.
    """
    return wanted.gc.enabled and not wanted.has_deployment


def _collector(wanted: Installation) -> Object:
    """Return the pod that frees addresses for the whole cluster."""
    pod: Object = {"serviceAccountName": wanted.identity.service_account}
    if wanted.is_upstream:
        version = wanted.whereabouts or images.HAS_A_RECONCILER
        loop = containers.upstream_reconciler(wanted.whereabouts_image, version, wanted.gc.log_level)
        pod["volumes"] = [daemonset.schedule_volume()]
    else:
        loop = _gke_control_loop(wanted)
    return {**pod, "containers": _sized(wanted, [loop])}


def _gke_control_loop(wanted: Installation) -> Object:
    gc = wanted.gc
    return containers.gke_control_loop(wanted.whereabouts_image, gc.cron, gc.log_level, pod_watch=gc.pod_watch)


def _anywhere(placement: Placement) -> Placement:
    """Return the place of a pod of which there is one: any node that works.

    It must not tolerate a lost node as the DaemonSet does, or it would stay there for ever.
    """
    return Placement(
        tolerations=({"operator": "Exists", "effect": "NoSchedule"},),
        priority_class=placement.priority_class,
        image_pull_secrets=placement.image_pull_secrets,
    )


def _sized(wanted: Installation, unsized: list[Object]) -> list[Object]:
    """Return containers with their resources."""
    return [{**container, "resources": wanted.resources.get(container["name"], {})} for container in unsized]


def _labelled(document: Object, labels: Mapping[str, str]) -> Object:
    if not labels:
        return document
    metadata = document["metadata"]
    return {**document, "metadata": {**metadata, "labels": {**labels, **metadata.get("labels", {})}}}
