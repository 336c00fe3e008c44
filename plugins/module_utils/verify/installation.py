# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Multus and Whereabouts as they are installed in a cluster: what their objects and their pods say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..cni.multus.containers import CRON_FLAG, GC, INSTALL_WHEREABOUTS, REFRESHER
from ..cni.multus.images import Version, version_of
from ..cni.multus.multus_presets import CLUSTER_NETWORK, CNI_BIN_DIR
from ..cni.multus.multusconf import MultusConfig, split_namespaces
from ..cni.names import CONFIG_KEY, NAME, NAMESPACE
from ..kube.client import Object
from ..kube.multus.rollout import Rollout

LOOPS = ("ip-control-loop", "ip-reconciler")  # the programs of Whereabouts that free addresses, old and new
UPSTREAM_CRON = "30 4 * * *"  # Whereabouts' own default
OURS = ("multus", "whereabouts")  # what the images of their pods have in their names


@dataclass(frozen=True)
class Container:
    """A container of Multus' or Whereabouts' pods, as its status tells."""

    pod: str  # "namespace/name"
    node: str
    name: str
    image: str
    command: tuple[str, ...] = ()  # with its arguments
    running: bool = False
    waiting: str = ""  # "CrashLoopBackOff"
    restarts: int = 0
    killed: datetime | None = None  # for want of memory: when, if that was how it ended the last time
    memory: str = ""  # its limit
    started: datetime | None = None  # or when it ran, for an init container

    @property
    def frees_addresses(self) -> bool:
        """Tell whether it is Whereabouts' garbage collector."""
        return self.name == GC or any(loop in word for loop in LOOPS for word in self.command)


@dataclass(frozen=True)
class GcLog:
    """What a garbage collector's log says."""

    succeeded: datetime | None = None  # the last time
    failure: str = ""  # what it said of its last run, if that failed
    failures: int = 0  # how many runs in a row have failed


@dataclass(frozen=True)
class Installation:
    """What is installed; empty: nothing was found."""

    name: str = NAME
    namespace: str = NAMESPACE
    rollout: Rollout | None = None  # None: there is no DaemonSet
    template: tuple[Container, ...] = ()  # containers as the DaemonSet wants them
    selector: Mapping[str, str] = field(default_factory=dict)  # of its nodes
    config: MultusConfig | None = None  # None: nobody can tell
    bin_dir: str = CNI_BIN_DIR  # of CNI plugins, on the nodes
    containers: tuple[Container, ...] = ()  # that there are
    schema: str | None = None  # of the definitions (cni/multus/crds.py); None: there are none

    @property
    def ref(self) -> str:
        """Return "namespace/name" of the DaemonSet."""
        return f"{self.namespace}/{self.name}"

    @property
    def cluster_network(self) -> str:
        """Return the name of the network that gives pods their first interface."""
        return (self.config.cluster_network if self.config else None) or CLUSTER_NETWORK

    @property
    def collectors(self) -> tuple[Container, ...]:
        """Return Whereabouts' garbage collectors."""
        return tuple(container for container in self.containers if container.frees_addresses)

    @property
    def whereabouts_images(self) -> tuple[str, ...]:
        """Return the images of Whereabouts that the DaemonSet names."""
        return tuple(dict.fromkeys(each.image for each in self.template if "whereabouts" in each.image))

    @property
    def whereabouts_version(self) -> Version | None:
        """Return the version of Whereabouts, None if no tag tells it."""
        return next(filter(None, map(version_of, self.whereabouts_images)), None)

    @property
    def multus_images(self) -> tuple[str, ...]:
        """Return the images of Multus that the DaemonSet names."""
        return tuple(dict.fromkeys(each.image for each in self.template if "multus" in each.image))

    @property
    def token_writers(self) -> tuple[Container, ...]:
        """Return the containers that wrote a token to their node when they started, which nobody renews."""
        if any(REFRESHER in word for each in self.template for word in each.command):
            return ()
        return tuple(container for container in self.containers if container.name == INSTALL_WHEREABOUTS)

    @property
    def period(self) -> int:
        """Return the seconds between two runs of the garbage collector."""
        flags = [word for each in (*self.template, *self.containers) for word in each.command]
        cron = next((flag.removeprefix(CRON_FLAG) for flag in flags if flag.startswith(CRON_FLAG)), UPSTREAM_CRON)
        return cron_period(cron)


