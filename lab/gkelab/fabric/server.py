# SPDX-License-Identifier: Apache-2.0
"""The fabric's process: `python -m gkelab.fabric.server FOLDER`.

Each NIC is a connection to FOLDER/NETWORK.sock (SEQPACKET, one datagram per Ethernet frame: what user-mode-linux calls
the transport bess). FOLDER/control.sock takes one request as a line of JSON and answers with one; a change is in force
when the answer is there. FOLDER/networks.json holds the settings, so that a restarted fabric knows them.
"""

from __future__ import annotations

import functools
import json
import selectors
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gkelab.fabric.client import control_socket, network_socket
from gkelab.fabric.frames import LONGEST
from gkelab.fabric.network import Network, log, nic_from, rules_from

BURST = 64  # frames taken from one NIC before the others have their turn
QUEUE = 1 << 20  # bytes


class Fabric:
    """All networks, their sockets and the loop that serves them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.networks: dict[str, Network] = {}
        self.selector = selectors.DefaultSelector()
        self.listeners: dict[str, socket.socket] = {}
        self.settings = folder / "networks.json"
        if self.settings.exists():
            for name, settings in json.loads(self.settings.read_text()).items():
                self.open(Network.restored(name, settings))
        control = self.listen(control_socket(folder), socket.SOCK_STREAM)
        self.watch(control, functools.partial(self.control, control))

    @staticmethod
    def listen(path: Path, kind: socket.SocketKind) -> socket.socket:
        """Return a listening unix socket."""
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, kind)
        listener.bind(str(path))
        listener.listen(64)
        return listener

    def watch(self, source: socket.socket, handler: Callable[[], None]) -> None:
        """Call a handler whenever a socket has something."""
        self.selector.register(source, selectors.EVENT_READ, handler)

    def open(self, network: Network) -> None:
        """Let NICs connect to a network."""
        listener = self.listen(network_socket(self.folder, network.name), socket.SOCK_SEQPACKET)
        self.networks[network.name], self.listeners[network.name] = network, listener
        self.watch(listener, functools.partial(self.accept, listener, network))

    def close(self, name: str) -> None:
        """Forget a network; raises ValueError while NICs use it."""
        if name not in self.networks:
            return
        if self.networks[name].nics:
            owners = ", ".join(nic.owner for nic in self.networks[name].nics.values())
            raise ValueError(f"{name} is in use by {owners}")
        listener = self.listeners.pop(name)
        self.selector.unregister(listener)
        listener.close()
        network_socket(self.folder, name).unlink(missing_ok=True)
        del self.networks[name]

    def accept(self, listener: socket.socket, network: Network) -> None:
        """Take the connection of a NIC."""
        port, _ = listener.accept()
        port.setblocking(False)
        port.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, QUEUE)
        network.ports.add(port)
        self.watch(port, functools.partial(self.serve, port, network))

    def serve(self, port: socket.socket, network: Network) -> None:
        """Take the frames that a NIC has sent, but not so many that the others wait."""
        try:
            for _ in range(BURST):
                frame = port.recv(LONGEST)
                if not frame:
                    break
                network.receive(port, frame)
            else:
                return
        except BlockingIOError:
            return
        except OSError as error:
            log(f"{network.name}: a NIC is gone: {error}")
        self.selector.unregister(port)
        network.disconnect(port)
        port.close()

    def control(self, listener: socket.socket) -> None:
        """Answer one request."""
        client, _ = listener.accept()
        with client, client.makefile("rw") as stream:
            client.settimeout(1)
            try:
                answer = self.answer(json.loads(stream.readline()))
                stream.write(json.dumps(answer) + "\n")
                stream.flush()
            except (OSError, ValueError) as error:  # who has asked did not ask in full or does not listen
                log(f"control: {error}")

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what a request asks; see :class:`gkelab.fabric.client.FabricClient` for what it may be."""
        try:
            self.change(request["change"], request.get("network", ""), request)
        except (ValueError, KeyError, TypeError) as error:
            return {"error": f"{type(error).__name__}: {error}"}
        return {"networks": {name: network.state() for name, network in self.networks.items()}}

    def change(self, what: str, name: str, request: dict[str, Any]) -> None:
        """Make one change, and write the settings down."""
        if what == "nothing":
            return
        if what == "set":
            rules = rules_from(request["rules"])
            if name in self.networks:
                self.networks[name].set_rules(rules)
            else:
                self.open(Network(name, rules=rules))
        elif what == "remove":
            self.close(name)
        elif what == "mode":
            self.networks[name].set_mode(request["mode"])
        elif what == "mtu":
            self.networks[name].set_mtu(request["mtu"])
        elif what == "plug":
            self.networks[name].plug(nic_from(request["nic"]))
        elif what == "unplug":
            if name in self.networks:
                self.networks[name].unplug(request["address"])
        else:
            raise ValueError(f"no such change: {what}")
        written = self.settings.with_suffix(".new")
        written.write_text(json.dumps({name: network.settings() for name, network in self.networks.items()}))
        written.replace(self.settings)

    def run(self) -> None:
        """Serve for ever."""
        while True:
            for key, _ in self.selector.select():
                key.data()


if __name__ == "__main__":
    Fabric(Path(sys.argv[1])).run()
