# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Whereabouts names and fills its objects, and which of its allocations are still somebody's.

Rules from Whereabouts v0.7.0: pkg/storage/kubernetes/ipam.go (names), pkg/iphelpers (offsets, usable addresses),
pkg/reconciler (orphans).
"""

from __future__ import annotations

import re

from .ranges import IPAddress, IPNetwork

NAMESPACE = "kube-system"  # WHEREABOUTS_NAMESPACE of the guide's DaemonSet: where its pools are

# What Kubernetes allows as the name of an object: an RFC 1123 subdomain of at most 253 characters.
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_OBJECT_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")


def pool_name(cidr: IPNetwork, network_name: str = "") -> str:
    """Return the name of the IPPool for a range: that of 172.16.1.0/24 is 172.16.1.0-24.

    :param network_name: of the attachment's ipam; it separates pools for the same range.
    """
    return _object_name(str(cidr.cidr), network_name)


def reservation_name(address: IPAddress, network_name: str = "") -> str:
    """Return the name of the OverlappingRangeIPReservation for an address."""
    return _object_name(str(address), network_name)


def is_object_name(name: str) -> bool:
    """Tell whether Kubernetes takes a name: that of ::/64 starts with a hyphen and needs a network_name before it."""
    return bool(_OBJECT_NAME.fullmatch(name))


def _object_name(text: str, network_name: str) -> str:
    # A name must not end with a hyphen: fd00:: becomes fd00--0.
    name = re.sub("[:/]", "-", f"{text}0" if text.endswith(":") else text)
    return f"{network_name}-{name}" if network_name else name