def template_of(daemonset: Object) -> tuple[Container, ...]:
    """Return the containers that a DaemonSet wants."""
    metadata, pod = daemonset["metadata"], daemonset["spec"]["template"]["spec"]
    ref = f"{metadata['namespace']}/{metadata['name']}"
    specs = (*pod.get("initContainers", ()), *pod.get("containers", ()))
    return tuple(
        Container(ref, "", spec["name"], spec.get("image", ""), _command(spec), memory=_limit(spec)) for spec in specs
    )


def is_ours(pod: Object) -> bool:
    """Tell whether a pod, or what a DaemonSet makes pods of, belongs to Multus or Whereabouts."""
    specs = (*pod["spec"].get("initContainers", ()), *pod["spec"].get("containers", ()))
    return any(word in spec.get("image", "") for spec in specs for word in OURS)


def containers_of(pod: Object) -> Iterator[Container]:
    """Yield the containers of a pod, the init containers first."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    statuses = {
        each["name"]: each for each in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ()))
    }
    for spec in (*pod["spec"].get("initContainers", ()), *pod["spec"].get("containers", ())):
        said = statuses.get(spec["name"], {})
        state, last = said.get("state", {}), said.get("lastState", {})
        ended = (state.get("terminated") or {}, last.get("terminated") or {})
        yield Container(
            pod=f"{metadata['namespace']}/{metadata['name']}",
            node=pod["spec"].get("nodeName", ""),
            name=spec["name"],
            image=spec.get("image", ""),
            command=_command(spec),
            running="running" in state,
            waiting=(state.get("waiting") or {}).get("reason", ""),
            restarts=said.get("restartCount", 0),
            killed=next((time_of(each.get("finishedAt")) for each in ended if each.get("reason") == "OOMKilled"), None),
            memory=_limit(spec),
            started=time_of((state.get("running") or state.get("terminated") or {}).get("startedAt")),
        )


def config_of(config_map: Object | None) -> MultusConfig | None:
    """Return what Multus' configuration says, None if it cannot be read; what it does not say is Multus' default."""
    try:
        value = json.loads((config_map or {}).get("data", {}).get(CONFIG_KEY, ""))
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    named = value.get("globalNamespaces")
    return MultusConfig(
        cluster_network=str(value.get("clusterNetwork", "")),
        namespace_isolation=value.get("namespaceIsolation") is True,
        global_namespaces=tuple(split_namespaces(named)) if isinstance(named, str) else None,
        capabilities=value.get("capabilities") or {},
    )


def bin_dir_of(daemonset: Object) -> str:
    """Return where a DaemonSet installs CNI plugins on the nodes."""
    volumes = daemonset["spec"]["template"]["spec"].get("volumes", ())
    paths = (str((volume.get("hostPath") or {}).get("path", "")) for volume in volumes)
    return next((path for path in paths if path.endswith("/bin")), CNI_BIN_DIR)


def read_log(text: str) -> GcLog:
    """Return what the end of a garbage collector's log says; nothing, if it has other words than upstream's.

    :param text: lines that begin with the API server's own time (Whereabouts v0.7.0 cmd/controlloop has the words).
    """
    succeeded, failure, failures = None, "", 0
    for line in text.splitlines():
        stamp, _space, said = line.partition(" ")
        if "reconciler success" in said:
            succeeded, failure, failures = time_of(stamp), "", 0
        elif "reconciler failure" in said:
            failure, failures = said[said.index("reconciler failure") :], failures + 1
    return GcLog(succeeded, failure, failures)


def cron_period(cron: str) -> int:
    """Return about how many seconds lie between two times of a cron expression; a day if it is not a simple one."""
    minute, _space, rest = cron.strip().partition(" ")
    hour = rest.strip().partition(" ")[0]
    for text, seconds in ((minute, 60), (hour, 3600)):
        if text == "*":
            return seconds
        step = re.fullmatch(r"\*/(\d+)", text)
        if step:
            return int(step[1]) * seconds
    return 86400


def time_of(text: str | None) -> datetime | None:
    """Return a time of the API (RFC 3339), None if there is none."""
    return datetime.fromisoformat(text) if text else None


def _command(spec: Object) -> tuple[str, ...]:
    return (*spec.get("command", ()), *spec.get("args", ()))


def _limit(spec: Object) -> str:
    return str(spec.get("resources", {}).get("limits", {}).get("memory", ""))
