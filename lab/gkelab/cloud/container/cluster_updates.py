# SPDX-License-Identifier: Apache-2.0
"""ClusterUpdate: which desired field changes what, and what is refused."""

from __future__ import annotations

from gkelab.cloud.container import versions
from gkelab.cloud.container.cluster_defaults import DEFAULT_LOGGING, DEFAULT_MONITORING, endpoints_config
from gkelab.cloud.container.pool_defaults import autoscaling
from gkelab.cloud.errors import Json, bad_request
from gkelab.cloud.geography import zones_of
from gkelab.cloud.state import Cluster

# desired field -> path in the cluster, where it is not the field's own name
_PATHS = {
    "desiredEnableMultiNetworking": "networkConfig.enableMultiNetworking",
    "desiredDatapathProvider": "networkConfig.datapathProvider",
    "desiredInTransitEncryptionConfig": "networkConfig.inTransitEncryptionConfig",
    "desiredIntraNodeVisibilityConfig.enabled": "networkConfig.enableIntraNodeVisibility",
    "desiredDefaultSnatStatus": "networkConfig.defaultSnatStatus",
    "desiredDnsConfig": "networkConfig.dnsConfig",
    "desiredServiceExternalIpsConfig": "networkConfig.serviceExternalIpsConfig",
    "desiredL4ilbSubsettingConfig.enabled": "networkConfig.enableL4ilbSubsetting",
    "desiredGatewayApiConfig": "networkConfig.gatewayApiConfig",
    "desiredDefaultEnablePrivateNodes": "networkConfig.defaultEnablePrivateNodes",
    "desiredClusterAutoscaling": "autoscaling",
    "desiredLocations": "locations",
}
_POOL_FIELDS = {"desiredNodePoolId", "desiredNodePoolAutoscaling", "desiredNodeVersion", "desiredImageType"}
# Merged into what is there instead of replacing it.
_MERGED = {"addonsConfig", "autoscaling", "masterAuthorizedNetworksConfig", "privateClusterConfig"}


def check_update(cluster: Cluster, update: Json) -> None:
    """Refuse an update that GKE would refuse; resolve version aliases in place."""
    present = cluster.body["currentMasterVersion"]
    if "desiredMasterVersion" in update:
        update["desiredMasterVersion"] = versions.resolve(update["desiredMasterVersion"])
        versions.check_upgrade(present, update["desiredMasterVersion"])
    if "desiredNodeVersion" in update:
        resolved = versions.resolve(update["desiredNodeVersion"], otherwise=present, noun="Node")
        update["desiredNodeVersion"] = resolved
    if "desiredNodePoolAutoscaling" in update and update.get("desiredNodePoolId") not in cluster.pools:
        name = update.get("desiredNodePoolId", "")
        # Invented text: no public source gives it.
        raise bad_request(f'Node pool "{name}" not found.')
    if update.get("desiredEnableMultiNetworking"):
        check_multi_networking(cluster.body["networkConfig"], present)
    elif "desiredEnableMultiNetworking" in update:
        for pool in cluster.pools.values():
            if pool.body["networkConfig"].get("additionalPodNetworkConfigs"):
                # Invented text: no public source gives it.
                text = f'Multi-networking is in use by node pool "{pool.body["name"]}".'
                raise bad_request(text)
    for zone in update.get("desiredLocations", ()):
        region = zone.rpartition("-")[0]
        if zone not in zones_of(region) or not cluster.body["location"].startswith(region):
            # Invented text: no public source gives it.
            raise bad_request(f'Node location "{zone}" is not a zone of region "{region}".')


def check_multi_networking(network_config: Json, version: str) -> None:
    """Refuse multi-networking where it cannot be: it needs Dataplane V2 and GKE 1.28 (GKE documentation)."""
    if network_config.get("datapathProvider") != "ADVANCED_DATAPATH":
        # Invented text: no public source gives it.
        raise bad_request("Multi-networking requires GKE Dataplane V2 (datapath_provider ADVANCED_DATAPATH).")
    if not versions.carries_multi_networking(version):
        # Invented text: no public source gives it.
        raise bad_request(f'Multi-networking requires GKE version 1.28 or later, got "{version}".')


