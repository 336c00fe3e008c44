# SPDX-License-Identifier: Apache-2.0
"""How a cluster's API server is reached: by a public address, a private one, a DNS name.

``controlPlaneEndpointsConfig`` says it all; ``endpoint``, ``privateClusterConfig`` and
``masterAuthorizedNetworksConfig`` repeat parts of it for older clients (recorded before and after an update).
"""

from __future__ import annotations

from google.cloud import container_v1beta1

from gkelab.cloud.container.update_fields import merged
from gkelab.cloud.errors import Json

_KIND = container_v1beta1.ControlPlaneEndpointsConfig.pb().DESCRIPTOR
UPDATES = {
    "desiredControlPlaneEndpointsConfig",
    "desiredEnablePrivateEndpoint",
    "desiredMasterAuthorizedNetworksConfig",
    "desiredPrivateClusterConfig",
    "privateClusterConfig",
}


def initial(asked: Json, dns_name: str) -> Json:
    """Return a new cluster's controlPlaneEndpointsConfig; its addresses follow when it has some."""
    private = asked.get("privateClusterConfig", {})
    # Recorded: a range for the control plane means that the private endpoint enforces what is authorized, too.
    has_range = bool(private.get("masterIpv4CidrBlock"))
    enforced = "privateEndpointEnforcementEnabled" if has_range else "gcpPublicCidrsAccessEnabled"
    defaults: Json = {
        "dnsEndpointConfig": {
            "allowExternalTraffic": False,
            "enableK8sCertsViaDns": False,
            "enableK8sTokensViaDns": False,
            "endpoint": dns_name,
        },
        "ipEndpointsConfig": {
            "enabled": True,
            "enablePublicEndpoint": True,
            "authorizedNetworksConfig": {enforced: True},
        },
    }
    return _merged(_merged(defaults, older(asked)), asked.get("controlPlaneEndpointsConfig", {}))


def older(asked: Json) -> Json:
    """Return what the older fields of a cluster ask for, in the form of the newer one."""
    private = asked.get("privateClusterConfig", {})
    addresses: Json = {}
    if "masterAuthorizedNetworksConfig" in asked:
        addresses["authorizedNetworksConfig"] = asked["masterAuthorizedNetworksConfig"]
    if private.get("enablePrivateEndpoint"):
        addresses["enablePublicEndpoint"] = False
    if "masterGlobalAccessConfig" in private:
        addresses["globalAccess"] = private["masterGlobalAccessConfig"].get("enabled", False)
    if private.get("privateEndpointSubnetwork"):
        addresses["privateEndpointSubnetwork"] = private["privateEndpointSubnetwork"]
    return {"ipEndpointsConfig": addresses} if addresses else {}


def update(body: Json, desired: str, value: object) -> None:
    """Change how a cluster is reached, as a field of ClusterUpdate in :data:`UPDATES` asks."""
    body["controlPlaneEndpointsConfig"] = _merged(body["controlPlaneEndpointsConfig"], _asked(desired, value))
    mirror(body)


def make_private(body: Json, address: str) -> None:
    """Give a new cluster the address of its private endpoint, and private nodes if either field asks for them."""
    private, network = body["privateClusterConfig"], body["networkConfig"]
    private["privateEndpoint"] = address
    body["controlPlaneEndpointsConfig"]["ipEndpointsConfig"]["privateEndpoint"] = address
    if private.get("enablePrivateNodes") or network.get("defaultEnablePrivateNodes"):
        private["enablePrivateNodes"] = network["defaultEnablePrivateNodes"] = True


def addressed(body: Json, *, public: str, private: str) -> None:
    """Give a cluster the addresses of its API server."""
    body["privateClusterConfig"] |= {"publicEndpoint": public, "privateEndpoint": private}
    mirror(body)


def mirror(body: Json) -> None:
    """Repeat in a cluster's older fields what its controlPlaneEndpointsConfig says."""
    addresses, private = body["controlPlaneEndpointsConfig"]["ipEndpointsConfig"], body["privateClusterConfig"]
    body["masterAuthorizedNetworksConfig"] = addresses["authorizedNetworksConfig"]
    is_public = addresses["enablePublicEndpoint"]
    _set(addresses, "privateEndpoint", private.get("privateEndpoint"))
    _set(addresses, "publicEndpoint", private.get("publicEndpoint") if is_public else None)
    _set(private, "enablePrivateEndpoint", not is_public)
    _set(private, "masterGlobalAccessConfig", {"enabled": True} if addresses.get("globalAccess") else None)
    _set(body, "endpoint", private.get("publicEndpoint" if is_public else "privateEndpoint"))


def _asked(desired: str, value: object) -> Json:
    if desired == "desiredEnablePrivateEndpoint":
        return {"ipEndpointsConfig": {"enablePublicEndpoint": not value}}
    if desired == "desiredMasterAuthorizedNetworksConfig":
        return older({"masterAuthorizedNetworksConfig": value})
    if desired == "desiredControlPlaneEndpointsConfig" and isinstance(value, dict):
        return value
    return older({"privateClusterConfig": value})


def _merged(present: Json, sent: Json) -> Json:
    """Merge two configurations; the DNS name and the private endpoint's subnetwork stay as they were made."""
    after = merged(present, sent, _KIND)
    for name, field in (("dnsEndpointConfig", "endpoint"), ("ipEndpointsConfig", "privateEndpointSubnetwork")):
        _set(after[name], field, present[name].get(field) or after[name].get(field))
    _set(after["ipEndpointsConfig"], "globalAccess", after["ipEndpointsConfig"].get("globalAccess"))
    return after


def _set(holder: Json, key: str, value: object) -> None:
    """Set a field that is not returned when it is empty."""
    if value:
        holder[key] = value
    else:
        holder.pop(key, None)
