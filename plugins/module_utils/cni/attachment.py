# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A NetworkAttachmentDefinition as it should be, as the options describe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from . import netconf
from .annotations import NETWORKS
from .attachment_options import describe_config
from .config_rules import read_config
from .findings import Findings, Rules
from .netconf import Config
from .texts import LONGEST_LABEL, is_label, is_object_name, texts

RESOURCE_NAME = "k8s.v1.cni.cncf.io/resourceName"  # the device plugin's resource that Multus hands to the plugin

OverlapPolicy = Literal["fail", "warn", "ignore"]


@dataclass(frozen=True)
class Attachment:
    """An attachment as it should be; None: not said, so neither compared nor sent."""

    name: str
    namespace: str
    config: Config | None  # None: it should not exist
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    force: bool = False  # delete it although pods use it
    overlap_policy: OverlapPolicy = "warn"
    secondary_range: str = ""  # whose CIDR is still to be looked up; until then the configuration has no range
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, params: Mapping[str, Any], secondary_cidr: str | None = None) -> Attachment:
        """Return what the options say.

        :param secondary_cidr: what the secondary range was found to be, once that has been asked.
        :raises InvalidOptions: with all that is wrong in them.
        """
        findings = Findings()
        name = params["name"]
        _check_name(findings, name, allow_dots=params["allow_dotted_name"])
        config: Config | None = None
        if params["state"] != "absent":
            secondary_cidr = secondary_cidr or _said_cidr(findings, params)
            rules = Rules(strict=params["strict"], whereabouts_version=params["whereabouts_version"])
            if params["config"] is None:
                config = describe_config(findings, params, rules, secondary_cidr)
            else:
                config = read_config(findings, "config", params["config"], rules)
        annotations = _annotations(findings, params)
        findings.raise_if_any()
        return cls(
            name=name,
            namespace=params["namespace"],
            config=netconf.named(config, name) if config else None,
            labels=texts(params["labels"]),
            annotations=annotations,
            force=params["delete_policy"] == "force",
            overlap_policy=params["overlap_policy"],
            secondary_range="" if secondary_cidr else params["secondary_range"] or "",
            warnings=tuple(findings.warnings),
        )

    @property
    def annotation(self) -> str:
        """Return how pods name it, "namespace/name"."""
        return f"{self.namespace}/{self.name}"

    @property
    def metadata(self) -> dict[str, dict[str, str]]:
        """Return the labels and annotations that were given."""
        given = {"labels": self.labels, "annotations": self.annotations}
        return {key: value for key, value in given.items() if value is not None}

    def document(self) -> dict[str, Any]:
        """Return the object to create."""
        return {
            "apiVersion": "k8s.cni.cncf.io/v1",
            "kind": "NetworkAttachmentDefinition",
            "metadata": {"name": self.name, "namespace": self.namespace, **self.metadata},
            "spec": {"config": netconf.canonical(self.config or {})},
        }

    def state(self) -> dict[str, Any]:
        """Return it in the words of the options, without those that were not given."""
        return {"namespace": self.namespace, "name": self.name, "config": self.config, **self.metadata}

    def meaning(self, pools_namespace: str) -> dict[str, Any]:
        """Return what a configuration means for pods and for Whereabouts.

        :param pools_namespace: in which Whereabouts keeps its pools.
        """
        ipam = netconf.ipam_of(self.config) if self.config else {}
        network_name = ipam.get("network_name") or ""
        return {
            "annotation": self.annotation,
            "pools": netconf.pools_of(self.config, pools_namespace) if self.config else [],
            "reservation_prefix": f"{network_name}-" if network_name else "",
        }


def _said_cidr(findings: Findings, params: Mapping[str, Any]) -> str | None:
    """Return the CIDR of the secondary range out of secondary_ranges, None if it has to be asked for."""
    name, ranges = params["secondary_range"], params["secondary_ranges"]
    if not name:
        return None
    if ranges is None:
        if not params["subnetwork"]:
            text = "needs subnetwork, whose range it is, or secondary_ranges, which say what it is"
            findings.add("secondary_range", name, text)
        return None
    known = {each.get("name") or each.get("range_name"): each.get("ip_cidr_range") for each in ranges}
    if not known.get(name):
        findings.add("secondary_range", name, f"is not among secondary_ranges ({', '.join(map(str, known))})")
    return known.get(name)


def _annotations(findings: Findings, params: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the annotations with that of resource_name among them."""
    annotations, resource = texts(params["annotations"]), params["resource_name"]
    if resource is None:
        return annotations
    if (annotations or {}).get(RESOURCE_NAME, resource) != resource:
        findings.add("resource_name", resource, f"annotations.{RESOURCE_NAME} says otherwise")
    return {**(annotations or {}), RESOURCE_NAME: resource}


def _check_name(findings: Findings, name: str, *, allow_dots: bool) -> None:
    if is_label(name) or (allow_dots and is_object_name(name)):
        return
    if "." in name:
        findings.add("name", name, f'name "{name}" cannot be used in the comma form of {NETWORKS}')
    else:
        findings.add("name", name, f"is no name for an attachment: a-z, 0-9 and -, at most {LONGEST_LABEL} characters")
