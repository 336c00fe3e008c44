# SPDX-License-Identifier: Apache-2.0
"""Asking a running fabric."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gkelab.engine import EngineError, FirewallRule
from gkelab.fabric.network import PluggedNic

TIMEOUT = 10  # seconds


def control_socket(folder: Path) -> Path:
    """Return where a fabric takes requests."""
    return folder / "control.sock"


def network_socket(folder: Path, network: str) -> Path:
    """Return where the NICs of a network connect; a short name, as a socket's path ends after 107 bytes."""
    return folder / f"{hashlib.sha256(network.encode()).hexdigest()[:10]}.sock"


class FabricClient:
    """The requests that a fabric knows. All raise EngineError when it refuses or does not run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def state(self) -> dict[str, Any]:
        """Return settings and counters of all networks, by name."""
        return self._ask({"change": "nothing"})

    def set_network(self, network: str, rules: Sequence[FirewallRule]) -> None:
        """Create a network if it is not there, and give it exactly these rules."""
        self._ask({"change": "set", "network": network, "rules": [asdict(rule) for rule in rules]})

    def remove_network(self, network: str) -> None:
        """Forget a network that no NIC uses."""
        self._ask({"change": "remove", "network": network})

    def set_mode(self, network: str, mode: str) -> dict[str, Any]:
        """Make a network flat or strict; return the state of all."""
        return self._ask({"change": "mode", "network": network, "mode": mode})

    def set_mtu(self, network: str, mtu: int) -> dict[str, Any]:
        """Let a network carry packets up to this size; return the state of all."""
        return self._ask({"change": "mtu", "network": network, "mtu": mtu})

    def plug(self, network: str, nic: PluggedNic) -> None:
        """Tell a network of a NIC that will connect, or of its new ranges."""
        self._ask({"change": "plug", "network": network, "nic": asdict(nic)})

    def unplug(self, network: str, address: str) -> None:
        """Forget a NIC."""
        self._ask({"change": "unplug", "network": network, "address": address})

    def answers(self) -> bool:
        """Tell whether the fabric runs."""
        try:
            self.state()
        except EngineError:
            return False
        return True

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            with socket.socket(socket.AF_UNIX) as client, client.makefile("rw") as stream:
                client.settimeout(TIMEOUT)
                client.connect(str(control_socket(self.folder)))
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                answer: dict[str, Any] = json.loads(stream.readline())
        except (OSError, ValueError) as error:
            raise EngineError(f"the lab's networks do not answer ({error}); `gkelab up` starts them again") from error
        if "error" in answer:
            raise EngineError(f"the lab's networks refused this: {answer['error']}")
        networks: dict[str, Any] = answer["networks"]
        return networks
