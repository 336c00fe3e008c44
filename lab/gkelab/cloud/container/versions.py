# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes versions that the lab's GKE offers, and serverConfig."""

from __future__ import annotations

import re

from gkelab.cloud import invented
from gkelab.cloud.errors import Json, bad_request

# The newest first: those of recorded clusters, those that recorded gcloud commands ask for (the two short ones), and
# one of each older minor version.
VERSIONS = (
    "1.35.6-gke.1127000",
    "1.35.3-gke.1389000",
    "1.35.1-gke.1396002",
    "1.34.8-gke.1278000",
    "1.34.4-gke.1047000",
    "1.33.8-gke.1026000",
    "1.33.5-gke.2392000",
    "1.33.2-gke.1240000",
    "1.33.2-gke.1",
    "1.33.1-gke.1000",
    "1.32.11-gke.1038000",
    "1.31.14-gke.1174000",
    "1.30.14-gke.2019000",
)
DEFAULT_VERSION = "1.35.1-gke.1396002"  # of most recorded clusters, all of those that asked for none at that time
# Recorded: 1.35 was in REGULAR, and 1.34.8 in STABLE only; a year earlier 1.33.2 was in REGULAR.
_CHANNELS = {
    "RAPID": VERSIONS[:3],
    "REGULAR": (*VERSIONS[:3], "1.33.2-gke.1240000"),
    "STABLE": VERSIONS[2:11],
    "EXTENDED": VERSIONS,
}
_DEFAULT_OF_CHANNEL = {"STABLE": "1.34.8-gke.1278000"}
IMAGE_TYPES = ("COS_CONTAINERD", "UBUNTU_CONTAINERD", "WINDOWS_LTSC_CONTAINERD")
UBUNTU_MULTI_NETWORKING = "1.32.3-gke.1785000"  # from which on (GKE documentation, "set up multi-network support")
_EXACT = re.compile(r"\d+\.\d+\.\d+-gke\.\d+")
_MULTI_NETWORKING_SINCE = (1, 28)  # GKE documentation, "about multi-network support"


def resolve(text: str, *, otherwise: str = DEFAULT_VERSION, noun: str = "Master") -> str:
    """Return the version that ``text`` means: exact, a prefix such as 1.34, "latest", "-" or nothing.

    Any patch of an offered minor version is taken: GKE has far more of them than the lab can list.
    """
    if text in ("", "-"):
        return otherwise
    if text == "latest":
        return VERSIONS[0]
    if text in VERSIONS or (_EXACT.fullmatch(text) and _minor(text) in map(_minor, VERSIONS)):
        return text
    if re.fullmatch(r"\d+\.\d+(\.\d+)?", text):
        for version in VERSIONS:
            if version.startswith((f"{text}.", f"{text}-")):
                return version
        raise bad_request(f'No valid versions with the prefix "{text}" found.')
    raise bad_request(f'{noun} version "{text}" is unsupported.')


def resolve_of_nodes(text: str, of_master: str) -> str:
    """Return the version that nodes are to have: at most their control plane's; "-" means just that."""
    version = resolve(text, otherwise=of_master, noun="Node")
    if order(version) > order(of_master):
        raise bad_request(invented.NODE_VERSION.format(version=version, master=of_master))
    return version


def default_of(channel: str) -> str:
    """Return the version of a cluster in a channel that asks for none."""
    return _DEFAULT_OF_CHANNEL.get(channel, DEFAULT_VERSION)


def channel_of(version: str) -> str:
    """Return the channel of a cluster that names none: REGULAR, or the next one that offers its version.

    A version that the lab does not list is in the channel of the first listed one of its minor version.
    """
    known = version if version in VERSIONS else next(item for item in VERSIONS if _minor(item) == _minor(version))
    return next(name for name in ("REGULAR", "STABLE", "EXTENDED") if known in _CHANNELS[name])


def _minor(version: str) -> tuple[int, ...]:
    return order(version)[:2]


def order(version: str) -> tuple[int, ...]:
    """Return a version as numbers that compare."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def carries_multi_networking(version: str) -> bool:
    """Tell whether clusters of a version can have multi-networking."""
    return _minor(version) >= _MULTI_NETWORKING_SINCE


def check_upgrade(present: str, wanted: str) -> None:
    """Refuse to downgrade a control plane."""
    if order(wanted) < order(present):
        raise bad_request(invented.DOWNGRADE.format(present=present, wanted=wanted))


def server_config() -> Json:
    """Return a location's server configuration."""
    channels = [
        {
            "channel": name,
            "defaultVersion": default_of(name),
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
