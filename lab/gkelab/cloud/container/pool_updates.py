# SPDX-License-Identifier: Apache-2.0
"""UpdateNodePool: what each field changes, and which changes make the nodes anew."""

from __future__ import annotations

from google.cloud import container_v1beta1
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gkelab.cloud.container.pool_defaults import autoscaling, node_config, set_version, upgrade_settings
from gkelab.cloud.container.update_fields import merged
from gkelab.cloud.errors import Json, bad_request
from gkelab.cloud.protojson import is_object
from gkelab.cloud.state import NodePool

# Fields of UpdateNodePoolRequest that name the pool and not a change.
ADDRESS = {"name", "projectId", "zone", "clusterId", "nodePoolId", "etag"}
# What GKE changes without making nodes anew (proto documentation, and Terraform's of the updates in place).
_IN_PLACE = {
    "autoscaling",
    "labels",
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
_NETWORK: Descriptor = container_v1beta1.NodeNetworkConfig.pb().DESCRIPTOR
_ADDITIONAL = ("additionalNodeNetworkConfigs", "additionalPodNetworkConfigs")


def recreates(changes: Json) -> bool:
    """Tell whether a pool's nodes are made anew for these changes."""
    return not changes.keys() <= _IN_PLACE


def check_networks(body: Json, changes: Json) -> None:
    """Refuse other additional networks: a pool has those that it was made with (GKE documentation)."""
    wanted = changes.get("nodeNetworkConfig", {})
    for field in _ADDITIONAL:
        if field in wanted and wanted[field] != body["networkConfig"].get(field):
            # Invented text: no public source gives it.
            raise bad_request("The additional networks of a node pool cannot be changed after its creation.")


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
