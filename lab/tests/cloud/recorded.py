# SPDX-License-Identifier: Apache-2.0
"""Recordings of real traffic, made ready to be sent to the lab.

Replay and masks are those of the tool that comes with the recordings. What the recordings hide beyond its masks, and
what was done outside of them, is filled in here:

- ``${subnetworkID}`` is the name of every subnetwork of a log; which one is meant is told by its ranges.
- A long ``${uniqueId}`` shows through where GKE cuts names, so that its beginning is known.
- Addresses are hidden behind ``${publicEndpointIPV4}`` and the like.
- A cluster that names no version got the default of that day, which its read-back shows.
- An operation lasts until the log shows it as done, or until the next change is accepted.
- What kept a network from being deleted, and nobody in the log made, is there until the last try.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import pathlib
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from .conftest import TOKEN, Lab

_SUBNETWORK = "${subnetworkID}"
_ADDRESS = re.compile(r"\$\{\w+IPV4\}")
_CUT_NAME = re.compile(r"gke-[a-z-]+?-([0-9a-z]+)-default-pool-[0-9a-f]{8}-grp")
_USER = re.compile(r"already being used by 'projects/\$\{projectId\}/global/firewalls/([^']+)'")
_PATIENCE = 20.0  # seconds


def load_tool(data: pathlib.Path) -> ModuleType:
    """Return the replay tool beside the recordings."""
    spec = importlib.util.spec_from_file_location("recorded_replay", data.parent / "tools" / "replay.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


@dataclasses.dataclass(frozen=True, order=True)
class Difference:
    """A difference between what was recorded and what the lab answers; list indexes are left out of the field."""

    log: str
    kind: str  # status | missing | extra | value
    field: str
    text: str = dataclasses.field(compare=False)


class Recording:
    """One log, and the project that it is replayed in."""

    def __init__(self, tool: ModuleType, path: pathlib.Path, lab: Lab) -> None:
        self._tool, self._lab = tool, lab
        self.name = path.name[:2]
        self._text = path.read_text(encoding="utf-8")
        self._project = f"test-project-{self.name}"
        self._exchanges = self._inside(list(tool.exchanges(self._text)))
        self._client = tool.Client(lab.url, TOKEN, self._project, _PATIENCE)
        self._ranges: list[set[str]] = []  # of each subnetwork, in the order of their creation

    def differences(self) -> Iterator[Difference]:
        """Send all exchanges, in order; yield what is answered differently."""
        self._set_up()
        exchanges = self._exchanges
        held: dict[int, list[Any]] = {}
        for index, exchange in enumerate(exchanges):
            for fault, running in held.pop(index, ()):
                self._lab.ask("DELETE", f"/lab/faults/{fault}")
                if not self._is_poll(exchange):
                    self._lab.finished(running)
            sent = self._ready(index, exchange)
            is_change = exchange.method != "GET" and exchange.status == 200
            fault = self._hold(exchange) if is_change else ""
            self._obstruct(index)
            status, answer = self._client.send(sent)
            answer = json.loads(re.sub(r"(\$\{subnetworkID\})\d+", r"\1", json.dumps(answer)))
            if fault and status == 200 and "operationType" in answer:
                held.setdefault(self._end(index), []).append((fault, self._running(answer)))
            tally = self._tool.Tally()
            self._tool.compare(self._masked(exchange), status, answer, f"#{index}", tally)
            for kind, text in tally.findings:
                field = text.partition(": ")[2]
                short = re.sub(r"\[\d+\]", "[]", re.split(r" = |: ", field)[0]) if kind != "status" else exchange.url
                yield Difference(self.name, kind, short, f"{exchange.method} {exchange.url}: {field}")

    def _inside(self, exchanges: list[Any]) -> list[Any]:
        """Leave out other APIs, and the operations that were started there."""
        kept, outside = [], False
        for exchange in exchanges:
            if self._tool.OUTSIDE.search(exchange.url):
                outside = exchange.method != "GET"
            elif not (outside and "/operations/" in exchange.url):
                outside = False
                kept.append(exchange)
        return kept

    def _set_up(self) -> None:
        number = self._lab.get(f"/compute/v1/projects/{self._project}")["id"]
        self._client.variables["projectNumber"] = number
        cut = _CUT_NAME.search(self._text)
        if cut:
            self._client.variables["uniqueId"] = f"{cut[1]}0123456789"

    def _masked(self, exchange: Any) -> Any:
        """Mask addresses as the tool does."""
        text = json.dumps(exchange.answer)
        return dataclasses.replace(exchange, answer=json.loads(_ADDRESS.sub("192.0.2.1", text)))

    def _ready(self, index: int, exchange: Any) -> Any:
        """Name the subnetworks that an exchange means, and the version of the day."""
        body = exchange.body
        if exchange.method == "POST" and exchange.url.partition("?")[0].endswith("/clusters"):
            body = self._with_version(index, body)
        if exchange.method == "POST" and "/subnetworks?" in exchange.url:
            self._ranges.append(
                {body["ipCidrRange"], *(item["rangeName"] for item in body.get("secondaryIpRanges", ()))}
            )
        number = self._subnetwork(index, exchange)
        url = exchange.url.replace(_SUBNETWORK, self._variable(number))
        return dataclasses.replace(exchange, url=url, body=self._named(body, number if "/subnetworks" in url else 0))

    def _subnetwork(self, index: int, exchange: Any) -> int:
        """Return which subnetwork an exchange about one means, by its order."""
        if "/subnetworks" not in exchange.url:
            return 0
        if exchange.method == "GET" and exchange.status == 404:
            return len(self._ranges)  # the next one to be made
        near = exchange if exchange.method == "GET" else self._exchanges[index - 1]
        found = (near.answer if isinstance(near.answer, dict) else {}).get("ipCidrRange")
        if exchange.method == "POST" and exchange.body.get("ipCidrRange"):
            found = exchange.body["ipCidrRange"]
        return next((number for number, ranges in enumerate(self._ranges) if found in ranges), 0)

    def _variable(self, number: int) -> str:
        """Return the placeholder of one subnetwork; the client fills it, and hides its name again in answers."""
        self._client.variables.setdefault(
            f"subnetwork{number}", f"{self._client.variables['subnetworkID']}{number or ''}"
        )
        return f"${{subnetwork{number}}}"

    def _named(self, value: Any, number: int) -> Any:
        if isinstance(value, dict):
            for name in value.get("podIpv4RangeNames", ()):
                number = next(index for index, ranges in enumerate(self._ranges) if name in ranges)
            return {key: self._named(inner, number) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._named(inner, number) for inner in value]
        return value.replace(_SUBNETWORK, self._variable(number)) if isinstance(value, str) else value

    def _with_version(self, index: int, body: Any) -> Any:
        for exchange in self._exchanges[index:]:
            if isinstance(exchange.answer, dict) and "initialClusterVersion" in exchange.answer:
                version = {"initialClusterVersion": exchange.answer["initialClusterVersion"]}
                return {**body, "cluster": version | body["cluster"]}
        return body

    def _hold(self, exchange: Any) -> str:
        """Let the operation of a change last until it is told to end."""
        path = self._client.fill(re.sub(r"^https://[^/]+", "", exchange.url)).partition("?")[0]
        fault = {"method": exchange.method, "path": f"^{re.escape(path)}$", "kind": "operation-stuck"}
        status, answer = self._lab.ask("POST", "/lab/faults", fault)
        assert status == 200, answer
        return str(answer["id"])

    def _end(self, index: int) -> int:
        """Return before which exchange the operation of a change is over."""
        for later in range(index + 1, len(self._exchanges)):
            exchange = self._exchanges[later]
            if self._is_poll(exchange) or (exchange.method != "GET" and exchange.status == 200):
                return later
        return len(self._exchanges)

    def _is_poll(self, exchange: Any) -> bool:
        return exchange.method == "GET" and "/operations/" in exchange.url

    def _obstruct(self, index: int) -> None:
        """Make and remove what the log only shows as the user of a network, around its deletion."""
        user = _USER.search(self._text)
        tries = [
            number
            for number, exchange in enumerate(self._exchanges)
            if exchange.method == "DELETE" and "/global/networks/" in exchange.url and exchange.status == 200
        ]
        if not user or index not in (tries[0], tries[-1]):
            return
        name = self._client.fill(user[1])
        path = f"/compute/v1/projects/{self._project}/global/firewalls"
        if index == tries[0]:
            network = self._client.fill("global/networks/${networkID}")
            body = {"name": name, "network": network, "allowed": [{"IPProtocol": "icmp"}]}
            self._lab.done("POST", path, body)
        else:
            self._lab.done("DELETE", f"{path}/{name}")

    def _running(self, answer: Any) -> Any:
        """Return an operation with the names that the lab knows."""
        return json.loads(self._client.fill(json.dumps(answer)))
