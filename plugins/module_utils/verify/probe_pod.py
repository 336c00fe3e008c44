# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a probe pod looks like: as restricted as what it does allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..kube.client import Object
from ..kube.kinds import Ref
from .own_pods import GRACE_SECONDS, RUN_LABEL
from .packets import PRIVILEGED_PORTS, listen

NOBODY = 65534
# What the runtime gives to root beside NET_RAW, which the ping of busybox needs: it opens a raw socket, whatever the
# sysctl ping_group_range allows. Adding NET_RAW to nothing would be simpler, but the baseline Pod Security Standard
# allows no such addition.
NEEDLESS = [
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"),
    *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
]
SECURITY: Mapping[bool, dict[str, Any]] = {  # by whether it can ping
    True: {"runAsUser": 0, "capabilities": {"drop": NEEDLESS}},  # fits the baseline standard
    False: {"runAsUser": NOBODY, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}},  # fits the restricted one
}


def manifest(
    ref: Ref,
    run: str,
    *,
    node: str,
    image: str,
    seconds: int,
    annotations: Mapping[str, str],
    can_ping: bool,
    port: int | None = None,
    host_port: int | None = None,
) -> Object:
    """Return a probe pod.

    :param run: id of the run that it belongs to.
    :param seconds: until Kubernetes ends it.
    :param can_ping: costs root and NET_RAW.
    :param port: TCP port at which it takes connections.
    :param host_port: port of the node that leads there.
    """
    listening = listen(port) if port else ""
    sysctls = (
        {"sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]} if port in PRIVILEGED_PORTS else {}
    )
    container: Object = {
        "name": "probe",
        "image": image,
        "command": ["sh", "-c", f"{listening} trap exit TERM; sleep {seconds} & wait".strip()],
        "resources": {
            "requests": {"cpu": "10m", "memory": "16Mi"},
            "limits": {"cpu": "500m", "memory": "64Mi"},
        },
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, **SECURITY[can_ping]},
    }
    if host_port:
        container["ports"] = [{"containerPort": port, "hostPort": host_port, "protocol": "TCP"}]
    return {
        "apiVersion": ref.kind.api_version,
        "kind": ref.kind.kind,
        "metadata": {
            "name": ref.name,
            "namespace": ref.namespace,
            "labels": {RUN_LABEL: run},
            "annotations": dict(annotations),
        },
        "spec": {
            "nodeName": node,  # past the scheduler: cordoned nodes carry packets, too
            "tolerations": [{"operator": "Exists"}],
            "restartPolicy": "Never",
            "activeDeadlineSeconds": seconds,
            "terminationGracePeriodSeconds": GRACE_SECONDS,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "dnsPolicy": "Default",
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}, **sysctls},
            "containers": [container],
        },
    }