def apply_update(cluster: Cluster, update: Json) -> None:
    """Change a cluster's body, and its pools', as an update asks."""
    body = cluster.body
    _apply_to_pools(cluster, update)
    for desired, value in update.items():
        if desired in _POOL_FIELDS:
            continue
        if desired == "desiredMasterVersion":
            body["currentMasterVersion"] = value
        elif desired == "desiredAdditionalIpRangesConfig":
            body["ipAllocationPolicy"]["additionalIpRangesConfigs"] = value.get("additionalIpRangesConfigs", [])
        elif desired == "desiredControlPlaneEndpointsConfig":
            _apply_endpoints(body, value)
        elif desired in ("desiredLoggingService", "desiredMonitoringService"):
            _apply_service(body, desired, value)
        else:
            _put(body, desired, value)


def _apply_to_pools(cluster: Cluster, update: Json) -> None:
    chosen = update.get("desiredNodePoolId")
    for name, pool in cluster.pools.items():
        if chosen and name != chosen:
            continue
        if "desiredNodePoolAutoscaling" in update:
            pool.body["autoscaling"] = autoscaling(update["desiredNodePoolAutoscaling"])
        if "desiredNodeVersion" in update:
            pool.body["version"] = update["desiredNodeVersion"]
        if "desiredImageType" in update:
            pool.body["config"]["imageType"] = update["desiredImageType"]


def _apply_endpoints(body: Json, value: Json) -> None:
    present = body["controlPlaneEndpointsConfig"]
    name = present["dnsEndpointConfig"]["endpoint"]
    merged = {
        "dnsEndpointConfig": present["dnsEndpointConfig"] | value.get("dnsEndpointConfig", {}),
        "ipEndpointsConfig": present["ipEndpointsConfig"] | value.get("ipEndpointsConfig", {}),
    }
    private = body["privateClusterConfig"]
    config = endpoints_config({"controlPlaneEndpointsConfig": merged, "privateClusterConfig": private}, name)
    addresses = config["ipEndpointsConfig"]
    private |= {"enablePrivateEndpoint": not addresses["enablePublicEndpoint"]}
    if "globalAccess" in addresses:
        private["masterGlobalAccessConfig"] = {"enabled": addresses["globalAccess"]}
    if not addresses["enablePublicEndpoint"]:
        addresses.pop("publicEndpoint", None)
    body["controlPlaneEndpointsConfig"] = config
    body["masterAuthorizedNetworksConfig"] = config["ipEndpointsConfig"]["authorizedNetworksConfig"]


def _apply_service(body: Json, desired: str, value: str) -> None:
    """Switch logging or monitoring; "none" empties the components (recorded for logging)."""
    what = "logging" if desired == "desiredLoggingService" else "monitoring"
    body[f"{what}Service"] = value
    if what == "logging":
        components = {"enableComponents": list(DEFAULT_LOGGING)} if value != "none" else {}
        body["loggingConfig"] = {"componentConfig": components}
        body["clusterTelemetry"] = {"type": "DISABLED" if value == "none" else "ENABLED"}
    elif value != "none":
        body["monitoringConfig"]["componentConfig"] = {"enableComponents": list(DEFAULT_MONITORING)}


def _put(body: Json, desired: str, value: object) -> None:
    path = _PATHS.get(desired)
    if path is None and f"{desired}.enabled" in _PATHS and isinstance(value, dict):
        path, value = _PATHS[f"{desired}.enabled"], bool(value.get("enabled"))
    if path is None:
        name = desired.removeprefix("desired")
        path = name[:1].lower() + name[1:]
    *parents, last = path.split(".")
    holder = body
    for parent in parents:
        holder = holder.setdefault(parent, {})
    if last in _MERGED and isinstance(value, dict):
        value = holder.get(last, {}) | value
    holder[last] = value
