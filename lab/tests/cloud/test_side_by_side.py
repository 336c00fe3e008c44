# SPDX-License-Identifier: Apache-2.0
"""Two clouds at once share nothing."""

from __future__ import annotations

import json
import pathlib
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest

from gkelab.cloud import request_log
from gkelab.cloud.oauth import write_user
from gkelab.engine import ApiEngine

from .conftest import COMPUTE, CONTAINER, Lab
from .test_compute import NETWORK

NETWORKS = f"{COMPUTE}/global/networks"


@pytest.fixture
def two(tmp_path: pathlib.Path) -> Iterator[tuple[Lab, Lab]]:
    labs = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        labs.append(Lab(folder, ApiEngine()))
    yield labs[0], labs[1]
    for lab in labs:
        lab.stop()


def granted(lab: Lab) -> str:
    content = json.loads(write_user(lab.folder, lab.url).read_text())
    form = urllib.parse.urlencode({"grant_type": "refresh_token", **content}).encode()
    with urllib.request.urlopen(f"{lab.url}/token", form, timeout=10) as reply:
        return str(json.loads(reply.read())["access_token"])


def test_what_is_made_in_one_is_not_in_the_other(two: tuple[Lab, Lab]) -> None:
    one, other = two
    one.done("POST", NETWORKS, NETWORK)
    one.done("POST", f"{CONTAINER}/us-central1-c/clusters", {"cluster": {"name": "edge", "initialNodeCount": 1}})
    assert other.ask("GET", f"{NETWORKS}/vpc")[0] == 404
    assert other.get(f"{CONTAINER}/-/clusters") == {}
    assert [entry["method"] for entry in request_log.read(other.folder)] == ["GET", "GET"]


def test_tokens_open_their_own_only(two: tuple[Lab, Lab]) -> None:
    one, other = two
    token = granted(one)
    granted(other)
    assert one.ask("GET", NETWORKS, token=token)[0] == 200
    assert other.ask("GET", NETWORKS, token=token)[0] == 401
    assert other.ask("POST", "/lab/tokens", {"revoke": "all"})[1]["revoked"] == 1
    assert one.ask("GET", NETWORKS, token=token)[0] == 200


def test_faults_and_denials_are_their_own(two: tuple[Lab, Lab]) -> None:
    one, other = two
    one.ask("POST", "/lab/faults", {"kind": "status", "method": "GET"})
    one.ask("POST", "/lab/denials", {"permission": "compute.networks.create"})
    assert (other.get("/lab/faults"), other.get("/lab/denials")) == ({"faults": []}, {"denials": []})
    assert other.ask("GET", NETWORKS)[0] == 200
    assert other.ask("POST", NETWORKS, NETWORK)[0] == 200
    assert one.ask("GET", NETWORKS)[0] == 503
    assert one.ask("POST", NETWORKS, NETWORK)[0] == 403
