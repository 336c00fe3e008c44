# SPDX-License-Identifier: Apache-2.0
"""What GKE adds to a cluster (46 recorded read-backs). Fields that only v1beta1 has fall away in v1's answers."""

from __future__ import annotations

import json
import time

from gkelab.cloud.container import endpoints, versions
from gkelab.cloud.container.pool_defaults import DEFAULT_SCOPES
from gkelab.cloud.errors import Json
from gkelab.cloud.identity import cluster_time, digest, uuid_of

# What a request may carry but only the server decides, and what the lab keeps elsewhere.
OUTPUT_ONLY = {
    "selfLink",
    "endpoint",
    "status",
    "statusMessage",
    "conditions",
    "currentMasterVersion",
    "currentNodeVersion",
    "currentNodeCount",
    "createTime",
    "expireTime",
    "instanceGroupUrls",
    "servicesIpv4Cidr",
    "nodeIpv4CidrSize",
    "location",
    "zone",
    "labelFingerprint",
    "id",
    "etag",
    "nodePools",
    "nodeConfig",
    "masterAuth",
}
DEFAULT_MONITORING = (
    "SYSTEM_COMPONENTS",
    "STORAGE",
    "HPA",
    "POD",
    "DAEMONSET",
    "DEPLOYMENT",
    "STATEFULSET",
    "CADVISOR",
    "KUBELET",
    "DCGM",
    "JOBSET",
)
# Recorded of node autoprovisioning.
BROAD_SCOPES = (
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/cloud-platform",
)
CONTROL_PLANE_METRICS = ("APISERVER", "SCHEDULER", "CONTROLLER_MANAGER")
DEFAULT_LOGGING = ("SYSTEM_COMPONENTS", "WORKLOADS")
DAILY_WINDOW = "PT4H0M0S"  # how long a daily maintenance window is (Terraform's documentation of the computed field)
_DNS_CACHE = (1, 34)  # recorded: on from here, not there with 1.33
_NODE_CREATION = (1, 35, 3)  # recorded: there with 1.35.3 and 1.35.6, not with 1.35.1
_VARIANT = {"loggingConfig": {"variantConfig": {"variant": "DEFAULT"}}}
_READONLY_PORT = {"nodeKubeletConfig": {"insecureKubeletReadonlyPortEnabled": False}}


def cluster_body(asked: Json, *, identity: str, version: str, location: str, zones: list[str], number: str) -> Json:
    """Return a new cluster's body but for what depends on its network, which the caller adds."""
    body = {key: value for key, value in asked.items() if key not in OUTPUT_ONLY}
    if not body.get("networkPolicy"):
        body.pop("networkPolicy", None)
    body |= {
        "id": identity,
        "location": location,
        "zone": location,
        "locations": zones,
        "status": "PROVISIONING",
        "createTime": cluster_time(time.time()),
        "initialClusterVersion": version,
        "currentMasterVersion": version,
        "etag": uuid_of("cluster", identity),
        "labelFingerprint": label_fingerprint(asked.get("resourceLabels", {})),
        "controlPlaneEndpointsConfig": endpoints.initial(asked, f"gke-{identity[:36]}-{number}.{location}.gke.goog"),
        "masterAuth": {"clientCertificateConfig": {}},
    }
    return body | _messages(asked, version) | _observability(asked)


def label_fingerprint(labels: Json) -> str:
    """Return the fingerprint of a cluster's labels: eight hexadecimal digits."""
    return digest("labels", sorted(labels.items()))[:8]


def maintenance_policy(asked: Json) -> Json:
    """Return a cluster's maintenancePolicy. Its resource version is a hash of it: recorded, that of nothing."""
    policy = {key: value for key, value in asked.items() if value and key != "resourceVersion"}
    daily = policy.get("window", {}).get("dailyMaintenanceWindow")
    if daily:
        policy["window"] = policy["window"] | {"dailyMaintenanceWindow": {**daily, "duration": DAILY_WINDOW}}
    return policy | {"resourceVersion": digest(json.dumps(policy, sort_keys=True) if policy else "")[:8]}


def enterprise_config(asked: Json) -> Json:
    """Return a cluster's enterpriseConfig: the tier follows the one that is desired."""
    desired = {"desiredTier": asked["desiredTier"]} if "desiredTier" in asked else {}
    return {"clusterTier": asked.get("desiredTier", "STANDARD")} | desired


