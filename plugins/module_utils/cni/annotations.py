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
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .ranges import parse_address, spelled
from .texts import LABEL, is_label, is_object_name

NETWORKS = "k8s.v1.cni.cncf.io/networks"
DEFAULT_NETWORK = "v1.multus-cni.io/default-network"  # one attachment in place of the cluster's own network
MULTUS_NAMESPACE = "kube-system"  # where Multus looks for that one if no namespace is named (multusNamespace)
NETWORK_STATUS = "k8s.v1.cni.cncf.io/network-status"
GKE_INTERFACES = "networking.gke.io/interfaces"  # GKE's own multi-networking; a pod has one or the other

NO_INTERFACE = '"{}" is not an interface name: 1 to 15 characters without / and spaces'
_TAKEN = ("eth0", "lo")
LONGEST_INTERFACE_NAME = 15  # IFNAMSIZ of Linux less the final zero

_JSON_FORM = re.compile(r'[\[{"]')
# Fields of an element in the JSON form beside name, namespace and interface; others are dropped, as Multus does
# (pkg/types NetworkSelectionElement).
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
_NAMES = ("name", "namespace", "interface")
FIELDS = (*_NAMES, *(option for option in _OPTIONS if option != "interfaceRequest"))
# Go takes a field in any case.
_FIELD_OF = {field.lower(): field for field in (*_NAMES, *_OPTIONS)}
_NUMBERS = {
    "portMappings": ("hostPort", "containerPort"),
    "bandwidth": ("ingressRate", "ingressBurst", "egressRate", "egressBurst"),
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
        raise ValueError(NO_INTERFACE.format(interface))
    return Selection(name, of_namespace or namespace, interface)


def is_interface_name(name: str) -> bool:
    """Tell whether Linux and Multus take a name for an interface."""
    return 0 < len(name.encode()) <= LONGEST_INTERFACE_NAME and not re.search(r"[\s/]", name)


def selection_of(item: object, namespace: str) -> Selection:
    """Return one attachment that a user asks for: a name as in the comma form, or the fields of the JSON form.

    Of the latter Multus does not look at names and interfaces, and drops fields that it does not know; here that is
    refused.

    :param namespace: that of the pod, for elements without one.
    :raises ValueError: the pod would not start, or not as it was meant.
    """
    if not isinstance(item, Mapping):
        found = parse_selection(str(item), namespace)
    else:
        unknown = [str(key) for key in item if key not in FIELDS]
        if unknown:
            raise ValueError(f"has {', '.join(unknown)}, which is none of {', '.join(FIELDS)}")
        found = _from_json({key: value for key, value in item.items() if value is not None}, namespace)
        if found.name and not is_object_name(found.name):
            raise ValueError(f'"{found.name}" is not the name of an attachment')
        if not is_label(found.namespace):
            raise ValueError(f'"{found.namespace}" is not the name of a namespace')
        if found.interface and not is_interface_name(found.interface):
            raise ValueError(NO_INTERFACE.format(found.interface))
    if not found.name:
        raise ValueError("has no name of an attachment")
    return found


def conflicts(selections: Iterable[Selection]) -> Iterator[str]:
    """Yield why a pod cannot have attachments together: one interface for two, or two default routes."""
    chosen = tuple(selections)
    names = Counter(selection.interface or f"net{place}" for place, selection in enumerate(chosen, start=1))
    for name, count in names.items():
        if count > 1:
            yield f"several attachments ask for interface {name}"
        elif name in _TAKEN:
            yield f"interface {name} is that of the cluster's own network"
    if sum("default-route" in selection.options for selection in chosen) > 1:
        yield "several attachments ask for default-route, and Multus supports one"


def render_selections(selections: Iterable[Selection]) -> str:
    """Return the annotation ``networks``: the comma form as in GKE's guide, JSON if it cannot say it all."""
    chosen = tuple(selections)
    if any(selection.options or not _fits_comma_form(selection) for selection in chosen):
        return json.dumps([_as_json(selection) for selection in chosen])
    return ",".join(
        selection.attachment + (f"@{selection.interface}" if selection.interface else "") for selection in chosen
    )


def _fits_comma_form(selection: Selection) -> bool:
    return bool(LABEL.fullmatch(selection.name)) and not re.search(r'[\[{"@,]', selection.interface)


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
        value = _JSON.decode(text)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from error
    if not isinstance(value, list) or not all(isinstance(element, dict) for element in value):
        raise ValueError("is not a JSON list of objects")
    return value


def _no_number(text: str) -> None:
    """Refuse NaN and Infinity, which Python takes for JSON and Go does not."""
    raise ValueError(f"{text} is no number")


_JSON = json.JSONDecoder(parse_constant=_no_number)


def _text(element: dict[str, Any], key: str) -> str:
    value = element.get(key) or ""
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a text, not {value!r}")
    return value


def _from_json(given: dict[str, Any], namespace: str) -> Selection:
    # Multus looks at addresses here, but neither at names nor at the interface.
    element = {_FIELD_OF[key.lower()]: value for key, value in given.items() if key.lower() in _FIELD_OF}
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
    for entry in options.get("portMappings", ()):
        _check_numbers("portMappings", entry)
    _check_numbers("bandwidth", options.get("bandwidth", {}))
    interface = _text(element, "interface") or _text(element, "interfaceRequest")
    return Selection(_text(element, "name"), _text(element, "namespace") or namespace, interface, options)


def _check_numbers(field_name: str, entry: object) -> None:
    """Raise ValueError unless an entry is an object whose numbers are whole ones."""
    if not isinstance(entry, dict):
        raise ValueError(f"{field_name} has the wrong type: {entry!r}")
    for key in _NUMBERS[field_name]:
        value = entry.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"{field_name}: {key} must be a whole number, not {value!r}")


def _check_ip(text: object, *, with_prefix: bool) -> None:
    """Raise ValueError unless it is an address; with_prefix: a prefix length may follow, host bits are right here."""
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not an IP address")
    address, slash, prefix = text.partition("/")
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
