# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools, reservations and pods without an API server, but with its rules for patches."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.multinet.gke.plugins.module_utils.errors import ApiError
from ansible_collections.multinet.gke.plugins.module_utils.kube.kinds import IP_POOL, NAD, POD, RESERVATION, Kind, Ref
from ansible_collections.multinet.gke.plugins.module_utils.kube.pools.pools import PoolRequest
from ansible_collections.multinet.gke.plugins.modules import whereabouts_pool
from talking import Context

Object = dict[str, Any]

POOL = "172.16.1.0-24"
CIDR = "172.16.1.0/24"


@dataclass
class Cluster:
    """Pools, reservations and pods, with the API server's rules for patches."""

    exists = True
    pools: dict[str, Object] = field(default_factory=dict)
    reservations: dict[str, Object] = field(default_factory=dict)
    pods: list[Object] = field(default_factory=list)
    nads: dict[str, Object] = field(default_factory=dict)  # configurations by namespace/name
    writes: list[Any] = field(default_factory=list)
    before_patch: list[Callable[[], None]] = field(default_factory=list)  # what others do in between
    version: int = 1

    def add_pool(self, entries: dict[str, str], cidr: str = CIDR, name: str = POOL) -> None:
        """Add a pool; entries are podrefs by key."""
        self.pools[name] = {
            "metadata": {"name": name, "namespace": "kube-system", "resourceVersion": "1"},
            "spec": {"range": cidr, "allocations": {key: {"id": "c", "podref": ref} for key, ref in entries.items()}},
        }

    def reserve(self, name: str, podref: str) -> None:
        metadata = {"name": name, "namespace": "kube-system", "uid": f"uid-{name}"}
        self.reservations[name] = {"metadata": metadata, "spec": {"containerid": "c", "podref": podref}}

    def add_pod(self, name: str, *ips: str, status: bool = True, phase: str = "Running") -> None:
        entries = [{"name": "default/my-nad", "interface": "net1", "ips": list(ips)}]
        annotations = {"k8s.v1.cni.cncf.io/network-status": json.dumps(entries)} if status else {}
        metadata = {"name": name, "namespace": "default", "annotations": annotations}
        spec: Object = {"containers": [{"name": "main"}]}
        self.pods.append({"metadata": metadata, "spec": spec, "status": {"phase": phase}})

    def held(self, name: str = POOL) -> list[str]:
        return sorted(self.pools[name]["spec"]["allocations"])

    def get(self, ref: Ref) -> Object | None:
        if ref.kind is NAD:
            config = self.nads.get(f"{ref.namespace}/{ref.name}")
            return None if config is None else {"spec": {"config": json.dumps(config)}}
        assert ref.kind is IP_POOL
        return copy.deepcopy(self.pools.get(ref.name))

    def list(
        self, kind: Kind, namespace: str | None = None, *, fields: str | None = None, metadata_only: bool = False
    ) -> Iterator[Object]:
        found = {
            POD: self.pods,
            IP_POOL: list(self.pools.values()),
            RESERVATION: list(self.reservations.values()),
        }
        assert fields in (None, "status.phase!=Running")
        for obj in copy.deepcopy(found[kind]):
            if metadata_only:
                yield {"metadata": obj["metadata"], "cells": {"Node": obj["spec"].get("nodeName", "<none>")}}
            elif fields is None or obj["status"]["phase"] != "Running":
                yield obj

    def create(self, obj: Object) -> Object:
        name = obj["metadata"]["name"]
        objects = self.pools if obj["kind"] == IP_POOL.kind else self.reservations
        if name in objects:
            raise ApiError("create", 409, "AlreadyExists", name)
        self.writes.append(f"create {name}")
        objects[name] = copy.deepcopy(obj)
        objects[name]["metadata"] |= {"uid": f"uid-{name}", "resourceVersion": "1"}
        return copy.deepcopy(objects[name])

    def patch(self, ref: Ref, patch: list[Object], content_type: str) -> None:
        assert content_type == "application/json-patch+json"
        if self.before_patch:
            self.before_patch.pop(0)()
        pool = self.pools[ref.name]
        test, *rest = patch
        assert test["path"] == "/metadata/resourceVersion"
        if test["value"] != pool["metadata"]["resourceVersion"]:
            raise ApiError("patch", 422, "Invalid", "the test failed")
        entries, tested = pool["spec"]["allocations"], {}
        for step in rest:
            key = step["path"].removeprefix("/spec/allocations/")
            if step["op"] == "test":
                tested[key] = step["value"]
            elif step["op"] == "add":
                entries[key] = step["value"]
                self.writes.append(f"reserve {key}")
            else:
                assert (step["op"], tested[key]) == ("remove", entries.pop(key)), step
                self.writes.append(f"release {key}")
        self.touch(ref.name)

    def touch(self, name: str = POOL) -> None:
        self.version += 1
        self.pools[name]["metadata"]["resourceVersion"] = str(self.version)

    def delete(self, ref: Ref, *, uid: str | None = None, version: str | None = None) -> None:
        if ref.kind is RESERVATION:
            if self.reservations[ref.name]["metadata"]["uid"] != uid:
                raise ApiError("delete", 409, "Conflict", "another uid")
            del self.reservations[ref.name]
        else:
            if self.pools[ref.name]["metadata"]["resourceVersion"] != version:
                raise ApiError("delete", 409, "Conflict", "another version")
            del self.pools[ref.name]
        self.writes.append(f"delete {ref}")


def run(
    cluster: Any,
    *,
    context: Context | None = None,
    sleep: Callable[[float], None] = lambda seconds: None,
    **options: Any,
) -> dict[str, Any]:
    valid = ArgumentSpecValidator(whereabouts_pool.SPEC["argument_spec"]).validate(options)
    assert not valid.error_messages
    context = context or Context()
    return PoolRequest.of(valid.validated_parameters).run(cluster, context, sleep)
