# SPDX-License-Identifier: Apache-2.0
"""UpdateNodePool: what each field changes, and which changes make the nodes anew."""

from __future__ import annotations

from gkelab.cloud.container.pool_defaults import autoscaling, upgrade_settings
from gkelab.cloud.errors import Json
from gkelab.cloud.state import NodePool

# Fields of UpdateNodePoolRequest that name the pool and not a change.
ADDRESS = {"name", "projectId", "zone", "clusterId", "nodePoolId", "etag"}
# Fields of the request that are fields of NodeConfig.
_OF_CONFIG = {
    "imageType",
    "workloadMetadataConfig",
    "linuxNodeConfig",
    "kubeletConfig",
    "gcfsConfig",
    "confidentialNodes",
    "gvnic",
    "fastSocket",
    "loggingConfig",
    "resourceLabels",
    "windowsNodeConfig",
    "machineType",
    "diskType",
    "diskSizeGb",
    "resourceManagerTags",
    "containerdConfig",
    "accelerators",
    "storagePools",
    "flexStart",
    "maxRunDuration",
    "bootDisk",
}
# What GKE makes nodes anew for (proto documentation of UpdateNodePoolRequest).
RECREATING = {"nodeVersion", "imageType", "machineType", "diskType", "diskSizeGb", "kubeletConfig", "linuxNodeConfig"}


def apply_changes(pool: NodePool, changes: Json) -> None:
    """Change a pool's body; tags, taints and labels are replaced whole (proto documentation)."""
    body, config = pool.body, pool.body["config"]
    for field, value in changes.items():
        if field in _OF_CONFIG:
            config[field] = config.get(field, {}) | value if isinstance(value, dict) else value
        elif field in ("tags", "taints", "labels"):
            config.pop(field, None)
            if value.get(field):
                config[field] = value[field]
        elif field == "resourceLabels":
            config[field] = value.get("labels", {})
        elif field == "nodeVersion":
            body["version"] = value
        elif field == "nodeNetworkConfig":
            body["networkConfig"] |= value
        elif field == "upgradeSettings":
            body[field] = upgrade_settings(value)
        elif field == "autoscaling":
            body[field] = autoscaling(value)
        else:
            body[field] = value
    if {"diskType", "diskSizeGb"} & changes.keys():
        config["bootDisk"] |= {"diskType": config["diskType"], "sizeGb": str(config["diskSizeGb"])}
