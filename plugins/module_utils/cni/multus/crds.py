# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The three kinds of objects that Multus and Whereabouts define.

Schemas: Multus v4.2.1 (deployments/multus-daemonset.yml), Whereabouts v0.7.0 and v0.9.4 (doc/crds; v0.8.0 has the
latter's, too). Descriptions are left out: they are text for people, and the guide's own are as good.

A definition belongs to the Whereabouts that writes its objects: what the schema does not know the API server drops, and
what it requires and nobody writes it refuses. Before v0.8.0 there is no ``ifname``; from then on addresses are found by
it, and reservations have no ``containerid`` any more.
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

STRING: Object = {"type": "string"}
GUIDE, NEWER = "0.7", "0.8plus"  # the schemas of Whereabouts's definitions, named by the versions that they are for


def ip_pool(schema: str) -> Object:
    """Return the definition of IPPool: the addresses of one range that are handed out."""
    owner = {"type": "object", "properties": {"id": STRING, "podref": STRING}, "required": ["id"]}
    if schema == NEWER:
        properties = {"id": STRING, "ifname": STRING, "podref": STRING}
        owner = {"type": "object", "properties": properties, "required": ["id", "podref"]}
    return _definition(
        group="whereabouts.cni.cncf.io",
        names={"kind": "IPPool", "listKind": "IPPoolList", "plural": "ippools", "singular": "ippool"},
        version="v1alpha1",
        spec={
            "type": "object",
            "properties": {"allocations": {"type": "object", "additionalProperties": owner}, "range": STRING},
            "required": ["allocations", "range"],
        },
    )


def reservation(schema: str) -> Object:
    """Return the definition of OverlappingRangeIPReservation: one address that is handed out, in whatever range."""
    spec = {"type": "object", "properties": {"containerid": STRING, "podref": STRING}, "required": ["containerid"]}
    if schema == NEWER:
        properties = {"containerid": STRING, "ifname": STRING, "podref": STRING}
        spec = {"type": "object", "properties": properties, "required": ["podref"]}
    definition = _definition(
        group="whereabouts.cni.cncf.io",
        names={
            "kind": "OverlappingRangeIPReservation",
            "listKind": "OverlappingRangeIPReservationList",
            "plural": "overlappingrangeipreservations",
            "singular": "overlappingrangeipreservation",
        },
        version="v1alpha1",
        spec=spec,
        required=["spec"],
    )
    if schema == GUIDE:
        definition["metadata"]["annotations"] = {"controller-gen.kubebuilder.io/version": "v0.4.1"}
    return definition


def schema_of(definition: Object) -> str:
    """Return the schema of a live definition of IPPool: whether its allocations know the interface's name."""
    place: Any = definition["spec"]["versions"][0]
    for key in ("schema", "openAPIV3Schema", "properties", "spec", "properties", "allocations"):
        place = place.get(key) or {}
    owner = place.get("additionalProperties") or {}
    return NEWER if "ifname" in (owner.get("properties") or {}) else GUIDE


def network_attachment_definition() -> Object:
    """Return the definition of NetworkAttachmentDefinition: a CNI configuration under a name."""
    return _definition(
        group="k8s.cni.cncf.io",
        names={
            "kind": "NetworkAttachmentDefinition",
            "plural": "network-attachment-definitions",
            "singular": "network-attachment-definition",
            "shortNames": ["net-attach-def"],
        },
        version="v1",
        spec={"type": "object", "properties": {"config": STRING}},
    )


def _definition(
    *, group: str, names: dict[str, Any], version: str, spec: Object, required: list[str] | None = None
) -> Object:
    schema: Object = {
        "type": "object",
        "properties": {"apiVersion": STRING, "kind": STRING, "metadata": {"type": "object"}, "spec": spec},
    }
    if required:
        schema["required"] = required
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.{group}"},
        "spec": {
            "group": group,
            "names": names,
            "scope": "Namespaced",
            "versions": [
                {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}},
            ],
        },
    }
