# SPDX-License-Identifier: Apache-2.0
"""The logs of a lab: of its own processes, of each control plane, of each node."""

from __future__ import annotations

from pathlib import Path

from gkelab.state import Lab, LabError


def known(lab: Lab) -> dict[str, Path]:
    """Return all logs by name: cloud, PROJECT/LOCATION/CLUSTER/etcd, PROJECT/LOCATION/CLUSTER/NODE/kubelet, ..."""
    found = {file.stem: file for file in lab.logs.glob("*.log")}
    for file in lab.clusters.glob("*/*/*/log/*.log"):
        found[f"{file.parent.parent.relative_to(lab.clusters)}/{file.stem}"] = file
    for file in lab.clusters.glob("*/*/*/nodes/*/log/*.log"):
        node = file.parent.parent
        found[f"{node.parent.parent.relative_to(lab.clusters)}/{node.name}/{file.stem}"] = file
    return dict(sorted(found.items()))


def find(lab: Lab, name: str) -> Path:
    """Return the log whose name is or ends with this one, if there is just one such log."""
    logs = known(lab)
    fitting = [known_name for known_name in logs if known_name == name or known_name.endswith(f"/{name}")]
    if name in logs:
        return logs[name]
    if len(fitting) != 1:
        what = f"is one of {', '.join(fitting)}" if fitting else f"is not among {', '.join(logs) or 'none'}"
        raise LabError(f"the log {name} {what}")
    return logs[fitting[0]]
