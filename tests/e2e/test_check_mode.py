# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode of modules that only read: it is no other mode. That it writes nothing, the harness sees to."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

import reported
from cloud import Cloud
from cluster import Cluster
from installed import Modules, Subject


def same(subject: Subject, module: str, **options: Any) -> None:
    """Run a module both ways."""
    result = subject.module(module, **options)
    assert not result.get("failed"), result["msg"]
    assert subject.module(module, check=True, **options) == result


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("gke_multinet_vpc_info", {"name": "default"}),
        ("gke_multinet_cluster_info", {"location": "-"}),
        ("gke_multinet_nodepool_info", {"location": "us-central1-c", "cluster": "none"}),
    ],
)
def test_what_reads_google_does_the_same(cloud: Cloud, module: str, options: dict[str, Any]) -> None:
    same(cloud, module, **options)


@pytest.mark.control_plane
@pytest.mark.parametrize("module", ["nad_info", "whereabouts_pool_info"])
def test_what_reads_a_cluster_does_the_same(plane: Cluster, module: str) -> None:
    same(plane, module)


def test_a_report_is_announced_and_not_written(modules: Modules, tmp_path: pathlib.Path) -> None:
    options = {**reported.params(reported.small()), "path": str(tmp_path / "report"), "formats": ["html", "json"]}
    announced = modules.run("multinet_report", options, {}, check=True)
    assert not announced.get("failed"), announced["msg"]
    assert list(tmp_path.iterdir()) == []
    assert announced["actions"]
    assert modules.run("multinet_report", options, {}, check=False)["actions"] == announced["actions"]
    assert modules.run("multinet_report", options, {}, check=False)["changed"] is False
