# SPDX-License-Identifier: Apache-2.0
"""Exchanges recorded with the real service, sent to the lab: what differs is what lab/README.md explains, no less."""

from __future__ import annotations

import pathlib
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from gkelab.engine import ApiEngine

from .conftest import REPOSITORY, Lab
from .recorded import Difference, Recording, load_tool

README = REPOSITORY / "lab" / "README.md"
_ROW = re.compile(r"^\| `(?P<field>[^`]+)` \| (?P<kind>\w+) \| (?P<logs>[\d, ]+) \|", re.MULTILINE)


@pytest.fixture
def found(data: pathlib.Path, tmp_path: pathlib.Path) -> list[Difference]:
    """All differences between the recordings and the lab."""
    tool = load_tool(data)
    lab = Lab(tmp_path, ApiEngine())
    try:
        recordings = [Recording(tool, path, lab) for path in sorted((data / "gcp-traffic").glob("*.log"))]
        with ThreadPoolExecutor(len(recordings)) as pool:
            return sorted(item for items in pool.map(lambda one: list(one.differences()), recordings) for item in items)
    finally:
        lab.stop()


def explained() -> set[tuple[str, str, str]]:
    """Return (log, kind, field) of every row of the README's table of differences."""
    return {
        (log.strip(), row["kind"], row["field"])
        for row in _ROW.finditer(README.read_text(encoding="utf-8"))
        for log in row["logs"].split(",")
    }


def test_what_differs_from_the_recordings_is_explained(found: list[Difference]) -> None:
    assert [item.text for item in found if item.kind == "status"] == []
    differing = {(item.log, item.kind, item.field) for item in found}
    assert {item.text for item in found if (item.log, item.kind, item.field) not in explained()} == set()
    assert explained() - differing == set()


def test_the_replay_sees_what_is_different(data: pathlib.Path, tmp_path: pathlib.Path) -> None:
    log = (data / "gcp-traffic" / "01-network-crud-patch-ula.log").read_text(encoding="utf-8")
    assert log.count('"bgpBestPathSelectionMode": "LEGACY"') > 1
    changed = tmp_path / "01-changed.log"
    changed.write_text(
        log.replace('"bgpBestPathSelectionMode": "LEGACY"', '"mtu": 1500', 1).replace("\n404 ", "\n403 ", 1),
        encoding="utf-8",
    )
    lab = Lab(tmp_path, ApiEngine())
    try:
        found = {(item.kind, item.field) for item in Recording(load_tool(data), changed, lab).differences()}
    finally:
        lab.stop()
    assert {kind for kind, _ in found} == {"status", "missing", "extra", "value"}
    assert {("missing", "routingConfig.mtu"), ("extra", "routingConfig.bgpBestPathSelectionMode")} <= found
