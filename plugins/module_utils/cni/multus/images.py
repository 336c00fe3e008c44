# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The images of Multus and Whereabouts: which layout they are for, and which version is in them."""

from __future__ import annotations

import re

from .crds import GUIDE, NEWER

GKE, UPSTREAM_THIN = "gke", "upstream_thin"

GKE_RELEASES = "gcr.io/gke-release/"
UPSTREAM = "ghcr.io/k8snetworkplumbingwg/"
# The guide's for GKE's layout; upstream's newest Multus of the guide's minor version, and its newest Whereabouts.
MULTUS = {
    GKE: f"{GKE_RELEASES}multus-cni:v4.2.1-gke.6"
    "@sha256:25b48b8dbbf6c78a10452836f52dee456514783565b70633a168a39e6d322310",
    UPSTREAM_THIN: f"{UPSTREAM}multus-cni:v4.2.2",
}
WHEREABOUTS = {
    GKE: f"{GKE_RELEASES}whereabouts:v0.7.0-gke.3"
    "@sha256:2bb8450a99d86c73b262f5ccd8c433d3e3abf17d36ee5c3bf1056a1fe479e8c2",
    UPSTREAM_THIN: f"{UPSTREAM}whereabouts:v0.9.4",
}

Version = tuple[int, int, int]

KNOWS_INTERFACES: Version = (0, 8, 0)  # Whereabouts finds an address by pod and interface
WATCHES_ITS_TOKEN: Version = (0, 9, 0)  # the image has /token-watcher.sh
HAS_A_RECONCILER: Version = (0, 9, 4)  # /ip-reconciler frees addresses; /ip-control-loop looks at deletions only

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-+].*)?")
_TAG = re.compile(r":([^:/@]+)(?:@.*)?$")


def parse_version(text: str) -> Version:
    """Return a version like "0.9.4", "v0.7.0-gke.3" or "0.8".

    :raises ValueError: it is none.
    """
    match = _VERSION.fullmatch(text)
    if not match:
        raise ValueError(f'"{text}" is not a version; write for example 0.9.4')
    major, minor, patch = match.groups()
    return int(major), int(minor), int(patch or 0)


def version_of(image: str) -> Version | None:
    """Return the version that an image's tag tells; None if it has no such tag ("latest", or a digest alone)."""
    tag = _TAG.search(image.partition("@")[0])
    try:
        return parse_version(tag[1]) if tag else None
    except ValueError:
        return None


def schema_for(version: Version) -> str:
    """Return the schema of Whereabouts's definitions that a version needs."""
    return NEWER if version >= KNOWS_INTERFACES else GUIDE


def spell(version: Version | None) -> str:
    """Return a version as people write it; empty if it is not known."""
    return ".".join(map(str, version)) if version else ""
