# SPDX-License-Identifier: Apache-2.0
"""References to networks and subnetworks in every spelling: name, relative path, URL with any host."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gkelab.cloud.errors import ApiError, invalid_field

_NAME = r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?"
NAME = re.compile(_NAME)
_HOST = r"(?:https?://[^/]+/(?:compute/[a-z0-9]+/)?)?"
_NETWORK = re.compile(rf"{_HOST}/?(?:(?:projects/(?P<project>[^/]+)/)?global/networks/)?(?P<name>{_NAME})")
_SUBNETWORK = re.compile(
    rf"{_HOST}/?(?:(?:projects/(?P<project>[^/]+)/)?regions/(?P<region>[^/]+)/subnetworks/)?(?P<name>{_NAME})"
)
_REGION = re.compile(rf"{_HOST}/?(?:(?:projects/[^/]+/)?(?:global/)?regions/)?(?P<name>[a-z0-9-]+)")

LINK_BASE = "https://www.googleapis.com/compute/v1/"


@dataclass(frozen=True)
class NetworkRef:
    """A VPC network."""

    project: str
    name: str

    @property
    def path(self) -> str:
        """The relative path, as error texts and GKE's networkConfig have it."""
        return f"projects/{self.project}/global/networks/{self.name}"

    @property
    def key(self) -> str:
        """PROJECT/NETWORK, as the engine has it."""
        return f"{self.project}/{self.name}"

    @property
    def link(self) -> str:
        """The canonical URL."""
        return LINK_BASE + self.path

    @staticmethod
    def of_key(key: str) -> NetworkRef:
        """Return the reference of PROJECT/NETWORK."""
        return NetworkRef(*key.split("/"))


@dataclass(frozen=True)
class SubnetworkRef:
    """A subnetwork."""

    project: str
    region: str
    name: str

    @property
    def path(self) -> str:
        """The relative path, as error texts and GKE's networkConfig have it."""
        return f"projects/{self.project}/regions/{self.region}/subnetworks/{self.name}"

    @property
    def key(self) -> str:
        """PROJECT/REGION/SUBNETWORK, as the state has it."""
        return f"{self.project}/{self.region}/{self.name}"

    @property
    def link(self) -> str:
        """The canonical URL."""
        return LINK_BASE + self.path

    @staticmethod
    def of_key(key: str) -> SubnetworkRef:
        """Return the reference of PROJECT/REGION/SUBNETWORK."""
        return SubnetworkRef(*key.split("/"))


def network_ref(text: str, project: str, *, field: str = "resource.network") -> NetworkRef:
    """Read a reference to a network; a bare name is one in ``project``."""
    match = _NETWORK.fullmatch(text)
    if match is None:
        raise _malformed(field, text)
    return NetworkRef(match["project"] or project, match["name"])


def subnetwork_ref(text: str, project: str, region: str, *, field: str = "resource.subnetwork") -> SubnetworkRef:
    """Read a reference to a subnetwork; a bare name is one in ``project`` and ``region``."""
    match = _SUBNETWORK.fullmatch(text)
    if match is None:
        raise _malformed(field, text)
    return SubnetworkRef(match["project"] or project, match["region"] or region, match["name"])


def region_name(text: str, *, field: str = "resource.region") -> str:
    """Read a reference to a region."""
    match = _REGION.fullmatch(text)
    if match is None:
        raise _malformed(field, text)
    return match["name"]


def check_name(name: str) -> None:
    """Refuse what is no name of a Compute resource (RFC 1035, 63 characters)."""
    if not NAME.fullmatch(name):
        text = f"Must be a match of regex '(?:{_NAME})'"
        raise invalid_field("resource.name", name, text)


def _malformed(field: str, text: str) -> ApiError:
    return invalid_field(field, text, "The URL is malformed.")
