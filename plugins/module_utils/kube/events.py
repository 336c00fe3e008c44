# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Kubernetes says of an object that does not come up."""

from __future__ import annotations

from .client import Kube, Object
from .kinds import EVENT, Ref

# Multus v4.2.1 looks for an attachment named as the cluster's own network at each start of a pod, and complains that
# there is none before it finds the network elsewhere.
NOISE = {"NoNetworkFound"}


def last_warning(kube: Kube, ref: Ref) -> str:
    """Return the last warning about an object, "reason: message"; empty if there is none.

    That of a pod whose sandbox fails holds the message of the CNI plugin that failed.
    """
    fields = f"involvedObject.kind={ref.kind.kind},involvedObject.name={ref.name},type=Warning"
    warnings = [event for event in kube.list(EVENT, ref.namespace, fields=fields) if event.get("reason") not in NOISE]
    if not warnings:
        return ""
    last = max(warnings, key=_time)
    return f"{last.get('reason', '')}: {last.get('message', '')}"


def _time(event: Object) -> str:
    # Old clients set lastTimestamp, new ones eventTime; both are RFC 3339 in UTC, so texts compare as times.
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"])
