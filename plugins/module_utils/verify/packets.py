# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a probe sends and to whom, as a command of a shell with the tools of busybox; and what its output means.

One command asks many targets, so that n pods cost n commands and not n times n.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import Problems

Mode = Literal["all", "same_node", "cross_node", "none"]
Protocol = Literal["icmp", "tcp"]

MOST_PACKETS = 100  # on each path
MOST_SAMPLED = 10000
AT_ONCE = 32  # targets that one probe asks at the same time
LISTENING_PORT = 45876  # of probes, unless another one is asked for
LARGEST_PAYLOAD = 65507  # of a ping over IPv4: 65535 less the headers of IP and ICMP
LARGEST_PORT = 65535
PRIVILEGED_PORTS = range(1, 1024)  # for root, unless a sysctl says otherwise
HEADERS = {4: 28, 6: 48}  # bytes of IP and ICMP before a ping's payload
SEARCH_STEPS = 16  # of halving the largest payload
TCP_SECONDS = 2  # until a connection has failed: enough for a second SYN

# Each target is three words: the probe's address, which is the source, so that the packets leave through the
# attachment's interface; that interface; the address. Linux sets the don't-fragment bit in a ping that fits the
# interface (ip(7), IP_MTU_DISCOVER, and the sysctl ip_no_pmtu_disc, which is 0 in a new network namespace): so the
# largest payload is looked for up to the interface's own MTU. If a router says that it carries less, then Linux
# divides the later ones, and the route tells.
_ICMP = f"""
set -f
count=$1 payload=$2; shift 2; n=0
ask() {{ ping -q -c "$1" -W 1 -s "$2" -I "$source" "$target" 2>&1; }}
largest() {{
  case $target in *:*) headers={HEADERS[6]};; *) headers={HEADERS[4]};; esac
  most=$(($(cat "/sys/class/net/$interface/mtu") - headers)); [ "$most" -lt "$payload" ] || most=$payload
  if ask "$count" "$most" >/dev/null; then low=$most; else
    low=56 high=$most
    while [ $((high - low)) -gt 1 ]; do
      middle=$(((low + high) / 2))
      if ask 1 "$middle" >/dev/null; then low=$middle; else high=$middle; fi
    done
  fi
  told=$(ip route get "$target" | sed -n 's/.* mtu \\([0-9]*\\).*/\\1/p')
  [ -z "$told" ] || [ $((told - headers)) -ge "$low" ] || low=$((told - headers))
  echo "$target" payload "$low"
}}
look() {{
  said=$(ask "$count" 56) && answered=1 || answered=
  echo "$target" $said
  [ "$payload" -eq 0 ] || [ -z "$answered" ] || largest
}}
while [ $# -ge 3 ]; do
  source=$1 interface=$2 target=$3; shift 3
  look &
  n=$((n + 1)); [ $((n % {AT_ONCE})) -ne 0 ] || wait
done
wait
"""

# Each target is two words: the address and the port. A connection ends as soon as it is there (-e true).
_TCP = f"""
set -f
count=$1; shift; n=0
look() {{
  made=0 refused=0 left=$count said=
  while [ "$left" -gt 0 ]; do
    left=$((left - 1))
    if said=$(nc -w {TCP_SECONDS} "$target" "$port" -e true 2>&1); then made=$((made + 1)); else
      case $said in *refused*) refused=$((refused + 1)); [ "$left" -eq 0 ] || sleep 1;; esac
    fi
  done
  echo "$target" "$made" "$refused" $said
}}
while [ $# -ge 2 ]; do
  target=$1 port=$2; shift 2
  look &
  n=$((n + 1)); [ $((n % {AT_ONCE})) -ne 0 ] || wait
done
wait
"""

_LOSS = re.compile(r"(\d+)% packet loss")
_RTT = re.compile(r"= [\d.]+/([\d.]+)/")  # min/avg/...
_PAYLOAD = re.compile(r"payload (\d+)")
_TRIES = re.compile(r"(\d+) (\d+) ?(.*)")
_SILENCE = ("timed out", "No route to host", "Host is unreachable")  # nc's words for a target that says nothing


