# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a probe sends, how long that takes at most, and what its output means."""

from __future__ import annotations

import os
import pathlib
import subprocess
from typing import Any

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.errors import Problems
from ansible_collections.multinet.gke.plugins.module_utils.verify import packets
from ansible_collections.multinet.gke.plugins.module_utils.verify.packets import Answer, Probing, Question

OPTIONS: dict[str, Any] = {
    "connectivity": "all",
    "protocol": None,
    "count": 3,
    "payload": None,
    "port": None,
    "sample": 200,
    "seed": None,
    "hostport": None,
}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, []),
        ({"count": 0, "payload": 0, "sample": 0, "hostport": 0}, ["count", "payload", "sample", "hostport"]),
        ({"payload": 65507, "hostport": 65535, "protocol": "icmp"}, []),
        ({"payload": 65508, "hostport": 65536, "count": 101}, ["count", "payload", "hostport"]),
        ({"protocol": "tcp", "port": 80}, []),
        ({"protocol": "tcp", "payload": 1432}, ["payload"]),
        ({"port": 80}, ["port"]),
        ({"protocol": "icmp", "port": 80}, ["port"]),
    ],
)
def test_what_is_wrong_in_the_options(given: dict[str, Any], wrong: list[str]) -> None:
    problems = Problems()
    Probing.of({**OPTIONS, **given}, problems)
    assert [problem.path for problem in problems] == wrong


@pytest.mark.parametrize(
    ("probing", "targets", "seconds"),
    [
        (Probing(protocol="icmp"), 1, 20),
        (Probing(protocol="icmp"), 32, 20),
        (Probing(protocol="icmp"), 33, 25),
        (Probing(protocol="icmp", payload=1432), 1, 15 + 5 + 5 + 16),
        (Probing(protocol="tcp"), 64, 15 + 2 * 9),
        (Probing(), 64, 15 + 2 * 9),
    ],
)
def test_how_long_a_command_may_take(probing: Probing, targets: int, seconds: float) -> None:
    assert probing.seconds(targets) == seconds


@pytest.fixture
def shell(tmp_path: pathlib.Path) -> Any:
    """A shell with tools that act: a network of 172.16.1.0/24 that carries 1400 bytes, .3 less, .9 nothing."""
    tools = {
        "ping": """
while [ $# -gt 1 ]; do case $1 in -c) count=$2;; -s) size=$2;; -I) source=$2;; esac; shift; done
case $1 in *.9) most=0;; *.3) most=1272;; *:*) most=1412;; *) most=1372;; esac
if [ "$size" -le "$most" ]; then
  echo "PING $1 from $source"; echo "$count packets transmitted, $count packets received, 0% packet loss"
  echo "round-trip min/avg/max = 0.1/0.25/0.4 ms"
else echo "$count packets transmitted, 0 packets received, 100% packet loss"; exit 1; fi
""",
        "ip": """[ "$3" != 172.16.1.4 ] || echo "$3 dev net1 src 172.16.1.1 cache expires 500sec mtu 1200 "
""",
        "cat": """case $1 in */net1/mtu) echo 1460;; *) exit 1;; esac
""",
        "nc": """
case "$*" in
  "-w 2 172.16.1.1 80 -e true") exit 0;;
  *172.16.1.2*) echo "nc: can't connect to remote host ($3): Connection refused" >&2;;
  *172.16.1.3*) echo "nc: can't connect to remote host ($3): No route to host" >&2;;
  *) echo "nc: timed out" >&2;;
esac
exit 1
""",
        "sleep": "",
    }
    for name, text in tools.items():
        tool = tmp_path / name
        tool.write_text(f"#!/bin/sh\n{text}")
        tool.chmod(0o755)

    def run(command: list[str]) -> str:
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    return run


def test_pings(shell: Any) -> None:
    questions = [Question("172.16.1.1", "net1", f"172.16.1.{number}") for number in (2, 9)]
    assert packets.parse_pings(shell(packets.ping(Probing(), questions))) == {
        "172.16.1.2": Answer(0, 0.25),
        "172.16.1.9": Answer(100),
    }


@pytest.mark.parametrize(
    ("target", "payload", "largest"),
    [
        ("172.16.1.2", 1432, 1372),
        ("172.16.1.2", 1372, 1372),
        ("172.16.1.2", 1000, 1000),
        ("172.16.1.3", 1432, 1272),
        ("172.16.1.3", 9000, 1272),  # the interface has 1460
        ("172.16.1.4", 1432, 1172),  # a router has said so
        ("172.16.1.9", 1432, None),
        ("2001:db8::2", 9000, 1412),
        ("172.16.1.2", 40, 40),
    ],
)
def test_the_largest_payload_is_found(shell: Any, target: str, payload: int, largest: int | None) -> None:
    command = packets.ping(Probing(payload=payload), [Question("172.16.1.1", "net1", target)])
    assert packets.parse_pings(shell(command))[target].payload == largest


def test_many_targets_are_asked_at_once_and_all_answer(shell: Any) -> None:
    questions = [Question("172.16.1.1", "net1", f"172.16.2.{number}") for number in range(10, 90)]
    answers = packets.parse_pings(shell(packets.ping(Probing(), questions)))
    assert len(answers) == 80
    assert set(answers.values()) == {Answer(0, 0.25)}


@pytest.mark.parametrize("must_listen", [True, False])
def test_connections(shell: Any, must_listen: bool) -> None:
    command = packets.connect(2, [(f"172.16.1.{number}", 80) for number in (1, 2, 3, 4)])
    assert packets.parse_connections(shell(command), 2, must_listen=must_listen) == {
        "172.16.1.1": Answer(0),
        "172.16.1.2": Answer(0, refused=must_listen),
        "172.16.1.3": Answer(100),
        "172.16.1.4": Answer(100),
    }


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("10.0.0.1 1 0 nc: timed out", Answer(66)),
        ("10.0.0.1 2 1 nc: Connection refused", Answer(0)),  # it did not listen yet
        ("10.0.0.1 0 3 nc: Connection refused", Answer(0, refused=True)),
        ("10.0.0.1 0 0 sh: nc: not found", Answer(100, error="sh: nc: not found")),
        ("10.0.0.1", Answer(100, error="no output")),
    ],
)
def test_what_a_connection_says_is_read(line: str, answer: Answer) -> None:
    assert packets.parse_connections(line, 3, must_listen=True) == {"10.0.0.1": answer}
