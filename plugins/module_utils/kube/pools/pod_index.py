# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All pods of a cluster, as far as additional networks are concerned, for little: of tens of thousands, too.

A pod object is 6 KB, and all that counts of it is its annotations, its node and its phase. So the API server is asked
for metadata, which has the annotations, and for the cells that kubectl prints, which have the node. Only of pods that
do not run everything is read, which tells the phase and what they wait for. Pages are read one by one, and what has
nothing to do with additional networks is kept by name only.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from ...cni.annotations import NETWORK_STATUS, NETWORKS
from ...cni.pods import Pod, Pods
from ..client import Kube, Object
from ..kinds import POD


def read(kube: Kube) -> Pods:
    """Return all pods; those without additional networks by name only.

    To be read after the pools, so that no new pod's allocation looks like an orphan. A pod counts as Running if it is
    in the first list and not among those that do not run, which are read after it; so no pod is missed that is there
    all the time, whatever its phase becomes meanwhile.
    """
    found: dict[str, Pod] = {}
    others: dict[str, bool] = {}
    with _without_collector():
        for obj in kube.list(POD, metadata_only=True):
            if not _has_networks(obj):
                others[_ref(obj)] = False
                continue
            pod = Pod.of({**obj, "spec": {"nodeName": _node(obj)}, "status": {"phase": "Running"}})
            if pod.is_plain:
                others[pod.ref] = True
            else:
                found[pod.ref] = pod
        for obj in kube.list(POD, fields="status.phase!=Running"):
            ref = _ref(obj)
            others.pop(ref, None)
            found.pop(ref, None)
            if _has_networks(obj):
                found[ref] = Pod.of(obj)
            else:
                others[ref] = False
    return Pods.of(found.values(), others)


def _ref(obj: Object) -> str:
    metadata = obj["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}"


def _has_networks(obj: Object) -> bool:
    annotations = obj["metadata"].get("annotations") or {}
    return bool(annotations.get(NETWORKS) or annotations.get(NETWORK_STATUS))


def _node(obj: Object) -> str:
    node = obj["cells"].get("Node", "")
    return "" if node == "<none>" else str(node)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Parse without Python's collector of cycles: JSON has none, and it would walk over everything again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
