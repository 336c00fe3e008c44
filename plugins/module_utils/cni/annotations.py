# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two annotations between pods and Multus: which networks a pod asks for, and what it got.

Rules of the first from Multus v4.2.1 (pkg/k8sclient parsePodNetworkAnnotation), of the second from the Kubernetes
Network Custom Resource Definition De-facto Standard and its client (pkg/utils/net-attach-def.go).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .ranges import parse_address, spelled
from .texts import LABEL

NETWORKS = "k8s.v1.cni.cncf.io/networks"
NETWORK_STATUS = "k8s.v1.cni.cncf.io/network-status"

LONGEST_INTERFACE_NAME = 15  # IFNAMSIZ of Linux less the final zero

_JSON_FORM = re.compile(r'[\[{"]')
# Fields of an element in the JSON form beside name, namespace and interface; others are dropped, as Multus does.
_OPTIONS: dict[str, type] = {
    "ips": list,
    "mac": str,
    "infiniband-guid": str,
    "interfaceRequest": str,
    "portMappings": list,
    "bandwidth": dict,
    "deviceID": str,
    "cni-args": dict,
    "default-route": list,
}


@dataclass(frozen=True)
class Selection:
    """One network that a pod asks for."""

    name: str  # of the NetworkAttachmentDefinition
    namespace: str
    interface: str = ""  # empty: Multus names them net1, net2, ... by position
    options: Mapping[str, Any] = field(default_factory=dict)  # the JSON form's other fields: "ips", "mac", ...

    @property
    def attachment(self) -> str:
        """Return "namespace/name", as network-status names it."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Interface:
    """One interface that a pod got, as network-status tells (which may have become untrue since)."""

    network: str  # "namespace/name" of the attachment; the configuration's name for the cluster's own network
    name: str  # "net1"
    ips: tuple[str, ...] = ()  # without prefix lengths, as netaddr spells them
    mac: str = ""
    default: bool = False  # the cluster's own network, or another one with the default route


@lru_cache(maxsize=1000)  # the pods of a Deployment all have the same one
def parse_selections(text: str, namespace: str) -> tuple[Selection, ...]:
    """Return what the annotation ``networks`` asks for, in its order.

    :param text: "my-nad", "ns/my-nad@net7, other", or a JSON list of objects.
    :param namespace: that of the pod, for elements without one.
    :raises ValueError: Multus would refuse the text, and the pod would not start.
    """
    if not text:
        raise ValueError("the annotation is empty")
    if _JSON_FORM.search(text):
        return tuple(_from_json(element, namespace) for element in _json_list(text))
    return tuple(parse_selection(item, namespace) for item in text.split(","))


def parse_selection(item: str, namespace: str) -> Selection:
    """Return one element of the comma form, [namespace/]name[@interface].

    An empty name passes here as it passes Multus, which then finds no such definition.

    :raises ValueError: Multus would refuse it.
    """
    before, _slash, rest = item.rpartition("/")
    name, _at, interface = rest.partition("@")
    if "/" in before or "@" in interface:
        raise ValueError(f'"{item.strip()}" is not [namespace/]name[@interface]')
    of_namespace, name, interface = before.strip(), name.strip(), interface.strip()
    for label in (of_namespace, name):
        if label and not LABEL.fullmatch(label):
            raise ValueError(f'"{label}" is not a name for Multus: a-z, 0-9 and - only, no dots, no - at the ends')
    if not is_interface_name(interface or "net1"):
        raise ValueError(f'"{interface}" is not an interface name: 1 to 15 characters without / and spaces')
    return Selection(name, of_namespace or namespace, interface)


def is_interface_name(name: str) -> bool:
    """Tell whether Linux and Multus take a name for an interface."""
    return 0 < len(name.encode()) <= LONGEST_INTERFACE_NAME and not re.search(r"[\s/]", name)


def render_selections(selections: Iterable[Selection]) -> str:
    """Return the annotation ``networks``: the comma form as in GKE's guide, JSON if it cannot say it all."""
    chosen = tuple(selections)
    if any(selection.options for selection in chosen):
        return json.dumps([_as_json(selection) for selection in chosen])
    return ",".join(
        selection.attachment + (f"@{selection.interface}" if selection.interface else "") for selection in chosen
    )


def parse_interfaces(text: str) -> tuple[Interface, ...]:
    """Return what the annotation ``network-status`` tells.

    :raises ValueError: it is not what Multus writes; Whereabouts' reconciler then takes the pod to have no addresses.
    """
    return tuple(
        Interface(
            network=_text(entry, "name"),
            name=_text(entry, "interface"),
            ips=tuple(spelled(ip) for ip in entry.get("ips") or ()),
            mac=_text(entry, "mac").lower(),
            default=bool(entry.get("default")),
        )
        for entry in _json_list(text)
    )


def _json_list(text: str) -> list[dict[str, Any]]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from error
    if not isinstance(value, list) or not all(isinstance(element, dict) for element in value):
        raise ValueError("is not a JSON list of objects")
    return value


def _text(element: dict[str, Any], key: str) -> str:
    value = element.get(key) or ""
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a text, not {value!r}")
    return value


def _from_json(element: dict[str, Any], namespace: str) -> Selection:
    # Multus looks at addresses here, but neither at names nor at the interface.
    options = {key: element[key] for key in _OPTIONS if element.get(key) is not None}
    for key, value in options.items():
        if not isinstance(value, _OPTIONS[key]):
            raise ValueError(f"{key} has the wrong type: {value!r}")
    for mac in (options.get("mac"), options.get("infiniband-guid")):
        if mac and not _is_mac(mac):
            raise ValueError(f'"{mac}" is not a MAC address')
    for ip in options.get("ips", ()):
        _check_ip(ip, with_prefix=True)
    for gateway in options.get("default-route", ()):
        _check_ip(gateway, with_prefix=False)
    interface = _text(element, "interface") or _text(element, "interfaceRequest")
    return Selection(_text(element, "name"), _text(element, "namespace") or namespace, interface, options)


def _check_ip(text: object, *, with_prefix: bool) -> None:
    """Raise ValueError unless it is an address; with_prefix: a prefix length may follow, host bits are right here."""
    address, slash, prefix = str(text).partition("/")
    try:
        longest = {4: 32, 6: 128}[parse_address(address).version]
    except ValueError as error:
        raise ValueError(f"{text!r} {error}") from error
    if slash and not (with_prefix and prefix.isdecimal() and int(prefix) <= longest):
        raise ValueError(f"{text!r} has a wrong prefix length")


def _is_mac(text: str) -> bool:
    """Tell whether Go's net.ParseMAC takes it: 6, 8 or 20 octets, in pairs with : or -, or in fours with a dot."""
    return any(
        len(groups) * digits in (12, 16, 40)
        and all(re.fullmatch(f"[0-9a-fA-F]{{{digits}}}", group) for group in groups)
        for groups, digits in ((text.split(":"), 2), (text.split("-"), 2), (text.split("."), 4))
    )


def _as_json(selection: Selection) -> dict[str, Any]:
    named = {"name": selection.name, "namespace": selection.namespace, "interface": selection.interface}
    return {**{key: value for key, value in named.items() if value}, **selection.options}
