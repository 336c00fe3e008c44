# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What end-to-end tests run in check mode must not write: the harness looks into both logs, and fails who does."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

import harness
from harness import OWN_AGENT, Lab, writing

GOOGLE_READ = {"method": "GET", "path": "/compute/v1/projects/p/global/networks/n"}
WAITING = {"method": "POST", "path": "/compute/v1/projects/p/global/operations/o/wait"}
GOOGLE_WRITE = {"method": "POST", "path": "/compute/v1/projects/p/global/networks"}
READ: dict[str, Any] = {"verb": "list", "userAgent": OWN_AGENT, "objectRef": {"resource": "pods"}}
WRITE: dict[str, Any] = {**READ, "verb": "create"}


@pytest.fixture
def lab(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A lab that has nothing but logs."""
    found = Lab(tmp_path, "control-plane", 0)
    monkeypatch.setattr(harness, "running", [found])
    log(found, "requests.jsonl", GOOGLE_WRITE)  # before
    log(found, "clusters/edge/audit.log", WRITE)
    return found


def log(lab: Lab, name: str, line: dict[str, Any]) -> None:
    file = lab.folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as lines:
        lines.write(json.dumps(line) + "\n")


@pytest.mark.parametrize("request_", [GOOGLE_READ, WAITING])
def test_check_mode_may_ask_google(lab: Lab, request_: dict[str, str]) -> None:
    with writing(allowed=False):
        log(lab, "requests.jsonl", request_)


def test_check_mode_may_ask_an_api_server(lab: Lab) -> None:
    with writing(allowed=False):
        log(lab, "clusters/edge/audit.log", READ)
        log(lab, "clusters/edge/audit.log", {**WRITE, "userAgent": "kubectl"})


@pytest.mark.parametrize(
    ("name", "line"), [("requests.jsonl", GOOGLE_WRITE), ("clusters/edge/audit.log", WRITE)], ids=["google", "cluster"]
)
def test_a_write_in_check_mode_fails_the_test(lab: Lab, name: str, line: dict[str, Any]) -> None:
    with writing(allowed=True):
        log(lab, name, line)
    with pytest.raises(AssertionError, match="written in check mode"), writing(allowed=False):
        log(lab, name, line)
