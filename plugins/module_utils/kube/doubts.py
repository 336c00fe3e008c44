# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps Multus from attaching a pod, as far as it can be known before there is the pod.

Rules from Multus v4.2.1: pkg/k8sclient getKubernetesDelegate and GetNetworkDelegates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..cni import netconf
from ..cni.annotations import Selection
from ..cni.config_rules import IPVLAN
from ..cni.multus.multusconf import MultusConfig, describe
from ..cni.names import CONFIG_KEY, NAMESPACE
from ..cni.names import CONFIG_MAP as CONFIG_NAME
from ..cni.netconf import WHEREABOUTS, Config
from ..errors import ApiError
from .client import Kube, Object
from .kinds import CONFIG_MAP, NAD, Ref


@dataclass(frozen=True)
class Doubts:
    """What was found."""

    obstacles: tuple[str, ...] = ()  # the pod would not start
    warnings: tuple[str, ...] = ()  # it would, and something would not be as it was meant


def look(kube: Kube, selections: Iterable[Selection], namespace: str) -> Doubts:
    """Look at what a pod asks for; what may not be read is not judged.

    :param namespace: of the pod.
    """
    if not kube.exists:
        return Doubts()
    chosen = tuple(selections)
    obstacles, warnings = [], []
    configs: dict[str, Config] = {}
    for attachment, name, within in dict.fromkeys((each.attachment, each.name, each.namespace) for each in chosen):
        found, is_known = _read(kube, Ref(NAD, name, within))
        if is_known and found is None:
            obstacles.append(f"there is no NetworkAttachmentDefinition {attachment}: make it first (nad)")
        text = (found or {}).get("spec", {}).get("config")
        if text:  # without one, Multus looks on the node
            try:
                configs[attachment] = netconf.parse(text)
            except ValueError as error:
                warnings.append(f"attachment {attachment}: {error}")
    obstacles += _isolated(kube, chosen, namespace)
    for selection in chosen:
        if selection.attachment in configs:
            warnings += _ignored(selection, configs[selection.attachment])
    return Doubts(tuple(obstacles), tuple(warnings))


def _isolated(kube: Kube, selections: Iterable[Selection], namespace: str) -> Iterator[str]:
    """Yield the namespaces whose attachments the pod may not use, as Multus was installed."""
    foreign = dict.fromkeys(each.namespace for each in selections if each.namespace != namespace)
    if not foreign:
        return
    found, _is_known = _read(kube, Ref(CONFIG_MAP, CONFIG_NAME, NAMESPACE))
    if found is None:
        return
    said = describe((found.get("data") or {}).get(CONFIG_KEY, ""))
    config = MultusConfig(
        namespace_isolation=said.get("namespace_isolation") is True,
        global_namespaces=tuple(said.get("global_namespaces", ())) or None,
    )
    allowed = ", ".join(dict.fromkeys((namespace, *config.visible_everywhere)))
    for other in foreign:
        if not config.allows(namespace, other):
            yield (
                f"annotation refers to namespace {other}, isolation allows [{allowed}]: "
                f"move the pod or the attachment, or add {other} to global_namespaces of multus_install"
            )


def _ignored(selection: Selection, config: Config) -> Iterator[str]:
    """Yield what a pod asks for and does not get."""
    title, options, plugins = f"attachment {selection.attachment}", selection.options, netconf.plugins_of(config)
    first = plugins[0]
    if options.get("ips") and not any(_has(plugin, "ips") for plugin in plugins):
        yield f"{title} has no capability ips, so {', '.join(options['ips'])} is ignored"
    elif options.get("ips") and (first.get("ipam") or {}).get("type") == WHEREABOUTS:
        yield f"{title}: Whereabouts gives {', '.join(options['ips'])} beside an own address, and no pool holds it"
    if options.get("mac") and first["type"] == IPVLAN:
        yield f"{title} is ipvlan, whose interfaces have the MAC address of the node's: {options['mac']} is ignored"
    if options.get("portMappings") and not any(_has(plugin, "portMappings") for plugin in plugins):
        yield f"{title} has no plugin with the capability portMappings, so they are ignored"


def _has(plugin: dict[str, Any], capability: str) -> bool:
    return (plugin.get("capabilities") or {}).get(capability) is True


def _read(kube: Kube, ref: Ref) -> tuple[Object | None, bool]:
    """Return an object, and whether we may know that there is none."""
    try:
        return kube.get(ref), True
    except ApiError as error:
        if error.status != 403:
            raise
        return None, False
