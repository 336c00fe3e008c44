# SPDX-License-Identifier: Apache-2.0
"""UpdateNodePool: what each field changes, and which changes make the nodes anew."""

from __future__ import annotations

import copy

from google.cloud import container_v1beta1
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gkelab.cloud import invented
from gkelab.cloud.cloud import Cloud
from gkelab.cloud.container.pool_checks import check_pool
from gkelab.cloud.container.pool_defaults import autoscaling, node_config, set_version, upgrade_settings
from gkelab.cloud.container.update_fields import merged
from gkelab.cloud.errors import Json, bad_request
from gkelab.cloud.protojson import is_object
from gkelab.cloud.state import Cluster, NodePool

# Fields of UpdateNodePoolRequest that name the pool and not a change.
ADDRESS = {"name", "projectId", "zone", "clusterId", "nodePoolId", "etag"}
# What GKE changes without making nodes anew (proto documentation, and Terraform's of the updates in place).
_IN_PLACE = {
    "autoscaling",
    "labels",
    "maintenancePolicy",
    "management",
    "nodeDrainConfig",
    "queuedProvisioning",
    "resourceLabels",
    "tags",
    "taints",
    "upgradeSettings",
}
_REQUEST: Descriptor = container_v1beta1.UpdateNodePoolRequest.pb().DESCRIPTOR
_CONFIG: Descriptor = container_v1beta1.NodeConfig.pb().DESCRIPTOR
_ADDITIONAL = ("additionalNodeNetworkConfigs", "additionalPodNetworkConfigs")


def recreates(changes: Json) -> bool:
    """Tell whether a pool's nodes are made anew for these changes."""
    return not changes.keys() <= _IN_PLACE


def check_changes(cloud: Cloud, project: str, cluster: Cluster, pool: NodePool, changes: Json) -> None:
    """Refuse what would make a pool that GKE would not make, and other additional networks than it was made with."""
    after = NodePool(copy.deepcopy(pool.body))
    apply_changes(after, changes)
    for field in _ADDITIONAL:  # GKE documentation: nodes have the networks that their pool was made with
        if after.body["networkConfig"].get(field) != pool.body["networkConfig"].get(field):
            raise bad_request(invented.FIXED_NETWORKS)
    check_pool(cloud, project, cluster, after.body)


def apply_changes(pool: NodePool, changes: Json) -> None:
    """Change a pool's body: a field of the request changes the field of its name, of the config or of the pool."""
    body = pool.body
    for name, value in changes.items():
        if name == "nodeVersion":
            set_version(body, value)
        elif name == "nodeNetworkConfig":
            body["networkConfig"] |= value
        elif name == "upgradeSettings":
            body[name] = upgrade_settings(value)
        elif name == "autoscaling":
            body[name] = autoscaling(value)
        elif name in ("image", "imageProject"):
            body["config"].setdefault("nodeImageConfig", {})[name] = value
        elif name in _CONFIG.fields_by_camelcase_name:
            _configure(body, _REQUEST.fields_by_camelcase_name[name], value)
        else:
            body[name] = value


def _configure(body: Json, field: FieldDescriptor, value: object) -> None:
    """Change a field of a pool's config, and fill in what GKE adds to it."""
    name, config = field.json_name, body["config"]
    known = _CONFIG.fields_by_camelcase_name[name]
    if field.message_type is not known.message_type and isinstance(value, dict):
        # NodeTaints, NodeLabels and the like: a message around the one list or map that is replaced whole.
        value = next(iter(value.values()), None)
    elif is_object(known) and isinstance(value, dict):
        value = merged(config.get(name, {}), value, known.message_type)
    config.pop(name, None)
    if value:
        config[name] = value
    if name in ("diskType", "diskSizeGb"):
        config.setdefault("bootDisk", {}).pop("diskType" if name == "diskType" else "sizeGb", None)
    body["config"] = node_config(config)
