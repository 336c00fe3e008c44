# SPDX-License-Identifier: Apache-2.0
"""What Compute refuses in a firewall rule. What passes here is understood by the networks."""

from __future__ import annotations

import re

from gkelab.cloud import invented
from gkelab.cloud.compute.ranges import parse_source
from gkelab.cloud.errors import ApiError, Json, invalid_field, required_field

HIGHEST_PRIORITY_NUMBER = HIGHEST_PORT = 65535
HIGHEST_PROTOCOL = 255
# API documentation of Firewall.allowed[].IPProtocol: these names or a number; ports for TCP, UDP and SCTP only.
PROTOCOLS = ("all", "icmp", "ipip", "tcp", "udp", "esp", "ah", "sctp")
WITH_PORTS = ("tcp", "udp", "sctp", "6", "17", "132")
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)


def check_rule(body: Json) -> None:
    """Refuse a rule that makes no sense; spell its protocols as Compute answers them."""
    if bool(body.get("allowed")) == bool(body.get("denied")):
        raise ApiError(400, "invalid", invented.ONE_ACTION)
    if not 0 <= body.get("priority", 0) <= HIGHEST_PRIORITY_NUMBER:
        raise invalid_field("resource.priority", str(body["priority"]), invented.BAD_PRIORITY)
    for field in ("sourceRanges", "destinationRanges"):
        for index, text in enumerate(body.get(field, ())):
            parse_source(text, f"resource.{field}[{index}]")
    for field in ("allowed", "denied"):
        for index, part in enumerate(body.get(field, ())):
            _check_protocol(part, f"resource.{field}[{index}]")


def _check_protocol(part: Json, field: str) -> None:
    protocol = part.get("IPProtocol", "")
    if not protocol:
        raise required_field(f"{field}.IPProtocol")
    # Not recorded: Terraform's provider takes no notice of the case that it reads back, so any is taken here.
    protocol = part["IPProtocol"] = protocol.lower()
    number = re.fullmatch(r"\d{1,3}", protocol, re.ASCII) and int(protocol) <= HIGHEST_PROTOCOL
    if protocol not in PROTOCOLS and not number:
        raise invalid_field(f"{field}.IPProtocol", protocol, invented.BAD_PROTOCOL.format(names=PROTOCOLS))
    for index, text in enumerate(part.get("ports", ())):
        where = f"{field}.ports[{index}]"
        if protocol not in WITH_PORTS:
            raise invalid_field(where, text, invented.NO_PORTS.format(protocol=protocol))
        match = _PORTS.fullmatch(text)
        if match is None or not int(match[1]) <= int(match[2] or match[1]) <= HIGHEST_PORT:
            raise invalid_field(where, text, invented.BAD_PORT)
