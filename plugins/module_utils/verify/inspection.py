# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking at the nodes themselves, by a pod on each that reads a few files and ends.

It sees two directories of the node, read only, and its interfaces. What it found is its termination message, so nobody
needs the right to run commands in it or to read logs. Of the token in Whereabouts' kubeconfig only the claims leave the
node, without the signature that would make them worth something.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..cni.multus.multusconf import CONF_DIR
from ..cni.pods import Pod
from ..errors import MultinetError
from ..kube.client import Kube, Object
from ..kube.events import last_warning
from ..kube.kinds import POD, Ref
from ..waiting import Progress
from . import own_pods
from .own_pods import GRACE_SECONDS, RUN_LABEL

BINARIES = ("ipvlan", "multus", "whereabouts")
CONF_SUFFIXES = (".conf", ".conflist", ".json")  # what the container runtime takes for a configuration
MOST_FILES = 30  # of which names are told: a termination message takes 4096 bytes

# Prints a line for each thing that it finds. A link counts as a program: where it leads is out of sight. Only what
# looks like a signed token (JWT) is taken apart, so that no other kind of token is ever printed.
SCRIPT = f"""
exec > /dev/termination-log 2>&1
network=$1; shift
for file in $(ls -a /host/conf | head -n {MOST_FILES}); do
  [ -f "/host/conf/$file" ] || continue
  echo "file $file"
  grep -q '"type"[[:space:]]*:[[:space:]]*"multus"' "/host/conf/$file" && echo "multus $file"
  grep -q '"name"[[:space:]]*:[[:space:]]*"'"$network"'"' "/host/conf/$file" && echo "network $file"
done
for name in {" ".join(BINARIES)}; do
  if [ -x "/host/bin/$name" ] || [ -L "/host/bin/$name" ]; then echo "binary $name"; fi
done
for path in /sys/class/net/eth* "$@"; do
  name=${{path##*/}}; path=/sys/class/net/$name
  [ -e "$path/address" ] && echo "nic $name $(cat "$path/address") $(cat "$path/mtu")"
done
kubeconfig=/host/conf/whereabouts.d/whereabouts.kubeconfig
token=$(grep -o 'token"\\{{0,1\\}}: *"\\{{0,1\\}}[A-Za-z0-9_.-]*' $kubeconfig | head -n 1)
token=${{token##*[\\": ]}}
case $token in
  eyJ*.eyJ*.*) claims=${{token#*.}}; echo "claims ${{claims%%.*}}" ;;
esac
exit 0
"""


@dataclass(frozen=True)
class Nic:
    """An interface of a node."""

    mac: str
    mtu: int


@dataclass(frozen=True)
class Inspection:
    """What was seen on one node."""

    problem: str = ""  # why it was not looked at; the rest is empty then
    all_files: tuple[str, ...] = ()  # in the directory of CNI configurations, sorted
    multus_files: tuple[str, ...] = ()  # those that make Multus the plugin
    network_files: tuple[str, ...] = ()  # those that hold the cluster's own network
    binaries: tuple[str, ...] = ()
    interfaces: Mapping[str, Nic] = field(default_factory=dict)
    token_expires: datetime | None = None  # None: there is no token, or nobody can tell

    @property
    def conf_files(self) -> tuple[str, ...]:
        """Return the files that the container runtime takes for configurations; it uses the first one."""
        return tuple(name for name in self.all_files if name.endswith(CONF_SUFFIXES))

    @property
    def missing_binaries(self) -> tuple[str, ...]:
        """Return the programs that are not installed."""
        return tuple(name for name in BINARIES if name not in self.binaries)


@dataclass(frozen=True)
class Assignment:
    """What to look at, and from where."""

    nodes: tuple[str, ...]
    masters: tuple[str, ...]  # interfaces to look for, beside those called eth*
    cluster_network: str
    bin_dir: str  # of CNI plugins
    namespace: str  # of the pods: that of Multus, where such pods are allowed
    image: str
    timeout: int  # seconds


