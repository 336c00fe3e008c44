# SPDX-License-Identifier: Apache-2.0
"""What GKE adds to a node pool (12 recorded read-backs)."""

from __future__ import annotations

from gkelab.cloud.container.addresses import block_prefix
from gkelab.cloud.container.machine_types import default_disk_type
from gkelab.cloud.errors import Json
from gkelab.cloud.identity import uuid_of

DEFAULT_SCOPES = [
    f"https://www.googleapis.com/auth/{name}"
    for name in (
        "devstorage.read_only",
        "logging.write",
        "monitoring",
        "service.management.readonly",
        "servicecontrol",
        "trace.append",
    )
]
DEFAULT_MACHINE_TYPE = "e2-medium"
# What a request may carry but only the server decides.
OUTPUT_ONLY = {
    "selfLink",
    "instanceGroupUrls",
    "status",
    "statusMessage",
    "conditions",
    "podIpv4CidrSize",
    "updateInfo",
    "etag",
}


# Recorded of nodes of these versions; older ones were recorded without.
_IMAGES = {
    "1.34.8-gke.1278000": "gke-1348-gke1278000-cos-125-19216-395-7-c-pre",
    "1.35.6-gke.1127000": "gke-1356-gke1127000-cos-125-19216-395-109-c-pre",
}


def set_version(body: Json, version: str) -> None:
    """Give a pool a version, and the image of its nodes."""
    body["version"] = version
    config = body["config"]
    if config.get("nodeImageConfig", {}).get("image") in _IMAGES.values():
        del config["nodeImageConfig"]
    if version in _IMAGES and config["imageType"] == "COS_CONTAINERD":
        config.setdefault("nodeImageConfig", {"image": _IMAGES[version], "imageProject": "gke-node-images"})


def node_config(asked: Json) -> Json:
    """Return a pool's config."""
    machine_type = asked.get("machineType", DEFAULT_MACHINE_TYPE)
    boot_disk = asked.get("bootDisk", {})
    disk_type = boot_disk.get("diskType") or asked.get("diskType") or default_disk_type(machine_type)
    size = int(boot_disk.get("sizeGb") or asked.get("diskSizeGb") or 100)
    return {
        "oauthScopes": list(DEFAULT_SCOPES),
        "serviceAccount": "default",
        "effectiveCgroupMode": "EFFECTIVE_CGROUP_MODE_V2",
        "windowsNodeConfig": {},
        **asked,
        "imageType": asked.get("imageType", "COS_CONTAINERD").upper(),
        "machineType": machine_type,
        "diskType": disk_type,
        "diskSizeGb": size,
        "bootDisk": {**boot_disk, "diskType": disk_type, "sizeGb": str(size)},
        "kubeletConfig": {
            "insecureKubeletReadonlyPortEnabled": False,
            "maxParallelImagePulls": 2,
            **asked.get("kubeletConfig", {}),
        },
        "metadata": {"disable-legacy-endpoints": "true", **asked.get("metadata", {})},
        "resourceLabels": {
            **asked.get("resourceLabels", {}),
            "goog-gke-node-pool-provisioning-model": "spot" if asked.get("spot") else "on-demand",
        },
        "shieldedInstanceConfig": asked.get("shieldedInstanceConfig") or {"enableIntegrityMonitoring": True},
    }


def pool_body(
    asked: Json, *, version: str, zones: list[str], max_pods: int, subnetwork: str, pod_range: str, pod_cidr: str
) -> Json:
    """Return a new pool's body; ``subnetwork`` is a relative path."""
    body = {key: value for key, value in asked.items() if key not in OUTPUT_ONLY}
    network_config = {
        "networkTierConfig": {"networkTier": "NETWORK_TIER_DEFAULT"},
        **asked.get("networkConfig", {}),
        "podRange": pod_range,
        "podIpv4CidrBlock": pod_cidr,
        "subnetwork": subnetwork,
    }
    for pod_network in network_config.get("additionalPodNetworkConfigs", ()):
        if not pod_network.get("maxPodsPerNode", {}).get("maxPodsPerNode"):
            pod_network["maxPodsPerNode"] = {"maxPodsPerNode": str(max_pods)}
    body |= {
        "config": node_config(asked.get("config", {})),
        "locations": zones,
        "management": asked.get("management", {"autoRepair": True, "autoUpgrade": True}),
        "maxPodsConstraint": {"maxPodsPerNode": str(max_pods)},
        "podIpv4CidrSize": block_prefix(max_pods),
        "upgradeSettings": upgrade_settings(asked.get("upgradeSettings", {"maxSurge": 1})),
        "networkConfig": network_config,
        "status": "PROVISIONING",
        "etag": uuid_of("pool", asked.get("name"), version, zones, max_pods),
    }
    set_version(body, version)
    if asked.get("autoscaling", {}).get("enabled"):
        body["autoscaling"] = autoscaling(asked["autoscaling"])
    return body


def upgrade_settings(asked: Json) -> Json:
    """Return a pool's upgradeSettings."""
    return {"strategy": "SURGE", **asked}


def autoscaling(asked: Json) -> Json:
    """Return a pool's autoscaling; zeros are not returned."""
    kept = {key: value for key, value in asked.items() if value not in (0, False)}
    return {"locationPolicy": "BALANCED", **kept} if kept.get("enabled") else {}
