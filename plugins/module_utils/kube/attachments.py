# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One NetworkAttachmentDefinition in a cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ..cni import netconf
from ..cni.attachment import Attachment
from ..cni.names import NAMESPACE as POOLS_NAMESPACE
from ..cni.netconf import Config
from ..cni.overlaps import Claim, overlaps
from ..cni.pods import asked_for
from ..cni.texts import some
from ..errors import ApiError, Refused
from ..reconcile import Change, Plan, State
from .client import Kube, Object
from .kinds import NAD, POD, Ref

T = TypeVar("T")

NOT_ENDED = "status.phase!=Succeeded,status.phase!=Failed"


@dataclass(frozen=True)
class Observed:
    """An attachment, who uses it, and what the others claim."""

    attachment: Object | None
    users: tuple[str, ...] | None = None  # "namespace/pod", before the change; None: not looked for
    others: tuple[Claim, ...] = ()


class AttachmentResource:
    """An attachment, made, changed in place, or deleted when nobody uses it."""

    key = "nad"

    def __init__(self, kube: Kube, wanted: Attachment) -> None:
        """Take what is wanted."""
        self._kube, self._wanted = kube, wanted
        self._ref = Ref(NAD, wanted.name, wanted.namespace)
        self._users: tuple[str, ...] | None = None
        self._warnings: list[str] = []

    def observe(self) -> Observed:
        """Read the attachment, the others, and if it is to go or to change, the pods that use it now."""
        found, config = self._kube.get(self._ref), self._wanted.config
        self._warnings = []
        if found is not None and (config is None or not _means(found, config, self._wanted.name)):
            self._users = self._seen("pods that use it", self._look_for_users, needed=config is None)
        others: tuple[Claim, ...] | None = None
        if config is not None and self._wanted.overlap_policy != "ignore":
            fails = self._wanted.overlap_policy == "fail"
            others = self._seen("overlaps with other attachments", self._look_for_others, needed=fails)
        return Observed(found, self._users, others or ())

    def _seen(self, what: str, look: Callable[[], T], *, needed: bool) -> T | None:
        """Look; None and a warning if that is forbidden, and the result is not needed to go on safely."""
        try:
            return look()
        except ApiError as error:
            if error.status != 403 or needed:
                raise
            self._warnings.append(f"{what} were not looked for: {error}")
            return None

    def _look_for_users(self) -> tuple[str, ...]:
        return tuple(users_of(self._kube).get(self._wanted.annotation, ()))

    def _look_for_others(self) -> tuple[Claim, ...]:
        attachments = ((Ref.of(nad), config_of(nad)) for nad in self._kube.list(NAD))
        return tuple(
            Claim.of(f"{ref.namespace}/{ref.name}", config)
            for ref, config in attachments
            if config and ref != self._ref
        )

    def plan(self, observed: Observed) -> Plan:
        """Return what to write.

        :raises Refused: it is to be deleted, and pods use it; or it overlaps with others, and that was ruled out.
        """
        live = observed.attachment
        before = _state(live, self._wanted) if live else None
        config = self._wanted.config
        if config is None:
            return self._removal(observed, before)
        after = self._wanted.state()
        title = f"{self._ref}{_ranges(config)}"
        warnings = [*self._wanted.warnings, *self._warnings, *self._overlaps(config, observed.others)]
        if live is None or before is None:
            changes: tuple[Change, ...] = (Change(f"create {title}", self._create),)
            return Plan(None, after, changes, tuple(warnings))
        if _means(live, config, self._wanted.name):
            after["config"] = before["config"]
        elif observed.users:
            warnings.append(
                f"{self._ref} is used by {some(observed.users)}: they keep the configuration that they started with"
            )
        changed = [key for key in after if after[key] != before[key]]
        patch = _patch(self._wanted, changed)
        update = Change(f"update {', '.join(changed)} of {title}", lambda: self._kube.patch(self._ref, patch))
        return Plan(before, after, (update,) if changed else (), tuple(warnings))

    def facts(self, observed: Observed, plan: Plan) -> dict[str, Any]:
        """Return the pools, the annotation for pods, and with a deletion or a change the pods that use it."""
        config = plan.after["config"] if plan.after else None
        users = {} if observed.users is None else {"in_use_by": list(observed.users)}
        if self._wanted.config is None:
            users.setdefault("in_use_by", [])
        return {"config": config, **self._wanted.meaning(POOLS_NAMESPACE), **users}

    def _overlaps(self, config: Config, others: tuple[Claim, ...]) -> list[str]:
        found = [str(each) for each in overlaps(Claim.of(self._wanted.annotation, config), others)]
        if found and self._wanted.overlap_policy == "fail":
            raise Refused(f"{self._ref}: {'; '.join(found)}. Set overlap_policy to warn or ignore to allow that")
        return found

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


def users_of(kube: Kube) -> Mapping[str, list[str]]:
    """Return the pods that use attachments, "namespace/pod", by attachment.

    Those that have ended do not count, nor those that are being deleted, as probes are for a moment: Multus takes a pod
    down by what it has kept of its start (v4.2.2, pkg/multus: CmdDel).
    """
    users: dict[str, list[str]] = defaultdict(list)
    for pod in kube.list(POD, fields=NOT_ENDED, metadata_only=True):
        if "deletionTimestamp" in pod["metadata"]:
            continue
        for attachment in sorted(asked_for(pod["metadata"])):
            users[attachment].append(f"{pod['metadata']['namespace']}/{pod['metadata']['name']}")
    return users


def _state(live: Object, wanted: Attachment) -> State:
    """Return what is there in the words of the options, as far as they were given."""
    metadata = {
        key: {name: value for name, value in live["metadata"].get(key, {}).items() if name in given}
        for key, given in wanted.metadata.items()
    }
    return {
        "namespace": wanted.namespace,
        "name": wanted.name,
        "config": config_of(live) or text_of(live),
        **metadata,
    }


def _means(live: Object, config: Config, name: str) -> bool:
    """Tell whether what is there means the same as a configuration."""
    found = config_of(live)
    return found is not None and netconf.same(found, config, name)


def config_of(live: Object) -> Config | None:
    """Return the configuration that is there, None if Multus could not use it."""
    try:
        return netconf.parse(text_of(live))
    except ValueError:
        return None


def text_of(live: Object) -> str:
    """Return the configuration as it is written there, empty if there is none."""
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