def inspect(
    kube: Kube, what: Assignment, progress: Callable[[Progress], None], warn: Callable[[str], None]
) -> dict[str, Inspection]:
    """Look at nodes; return what was seen by node, or why nothing was."""
    own_pods.sweep(kube, datetime.now(UTC))
    run = own_pods.new_run()
    refs = {node: Ref(POD, f"multinet-look-{run}-{number}", what.namespace) for number, node in enumerate(what.nodes)}
    try:
        progress(Progress(f"looking at {len(refs)} nodes"))
        refused = own_pods.start(kube, [manifest(what, ref, node, run) for node, ref in refs.items()])
        made = [ref for ref in refs.values() if ref not in refused]
        pods = own_pods.await_all(
            kube,
            run,
            made,
            is_settled=lambda pod: pod.has_ended,
            timeout=what.timeout,
            what="pods that look at nodes",
            progress=progress,
        )
        return {node: _seen(kube, ref, refused.get(ref), pods.get(ref.name)) for node, ref in refs.items()}
    finally:
        own_pods.remove(kube, refs.values(), warn)


def manifest(what: Assignment, ref: Ref, node: str, run: str) -> Object:
    """Return the pod that looks at a node. It is on the node's own network, so it starts without any CNI plugin."""
    mounts = {"conf": CONF_DIR, "bin": what.bin_dir}
    return {
        "apiVersion": POD.api_version,
        "kind": POD.kind,
        "metadata": {"name": ref.name, "namespace": ref.namespace, "labels": {RUN_LABEL: run}},
        "spec": {
            "nodeName": node,
            "tolerations": [{"operator": "Exists"}],
            "hostNetwork": True,
            "restartPolicy": "Never",
            "activeDeadlineSeconds": what.timeout + 30,
            "terminationGracePeriodSeconds": GRACE_SECONDS,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "dnsPolicy": "Default",
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "look",
                    "image": what.image,
                    "command": ["sh", "-c", SCRIPT, "look", what.cluster_network, *what.masters],
                    "resources": {
                        "requests": {"cpu": "10m", "memory": "16Mi"},
                        "limits": {"cpu": "500m", "memory": "64Mi"},
                    },
                    "securityContext": {
                        "runAsUser": 0,  # the kubeconfig is readable for root only
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "volumeMounts": [{"name": name, "mountPath": f"/host/{name}", "readOnly": True} for name in mounts],
                }
            ],
            # A directory that is missing is told as such, and is not made by the container runtime.
            "volumes": [
                {"name": name, "hostPath": {"path": path, "type": "Directory"}} for name, path in mounts.items()
            ],
        },
    }


def parse(text: str) -> Inspection:
    """Return what the script printed."""
    lines = [line.split() for line in text.splitlines()]
    rows = [row for row in lines if len(row) > 1]
    claims = next(iter(_values(rows, "claims")), "")
    return Inspection(
        all_files=tuple(sorted(_values(rows, "file"))),
        multus_files=tuple(_values(rows, "multus")),
        network_files=tuple(sorted(_values(rows, "network"))),
        binaries=tuple(_values(rows, "binary")),
        interfaces={row[1]: Nic(row[2], int(row[3])) for row in rows if row[0] == "nic" and len(row) == 4},
        token_expires=expiry(claims) if claims else None,
    )


def expiry(claims: str) -> datetime | None:
    """Return when a token ends, None if it does not say so.

    :param claims: its second part (RFC 7519): JSON in base64 for URLs, without padding; exp is in seconds since 1970.
    """
    try:
        found = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        return datetime.fromtimestamp(int(found["exp"]), UTC)
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def _values(rows: Iterable[list[str]], key: str) -> Iterator[str]:
    return (row[1] for row in rows if row[0] == key)


def _seen(kube: Kube, ref: Ref, refused: MultinetError | None, pod: Object | None) -> Inspection:
    if refused is not None:
        return Inspection(problem=str(refused))
    if pod is None:
        return Inspection(problem="its pod is gone")
    for status in pod.get("status", {}).get("containerStatuses", ()):
        ended = status.get("state", {}).get("terminated") or {}
        if ended.get("message"):
            return parse(ended["message"])
    waits = Pod.of(pod)
    said = "; ".join(text for text in (waits.waiting, _last_warning(kube, ref)) if text)
    return Inspection(problem=f"its pod is {waits.phase}" + (f" ({said})" if said else ""))


def _last_warning(kube: Kube, ref: Ref) -> str:
    try:
        return last_warning(kube, ref)
    except MultinetError:
        return ""
