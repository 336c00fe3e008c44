# SPDX-License-Identifier: Apache-2.0
"""Which field of Cluster a field of ClusterUpdate changes, and how: by the protos, not one by one.

``desired_x`` changes ``Cluster.x``; where a cluster has no such field, the field of that name in one of the messages
that hold a cluster's settings. The few that are called something else are listed.
"""

from __future__ import annotations

import functools

from google.cloud import container_v1, container_v1beta1
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gkelab.cloud.errors import Json
from gkelab.cloud.protojson import is_object

# The messages of a cluster whose fields an update names without naming the message.
_HOLDERS = ("network_config", "ip_allocation_policy", "autopilot", "node_pool_auto_config")
_NODE_DEFAULTS = ("node_pool_defaults", "node_config_defaults")
_ELSEWHERE: dict[str, tuple[str, ...]] = {
    "desired_cluster_autoscaling": ("autoscaling",),
    "desired_containerd_config": (*_NODE_DEFAULTS, "containerd_config"),
    "desired_gcfs_config": (*_NODE_DEFAULTS, "gcfs_config"),
    "desired_host_maintenance_policy": (*_NODE_DEFAULTS, "host_maintenance_policy"),
    "desired_node_kubelet_config": (*_NODE_DEFAULTS, "node_kubelet_config"),
    "desired_node_pool_logging_config": (*_NODE_DEFAULTS, "logging_config"),
    "desired_node_pool_auto_config_kubelet_config": ("node_pool_auto_config", "node_kubelet_config"),
    "desired_emulated_version": ("current_emulated_version",),
    "desired_k8s_beta_apis": ("enable_k8s_beta_apis",),
    "desired_intra_node_visibility_config": ("network_config", "enable_intra_node_visibility"),
    "desired_l4ilb_subsetting_config": ("network_config", "enable_l4ilb_subsetting"),
    "desired_master_version": ("current_master_version",),
}


@functools.cache
def target(desired: str) -> tuple[FieldDescriptor, ...]:
    """Return the path in a cluster that a field of an update (its JSON name) changes; empty if it is none."""
    cluster: Descriptor = container_v1beta1.Cluster.pb().DESCRIPTOR
    full_name = _proto_name(desired)
    if full_name in _ELSEWHERE:
        return _path(cluster, _ELSEWHERE[full_name])
    name = full_name.removeprefix("desired_")
    if name in cluster.fields_by_name:
        return _path(cluster, (name,))
    for holder in _HOLDERS:
        message = cluster.fields_by_name[holder].message_type
        for known in (name, name.removeprefix(f"{holder}_")):
            if known in message.fields_by_name:
                return _path(cluster, (holder, known))
    return ()


def put(cluster: Json, desired: str, value: object) -> None:
    """Change the field of a cluster that ``desired`` means."""
    *parents, last = target(desired)
    holder = cluster
    for parent in parents:
        holder = holder.setdefault(parent.json_name, {})
    if last.message_type is None and isinstance(value, dict):
        value = bool(value.get("enabled"))  # a message in the update, a switch in the cluster
    if is_object(last) and isinstance(value, dict):
        value = merged(holder.get(last.json_name, {}), value, last.message_type)
    holder[last.json_name] = value


def merged(present: Json, sent: Json, kind: Descriptor) -> Json:
    """Return a message after an update that sends ``sent``.

    What was not sent stays where a message can tell "not sent" from "sent empty": inner messages, and scalars with
    presence. A list, a map or any other scalar is what was sent, its default if nothing was. So is a field that only
    v1 has, which ``kind``, of v1beta1, says nothing of.
    """
    fields = kind.fields_by_camelcase_name
    result = {key: value for key, value in present.items() if key in fields and fields[key].has_presence}
    for key, value in sent.items():
        inner = key in result and is_object(fields[key])
        result[key] = merged(result[key], value, fields[key].message_type) if inner else value
    return result


def _proto_name(desired: str) -> str:
    """Return a field of an update as the proto writes it; either version has some that the other lacks."""
    kinds = (container_v1beta1.ClusterUpdate, container_v1.ClusterUpdate)
    fields = (kind.pb().DESCRIPTOR.fields_by_camelcase_name.get(desired) for kind in kinds)
    return str(next(field.name for field in fields if field is not None))


def _path(kind: Descriptor, names: tuple[str, ...]) -> tuple[FieldDescriptor, ...]:
    fields = []
    for name in names:
        fields.append(kind.fields_by_name[name])
        kind = fields[-1].message_type
    return tuple(fields)
