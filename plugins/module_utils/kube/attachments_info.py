# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The NetworkAttachmentDefinitions of a cluster: what they say, who uses them, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..cni import netconf
from ..cni.annotations import NETWORKS
from ..cni.attachment import Attachment
from ..cni.config_rules import read_config
from ..cni.findings import Findings, Rules
from ..cni.names import NAMESPACE as POOLS_NAMESPACE
from ..cni.netconf import Config
from ..cni.overlaps import Claim, all_overlaps
from ..cni.texts import is_label
from .attachments import config_of, text_of, users_of
from .client import Kube, Object
from .kinds import NAD


def report(kube: Kube, name: str | None, namespace: str | None, rules: Rules) -> dict[str, Any]:
    """Return attachments with what they mean, their users, and what ``nad`` would refuse; and their overlaps.

    :param name: of the attachments, None for all.
    :param namespace: None for all.
    """
    found = list(kube.list(NAD, namespace, fields=f"metadata.name={name}" if name else None))
    users = users_of(kube) if found else {}
    read = [(nad, config_of(nad)) for nad in found]
    claims = [Claim.of(_ref(nad), config) for nad, config in read if config]
    return {
        "changed": False,
        "nads": [_row(nad, config, users, rules) for nad, config in read],
        "overlaps": [overlap.row() for overlap in all_overlaps(claims)],
    }


def _row(nad: Object, config: Config | None, users: Mapping[str, list[str]], rules: Rules) -> dict[str, Any]:
    metadata, findings = nad["metadata"], _findings(nad, rules)
    first = netconf.plugins_of(config)[0] if config else {}
    return {
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "config": config,
        "type": first.get("type", ""),
        "master": first.get("master", ""),
        "labels": metadata.get("labels") or {},
        "annotations": metadata.get("annotations") or {},
        **_meaning(metadata, config),
        "users": users.get(_ref(nad), []),
        "problems": [f"{problem.path}: {problem.message}" for problem in findings],
        "warnings": findings.warnings,
    }


def _findings(nad: Object, rules: Rules) -> Findings:
    """Return what is wrong with an attachment that others may have written."""
    findings, name, text = Findings(), nad["metadata"]["name"], text_of(nad)
    if not is_label(name):
        findings.add("name", name, f'name "{name}" cannot be used in the comma form of {NETWORKS}')
    if text:
        read_config(findings, "config", text, rules)
    else:
        findings.warn("config: is empty, so Multus looks on the node for a configuration of this name")
    return findings


def _meaning(metadata: Mapping[str, Any], config: Config | None) -> dict[str, Any]:
    """Return pools and annotation; no pools of a range that Whereabouts would refuse."""
    name, namespace = metadata["name"], metadata["namespace"]
    try:
        return Attachment(name, namespace, config).meaning(POOLS_NAMESPACE)
    except ValueError:
        return Attachment(name, namespace, None).meaning(POOLS_NAMESPACE)


def _ref(nad: Object) -> str:
    return f"{nad['metadata']['namespace']}/{nad['metadata']['name']}"