def _messages(asked: Json, version: str) -> Json:
    """Return the messages that are there whatever was asked for."""
    addons = {
        **({"dnsCacheConfig": {"enabled": True}} if versions.order(version) >= _DNS_CACHE else {}),
        "gcePersistentDiskCsiDriverConfig": {"enabled": True},
        "kubernetesDashboard": {"disabled": True},
        "networkPolicyConfig": {"disabled": True},
    }
    pools = asked.get("nodePoolDefaults", {}).get("nodeConfigDefaults", {})
    result: Json = {
        "addonsConfig": addons | asked.get("addonsConfig", {}),
        "anonymousAuthenticationConfig": asked.get("anonymousAuthenticationConfig") or {"mode": _anonymous(version)},
        "autopilot": asked.get("autopilot", {}),
        "autoscaling": autoscaling_of_cluster(asked.get("autoscaling")),
        "binaryAuthorization": asked.get("binaryAuthorization", {}),
        "clusterTelemetry": asked.get("clusterTelemetry") or {"type": "ENABLED"},
        "controlPlaneEgress": asked.get("controlPlaneEgress") or {"mode": "VIA_CONTROL_PLANE"},
        "databaseEncryption": {
            "state": "DECRYPTED",
            "currentState": "CURRENT_STATE_DECRYPTED",
            **asked.get("databaseEncryption", {}),
        },
        "defaultMaxPodsConstraint": asked.get("defaultMaxPodsConstraint") or {"maxPodsPerNode": "110"},
        "enterpriseConfig": enterprise_config(asked.get("enterpriseConfig", {})),
        "legacyAbac": asked.get("legacyAbac", {}),
        "maintenancePolicy": maintenance_policy(asked.get("maintenancePolicy", {})),
        "master": asked.get("master", {}),
        "nodePoolAutoConfig": _READONLY_PORT | asked.get("nodePoolAutoConfig", {}),
        "nodePoolDefaults": {"nodeConfigDefaults": _VARIANT | _READONLY_PORT | pools},
        "notificationConfig": {"pubsub": {}} | asked.get("notificationConfig", {}),
        "podAutoscaling": asked.get("podAutoscaling") or {"hpaProfile": _hpa_profile(version)},
        "privateCluster": True,
        "protectConfig": {
            "workloadConfig": {"auditMode": "BASIC"},
            "workloadVulnerabilityMode": "WORKLOAD_VULNERABILITY_MODE_UNSPECIFIED",
            **asked.get("protectConfig", {}),
        },
        "rbacBindingConfig": {
            "enableInsecureBindingSystemAuthenticated": True,
            "enableInsecureBindingSystemUnauthenticated": True,
            **asked.get("rbacBindingConfig", {}),
        },
        "releaseChannel": asked.get("releaseChannel") or {"channel": versions.channel_of(version)},
        "securityPostureConfig": {
            "mode": "BASIC",
            "vulnerabilityMode": "VULNERABILITY_MODE_UNSPECIFIED",
            **asked.get("securityPostureConfig", {}),
        },
        "shieldedNodes": asked.get("shieldedNodes") or {"enabled": True},
        "userManagedKeysConfig": asked.get("userManagedKeysConfig", {}),
    }
    if versions.order(version) >= _NODE_CREATION:
        result["nodeCreationConfig"] = asked.get("nodeCreationConfig") or {"nodeCreationMode": "VIA_KUBELET"}
        result["addonsConfig"].setdefault("nodeReadinessConfig", {})
    return result


def _anonymous(version: str) -> str:
    """Recorded: LIMITED from 1.35 on, ENABLED with 1.33 and 1.34."""
    return "LIMITED" if versions.order(version) >= (1, 35) else "ENABLED"


def _hpa_profile(version: str) -> str:
    """Recorded: PERFORMANCE with 1.34 and 1.35, unspecified with 1.33."""
    return "PERFORMANCE" if versions.order(version) >= (1, 34) else "HPA_PROFILE_UNSPECIFIED"


def autoscaling_of_cluster(asked: Json | None) -> Json:
    """Return a cluster's autoscaling; defaults for the pools that GKE makes come with any that is asked for."""
    if asked is None:
        return {"autoscalingProfile": "BALANCED"}
    given = dict(asked.get("autoprovisioningNodePoolDefaults", {}))
    if given.get("minCpuPlatform") == "automatic":
        del given["minCpuPlatform"]
    if "upgradeSettings" in given:
        given["upgradeSettings"] = {"strategy": "SURGE", **given["upgradeSettings"]}
    pools = {
        "imageType": "COS_CONTAINERD",
        "management": {"autoRepair": True, "autoUpgrade": True},
        "oauthScopes": list(BROAD_SCOPES if asked.get("enableNodeAutoprovisioning") else DEFAULT_SCOPES),
        "serviceAccount": "default",
        **given,
    }
    return {"autoscalingProfile": "BALANCED", **asked, "autoprovisioningNodePoolDefaults": pools}


def _observability(asked: Json) -> Json:
    logged = () if asked.get("loggingService") == "none" else DEFAULT_LOGGING
    monitored = () if asked.get("monitoringService") == "none" else DEFAULT_MONITORING
    monitoring = {
        "advancedDatapathObservabilityConfig": {},
        "managedPrometheusConfig": {"enabled": True},
        **components(monitored),
        **asked.get("monitoringConfig", {}),
    }
    return {
        "loggingConfig": asked.get("loggingConfig") or components(logged),
        "loggingService": asked.get("loggingService") or "logging.googleapis.com/kubernetes",
        "monitoringConfig": monitoring,
        "monitoringService": asked.get("monitoringService") or "monitoring.googleapis.com/kubernetes",
    }


def components(names: tuple[str, ...]) -> Json:
    """Return which components are logged or monitored; without any the list is not returned (recorded)."""
    return {"componentConfig": {"enableComponents": list(names)} if names else {}}
