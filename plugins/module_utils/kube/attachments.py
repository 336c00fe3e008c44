# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One NetworkAttachmentDefinition in a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..cni import netconf
from ..cni.attachment import Attachment
from ..cni.daemonset import NAMESPACE as POOLS_NAMESPACE
from ..cni.netconf import Config
from ..cni.pods import Pod
from ..cni.texts import some
from ..errors import ApiError, Refused
from ..reconcile import Change, Plan, State
from .client import Kube, Object
from .kinds import NAD, POD, Ref


@dataclass(frozen=True)
class Observed:
    """An attachment, and who uses it."""

    attachment: Object | None
    users: tuple[str, ...] = ()  # "namespace/pod", before the deletion; not looked for otherwise


class AttachmentResource:
    """An attachment, made, changed in place, or deleted when nobody uses it."""

    key = "nad"

    def __init__(self, kube: Kube, wanted: Attachment) -> None:
        """Take what is wanted."""
        self._kube, self._wanted = kube, wanted
        self._ref = Ref(NAD, wanted.name, wanted.namespace)
        self._users: tuple[str, ...] = ()

    def observe(self) -> Observed:
        """Read the attachment, and if it is to go, the pods that use it; when it has gone, they are those of before."""
        found = self._kube.get(self._ref)
        if found is not None and self._wanted.config is None:
            pods = (Pod.of(pod) for pod in self._kube.list(POD))
            self._users = tuple(pod.ref for pod in pods if not pod.has_ended and pod.asks_for(self._wanted.annotation))
        return Observed(found, self._users)

    def plan(self, observed: Observed) -> Plan:
        """Return what to write.

        :raises Refused: it is to be deleted, and pods use it.
        """
        live = observed.attachment
        before = _state(live, self._wanted) if live else None
        config = self._wanted.config
        if config is None:
            return self._removal(observed, before)
        after = self._wanted.state()
        title = f"{self._ref}{_ranges(config)}"
        if live is None or before is None:
            changes: tuple[Change, ...] = (Change(f"create {title}", self._create),)
            return Plan(None, after, changes, self._wanted.warnings)
        if _means(live, config, self._wanted.name):
            after["config"] = before["config"]
        changed = [key for key in after if after[key] != before[key]]
        patch = _patch(self._wanted, changed)
        update = Change(f"update {', '.join(changed)} of {title}", lambda: self._kube.patch(self._ref, patch))
        return Plan(before, after, (update,) if changed else (), self._wanted.warnings)

    def facts(self, observed: Observed, plan: Plan) -> dict[str, Any]:
        """Return the pools, the annotation for pods, and with a deletion the pods that use it."""
        facts: dict[str, Any] = {
            "annotation": self._wanted.annotation,
            "pools": netconf.pools_of(self._wanted.config, POOLS_NAMESPACE) if self._wanted.config else [],
        }
        if self._wanted.config is None:
            facts["in_use_by"] = list(observed.users)
        return facts

    def _removal(self, observed: Observed, before: State | None) -> Plan:
        users = observed.users
        if users and not self._wanted.force:
            raise Refused(
                f"{self._ref} is used by {some(users)}: delete these pods first, "
                "or set delete_policy to force (they keep their interfaces, but cannot be made anew)"
            )
        gone = Change(f"delete {self._ref}", lambda: self._kube.delete(self._ref))
        return Plan(before, None, (gone,) if before else ())

    def _create(self) -> None:
        try:
            self._kube.create(self._wanted.document())
        except ApiError as error:
            if error.status == 404 and not error.reason:  # the path itself is unknown, not the namespace
                raise Refused(f"{self._ref}: this cluster knows no such kind; run multus_install first") from error
            raise


def _state(live: Object, wanted: Attachment) -> State:
    """Return what is there in the words of the options, as far as they were given."""
    metadata = {
        key: {name: value for name, value in live["metadata"].get(key, {}).items() if name in given}
        for key, given in wanted.metadata.items()
    }
    return {
        "namespace": wanted.namespace,
        "name": wanted.name,
        "config": _config(live) or _text(live),
        **metadata,
    }


def _means(live: Object, config: Config, name: str) -> bool:
    """Tell whether what is there means the same as a configuration."""
    found = _config(live)
    return found is not None and netconf.same(found, config, name)


def _config(live: Object) -> Config | None:
    """Return the configuration that is there, None if Multus could not use it."""
    try:
        return netconf.parse(_text(live))
    except ValueError:
        return None


def _text(live: Object) -> str:
    return str(live.get("spec", {}).get("config", ""))


def _ranges(config: Config) -> str:
    """Return the ranges for a title."""
    names = [pool["range"] for pool in netconf.pools_of(config, POOLS_NAMESPACE)]
    return f" ({', '.join(names)})" if names else ""


def _patch(wanted: Attachment, changed: list[str]) -> Mapping[str, Any]:
    """Return a merge patch of what changes, and of nothing else."""
    patch: dict[str, Any] = {}
    if "config" in changed:
        patch["spec"] = {"config": wanted.document()["spec"]["config"]}
    metadata = {key: value for key, value in wanted.metadata.items() if key in changed}
    return {**patch, "metadata": metadata} if metadata else patch
