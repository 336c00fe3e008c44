# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes versions that the lab's GKE offers, and serverConfig."""

from __future__ import annotations

import re

from gkelab.cloud.errors import ApiError, Json, bad_request

# The newest first. The two short ones are those that recorded gcloud commands ask for.
VERSIONS = (
    "1.34.4-gke.1047000",
    "1.34.3-gke.1318000",
    "1.34.1-gke.3971002",
    "1.33.8-gke.1026000",
    "1.33.5-gke.2392000",
    "1.33.2-gke.1",
    "1.33.1-gke.1000",
    "1.32.11-gke.1038000",
    "1.31.14-gke.1174000",
    "1.30.14-gke.2019000",
)
DEFAULT_VERSION = VERSIONS[0]
_CHANNELS = {
    "RAPID": VERSIONS[:3],
    "REGULAR": VERSIONS[:7],
    "STABLE": VERSIONS[2:8],
    "EXTENDED": VERSIONS,
}
IMAGE_TYPES = ("COS_CONTAINERD", "UBUNTU_CONTAINERD", "WINDOWS_LTSC_CONTAINERD")
_MULTI_NETWORKING_SINCE = (1, 28)  # GKE documentation, "about multi-network support"


def resolve(text: str, *, otherwise: str = DEFAULT_VERSION, noun: str = "Master") -> str:
    """Return the version that ``text`` means: exact, a prefix such as 1.34, "latest", "-" or nothing."""
    if text in ("", "-"):
        return otherwise
    if text == "latest":
        return VERSIONS[0]
    if text in VERSIONS:
        return text
    if re.fullmatch(r"\d+\.\d+(\.\d+)?", text):
        for version in VERSIONS:
            if version.startswith((f"{text}.", f"{text}-")):
                return version
        raise bad_request(f'No valid versions with the prefix "{text}" found.')
    raise bad_request(f'{noun} version "{text}" is unsupported.')


def channel_of(version: str) -> str:
    """Return the channel of a cluster that names none: REGULAR, or the next one that offers its version."""
    for name in ("REGULAR", "STABLE", "EXTENDED"):
        if version in _CHANNELS[name]:
            return name
    return "RAPID"


def order(version: str) -> tuple[int, ...]:
    """Return a version as numbers that compare."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def carries_multi_networking(version: str) -> bool:
    """Tell whether clusters of a version can have multi-networking."""
    return order(version)[:2] >= _MULTI_NETWORKING_SINCE


def check_upgrade(present: str, wanted: str) -> None:
    """Refuse to downgrade a control plane."""
    if order(wanted) < order(present):
        # Invented text: no public source gives it.
        raise ApiError(400, "badRequest", f'Master version cannot be downgraded from "{present}" to "{wanted}".')


def server_config() -> Json:
    """Return a location's server configuration."""
    channels = [
        {
            "channel": name,
            "defaultVersion": versions[0],
            "validVersions": list(versions),
        }
        for name, versions in _CHANNELS.items()
    ]
    return {
        "defaultClusterVersion": DEFAULT_VERSION,
        "validMasterVersions": list(VERSIONS),
        "validNodeVersions": list(VERSIONS),
        "defaultImageType": IMAGE_TYPES[0],
        "validImageTypes": list(IMAGE_TYPES),
        "channels": channels,
    }