@dataclass(frozen=True)
class Probing:
    """Which packets are to be sent."""

    mode: Mode = "all"
    protocol: Protocol | None = None  # None: pings, and TCP where only pods may run that cannot ping
    count: int = 3  # pings, or connections, on each path
    payload: int = 0  # of the largest ping; 0: the usual 56 bytes are enough
    port: int | None = None  # at which pods have to listen; None: a refusal is an answer, too
    sample: int = 200  # pods that are asked, at most
    seed: int | None = None  # None: a new one each time
    hostport: int | None = None  # of the nodes; None: it is not tried

    @classmethod
    def of(cls, params: dict[str, Any], problems: Problems) -> Probing:
        """Return what the options say, and note what is wrong with them."""
        limits = {
            "count": MOST_PACKETS,
            "payload": LARGEST_PAYLOAD,
            "port": LARGEST_PORT,
            "sample": MOST_SAMPLED,
            "hostport": LARGEST_PORT,
        }
        for option, most in limits.items():
            if params[option] is not None and not 1 <= params[option] <= most:
                problems.add(option, params[option], f"must be between 1 and {most}")
        if params["protocol"] == "tcp" and params["payload"]:
            says = "needs protocol icmp: only single packets show which size arrives undivided"
            problems.add("payload", params["payload"], says)
        if params["protocol"] != "tcp" and params["port"]:
            problems.add("port", params["port"], "needs protocol tcp")
        return cls(
            mode=params["connectivity"],
            protocol=params["protocol"],
            count=params["count"],
            payload=params["payload"] or 0,
            port=params["port"],
            sample=params["sample"],
            seed=params["seed"],
            hostport=params["hostport"],
        )

    @property
    def listening_port(self) -> int:
        """Return the TCP port at which probes listen, and at which all are asked."""
        return self.port or LISTENING_PORT

    def seconds(self, targets: int) -> float:
        """Return how long one command may take at most."""
        pings = self.count + 2  # a ping a second, and the wait for the last
        if self.payload:
            pings += pings + SEARCH_STEPS
        connections = self.count * (TCP_SECONDS + 1)
        each = {"icmp": pings, "tcp": connections, None: max(pings, connections)}[self.protocol]
        return 15 + math.ceil(targets / AT_ONCE) * each


@dataclass(frozen=True)
class Question:
    """One target of a probe."""

    source: str  # the probe's address
    interface: str  # on which it has it
    target: str


@dataclass(frozen=True)
class Answer:
    """What became of the packets to one target."""

    loss: int  # percent
    rtt_ms: float | None = None  # average; None: no answer, or not measured
    error: str = ""  # why nothing could be sent
    payload: int | None = None  # the largest that arrived undivided; None: it was not tried
    refused: bool = False  # the connection, by the target itself


UNTRIED = Answer(100, error="not tried")


def ping(probing: Probing, questions: Sequence[Question]) -> list[str]:
    """Return the command that pings."""
    words = [word for each in questions for word in (each.source, each.interface, each.target)]
    return ["sh", "-c", _ICMP, "probe", str(probing.count), str(probing.payload), *words]


def connect(count: int, targets: Sequence[tuple[str, int]]) -> list[str]:
    """Return the command that makes TCP connections to addresses and ports."""
    words = [word for address, port in targets for word in (address, str(port))]
    return ["sh", "-c", _TCP, "probe", str(count), *words]


def listen(port: int) -> str:
    """Return the shell words that take TCP connections in the background."""
    return f"nc -ll -p {port} -e true &"


def parse_pings(output: str) -> dict[str, Answer]:
    """Return what the pings said, by target."""
    found: dict[str, Answer] = {}
    for line in output.splitlines():
        target, _space, said = line.partition(" ")
        largest, loss, rtt = _PAYLOAD.fullmatch(said), _LOSS.search(said), _RTT.search(said)
        if largest and target in found:
            found[target] = Answer(found[target].loss, found[target].rtt_ms, payload=int(largest[1]))
        elif loss:
            found[target] = Answer(int(loss[1]), float(rtt[1]) if rtt else None)
        else:
            found[target] = Answer(100, error=said or "no output")
    return found


def parse_connections(output: str, count: int, *, must_listen: bool) -> dict[str, Answer]:
    """Return what became of the connections, by target.

    :param count: of connections to each target.
    :param must_listen: whether a refusal is a fault; it is an answer in any case, as it shows that packets arrive.
    """
    found = {}
    for line in output.splitlines():
        target, _space, said = line.partition(" ")
        tries = _TRIES.fullmatch(said)
        if tries is None:
            found[target] = Answer(100, error=said or "no output")
            continue
        made, refused, last = int(tries[1]), int(tries[2]), tries[3]
        answered = made + refused
        is_silence = not last or any(words in last for words in _SILENCE)
        found[target] = Answer(
            loss=100 * (count - answered) // count,
            error="" if answered or is_silence else last,
            refused=must_listen and bool(refused) and not made,
        )
    return found
