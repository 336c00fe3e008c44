# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VPC network itself: what is there, and what makes it as it was declared.

Compute Engine changes routing mode and MTU in place. Name, description and mode (auto or custom) stay what they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from ...errors import Immutable, Refused
from ...reconcile import Change, State
from ..clients import Google
from ..operations import Operations
from .subnetworks import Key, key_of_link
from .vpc_options import Desired

DEFAULT_MTU = 1460  # Compute Engine returns none for a network unless it was set


def find(google: Google, name: str) -> Any | None:
    """Return a network (compute_v1.Network), None if there is none."""
    request = {"project": google.project, "network": name}
    return google.find(f"read network {name}", google.compute("Networks").get, request)


def mtu_of(network: Any) -> int:
    """Return the MTU of a network in bytes."""
    return network.mtu or DEFAULT_MTU


def is_automatic(network: Any, key: Key) -> bool:
    """Tell whether Google made a subnetwork with an auto mode network: it bears its name, and goes with it."""
    return bool(network.auto_create_subnetworks) and key[1] == network.name


def undeclared(network: Any | None, declared: Collection[Key]) -> Iterator[Key]:
    """Yield the subnetworks of a network that were not declared, those that Google made with it left out."""
    keys = map(key_of_link, network.subnetworks) if network is not None else ()
    return (key for key in keys if key not in declared and not is_automatic(network, key))


def as_is(wanted: Desired, network: Any) -> State:
    """Return what is managed of a network, in the words of the options."""
    optional = {
        "description": (wanted.description, network.description),
        "routing_mode": (wanted.routing_mode, network.routing_config.routing_mode),
        "mtu": (wanted.mtu, mtu_of(network)),
    }
    return {"name": network.name, **{key: have for key, (want, have) in optional.items() if want is not None}}


def refusals(wanted: Desired, network: Any) -> Iterator[Refused]:
    """Yield why a network cannot become what was declared."""
    if wanted.description not in (None, network.description):
        differing = {"description": (network.description, wanted.description)}
        yield Immutable(f"network {wanted.name}", differing, "leave it out, or delete the network and create it again")
    if network.auto_create_subnetworks and wanted.purge_subnetworks:
        yield Refused(
            f"network {wanted.name} is in auto mode: Google makes its subnetworks, so they are not purged; "
            "set purge_subnetworks=false"
        )


def warnings(wanted: Desired, network: Any) -> Iterator[str]:
    """Yield what the user should know of a network that is there."""
    if wanted.mtu not in (None, mtu_of(network)):
        yield (
            f"mtu of network {wanted.name} changes from {mtu_of(network)} to {wanted.mtu}: machines take it when they "
            "are restarted, and what they talk to must have it, too: all nodes, peered networks, VPNs, interconnects"
        )
    if network.auto_create_subnetworks:
        yield (
            f"network {wanted.name} is in auto mode: Google makes a subnetwork in it for every region. "
            "It is used as it is; a network of its own is better for additional interfaces"
        )


def changes(wanted: Desired, network: Any | None, operations: Operations) -> Iterator[Change]:
    """Yield what makes the network as it was declared; one call per field."""
    if network is None:
        yield _creation(wanted, operations)
        return
    if wanted.routing_mode not in (None, network.routing_config.routing_mode):
        body: State = {"routing_config": {"routing_mode": wanted.routing_mode}}
        yield _patch(wanted.name, "routing_mode", wanted.routing_mode, body, operations)
    if wanted.mtu not in (None, mtu_of(network)):
        yield _patch(wanted.name, "mtu", wanted.mtu, {"mtu": wanted.mtu}, operations)


def deletion(name: str, operations: Operations) -> Change:
    """Return the change that deletes a network."""
    return operations.in_compute(f"delete network {name}", "Networks", "delete", alone=True, network=name)


def _creation(wanted: Desired, operations: Operations) -> Change:
    optional = {"description": wanted.description, "mtu": wanted.mtu}
    resource = {
        "name": wanted.name,
        "auto_create_subnetworks": False,
        "routing_config": {"routing_mode": wanted.routing_mode or "REGIONAL"},
        **{field: value for field, value in optional.items() if value is not None},
    }
    title = f"create network {wanted.name}"
    return operations.in_compute(title, "Networks", "insert", alone=True, network_resource=resource)


def _patch(name: str, what: str, value: object, body: State, operations: Operations) -> Change:
    title = f"set {what} of network {name} to {value}"
    return operations.in_compute(title, "Networks", "patch", alone=True, network=name, network_resource=body)
