# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of an installation in a cluster: which there can be, in which order, and in what each differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ...cni import names
from ...cni.multus import containers, crds, daemonset, rbac
from ...cni.multus.multus import Identity
from ...cni.texts import some
from ...errors import Immutable, Refused
from ..client import Kube, Object
from ..kinds import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CONFIG_MAP,
    CRD,
    DAEMON_SET,
    DEPLOYMENT,
    SERVICE_ACCOUNT,
    Kind,
    Ref,
)
from ..objects import Difference, drift, leftovers

# Definitions come first, then who may do what; the pods come when all that they need is there.
ORDER = (CRD, SERVICE_ACCOUNT, CLUSTER_ROLE, CLUSTER_ROLE_BINDING, CONFIG_MAP, DAEMON_SET, DEPLOYMENT)
WORKLOADS = (DAEMON_SET, DEPLOYMENT)
IMMUTABLE = {CLUSTER_ROLE_BINDING: "roleRef", DAEMON_SET: "spec.selector", DEPLOYMENT: "spec.selector"}
OURS = containers.ALL | daemonset.VOLUMES  # items of a pod that are ours to remove

Live: TypeAlias = "dict[Ref, Object | None]"


@dataclass(frozen=True)
class Places:
    """Where the objects of an installation are."""

    config_map: Ref
    schedule: Ref
    daemon_set: Ref
    deployment: Ref
    cleanup: Ref
    account: Ref
    pools: Ref  # the definition whose schema tells which Whereabouts it is for

    @classmethod
    def of(cls, identity: Identity) -> Places:
        """Return the places of an installation with these names."""
        name, namespace = identity.name, identity.namespace
        return cls(
            config_map=Ref(CONFIG_MAP, names.CONFIG_MAP, namespace),
            schedule=Ref(CONFIG_MAP, names.SCHEDULE, namespace),
            daemon_set=Ref(DAEMON_SET, name, namespace),
            deployment=Ref(DEPLOYMENT, daemonset.gc_name(name), namespace),
            cleanup=Ref(DAEMON_SET, daemonset.cleanup_name(name), namespace),
            account=Ref(SERVICE_ACCOUNT, identity.service_account, namespace),
            pools=Ref.of(crds.ip_pool(crds.GUIDE)),
        )

    @property
    def definitions(self) -> tuple[Ref, ...]:
        """Return the definitions; deleting one deletes all its objects."""
        others = (crds.reservation(crds.GUIDE), crds.network_attachment_definition())
        return self.pools, *map(Ref.of, others)

    @property
    def grants(self) -> tuple[Ref, ...]:
        """Return who may do what."""
        return (
            Ref(CLUSTER_ROLE_BINDING, rbac.MULTUS_BINDING),
            Ref(CLUSTER_ROLE_BINDING, rbac.WHEREABOUTS_BINDING),
            Ref(CLUSTER_ROLE, rbac.MULTUS_ROLE),
            Ref(CLUSTER_ROLE, rbac.WHEREABOUTS_ROLE),
            self.account,
        )

    @property
    def every(self) -> tuple[Ref, ...]:
        """Return all objects that an installation can have."""
        workloads = (self.daemon_set, self.deployment, self.cleanup)
        return *self.definitions, *self.grants, self.config_map, self.schedule, *workloads


@dataclass(frozen=True)
class Drift:
    """One object that is missing, or not as it should be."""

    ref: Ref
    desired: Object
    live: Object | None
    differences: list[Difference]

    @property
    def exists(self) -> bool:
        """Tell whether the object is there."""
        return self.live is not None

    @property
    def title(self) -> str:
        """Return the title of the write."""
        if not self.exists:
            return f"create {self.ref}"
        paths = [difference.path for difference in self.differences]
        return f"update {self.ref} ({some(paths, 3)})"

    def touches(self, field: str) -> bool:
        """Tell whether a field, or something within it, is to be written."""
        return not self.exists or any(f"{difference.path}.".startswith(f"{field}.") for difference in self.differences)

    def before(self) -> object:
        """Return what is there: the fields that will change."""
        return {d.path: d.live for d in self.differences} if self.exists else "absent"

    def after(self) -> object:
        """Return what will be there."""
        return {d.path: d.desired for d in self.differences} if self.exists else "present"


def read(kube: Kube, places: Places) -> Live:
    """Read every object once."""
    return {ref: kube.get(ref) for ref in places.every}


def in_order(documents: list[Object]) -> list[Object]:
    """Return documents in the order in which they need each other."""
    kinds: list[Kind] = list(ORDER)
    return sorted(documents, key=lambda document: kinds.index(Ref.of(document).kind))


def drifts(documents: list[Object], observed: Live) -> Iterator[Drift]:
    """Yield the documents that are missing or differ, in the order in which they need each other."""
    for document in in_order(documents):
        ref = Ref.of(document)
        live = observed[ref]
        differences = [*drift(document, live), *leftovers(document, live, OURS)] if live else []
        if live is None or differences:
            yield Drift(ref, document, live, differences)


def check_immutable(found: Mapping[Ref, Drift]) -> None:
    """Raise Immutable if an object is in the way that cannot become what is wanted."""
    for ref, each in found.items():
        field = IMMUTABLE.get(ref.kind)
        for difference in each.differences:
            if field and f"{difference.path}.".startswith(f"{field}."):
                where = f" --namespace {ref.namespace}" if ref.namespace else ""
                remedy = f"delete it first: kubectl delete {ref.kind.kind.lower()} {ref.name}{where}"
                raise Immutable(str(ref), {difference.path: (difference.live, difference.desired)}, remedy)


def check_names(identity: Identity, places: Places, observed: Live) -> None:
    """Raise Refused if there is an installation under other names: both would write the same files on the nodes."""
    config_map = observed[places.config_map]
    owner = ((config_map or {}).get("metadata", {}).get("labels") or {}).get(names.LABEL, identity.name)
    binding = observed[Ref(CLUSTER_ROLE_BINDING, rbac.WHEREABOUTS_BINDING)]
    subjects = (binding or {}).get("subjects") or [{}]
    namespace = subjects[0].get("namespace", identity.namespace)
    account = subjects[0].get("name", identity.service_account)
    there = Identity(owner, namespace, account)
    if there != identity:
        raise Refused(
            f"this cluster has an installation with name {there.name}, namespace {there.namespace} and service_account "
            f"{there.service_account} already: remove that first (state absent under these names). Whereabouts keeps "
            "its pools in its namespace, so addresses in use are not known to an installation elsewhere"
        )
