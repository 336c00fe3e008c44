# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report for programs: JSON and JUnit XML."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any
from xml.etree import ElementTree

from ..verify.junit import add_case, as_document, speakable
from ..verify.result import counted
from .model import STATES, Cluster, Fleet

SCHEMA = 1  # of the JSON; a change that breaks a reader makes it 2
SUITE = "multinet.gke.multinet_report"
COUNTING = {"error": ("fail",), "never": ("fail",), "warning": ("fail", "warn")}  # by fail_on


def totals(fleet: Fleet) -> dict[str, Any]:
    """Return the figures of the fleet."""
    clusters = fleet.clusters
    return {
        "clusters": {state: sum(each.state == state for each in clusters) for state in STATES},
        "nodes": sum(len(each.nodes) for each in clusters),
        "pods": sum(len(each.pod_names) for each in clusters),
        "errors": sum(each.count("fail") for each in clusters),
        "warnings": sum(each.count("warn") for each in clusters),
        "changes": sum(len(each.changes) for each in clusters),
        "paths": sum(len(each.paths) for each in clusters),
        "answered": sum(path.ok for each in clusters for path in each.paths),
    }


def summary(fleet: Fleet) -> str:
    """Return the figures as a line for people."""
    found = totals(fleet)
    states = [f"{count} {state}" for state, count in found["clusters"].items() if count]
    parts = (
        counted(found["errors"], "error"),
        counted(found["warnings"], "warning"),
        counted(found["changes"], "change"),
    )
    return f"{counted(len(fleet.clusters), 'cluster')} ({', '.join(states) or 'none'}): {', '.join(parts)} due"


def bad(fleet: Fleet, fail_on: str) -> list[str]:
    """Return what makes a report fail, as lines."""
    found = []
    for cluster in fleet.worst_first():
        found += [f"{cluster.name}: {' and '.join(each.tasks)}: {each.message}" for each in cluster.failures]
        found += [
            f"{cluster.name}: {each} [{each.check}]" for each in cluster.findings if each.status in COUNTING[fail_on]
        ]
    return found


def write_json(fleet: Fleet) -> str:
    """Return the whole report, without anything cut; see docs/report.md."""
    whole = {
        "schema": SCHEMA,
        "title": fleet.title,
        "made_at": fleet.made_at,
        "totals": totals(fleet),
        "clusters": [_cluster(each) for each in fleet.clusters],
    }
    return json.dumps(whole, indent=1) + "\n"


def _cluster(cluster: Cluster) -> dict[str, Any]:
    """Return a cluster as data; of the packets what crossed from node to node, and what was lost on the way."""
    said = asdict(replace(cluster, paths=()))
    del said["paths"]
    return {
        "state": cluster.state,
        **said,
        "between": [asdict(each) for each in cluster.between],
        "unanswered": [asdict(each) for each in cluster.unanswered],
    }


def write_junit(fleet: Fleet, fail_on: str) -> str:
    """Return a suite for each cluster: findings that count are failures, what could not be read is an error."""
    root = ElementTree.Element("testsuites", {"name": SUITE})
    for cluster in fleet.clusters:
        _suite(root, cluster, COUNTING[fail_on])
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    return as_document(root)


def _suite(root: ElementTree.Element, cluster: Cluster, counting: Iterable[str]) -> None:
    failures = sum(each.status in counting for each in cluster.results)
    counts = {
        "tests": len(cluster.results) + len(cluster.failures),
        "failures": failures,
        "errors": len(cluster.failures),
        "skipped": cluster.count("skip"),
    }
    suite = ElementTree.SubElement(
        root, "testsuite", {"name": speakable(cluster.name), **{key: str(count) for key, count in counts.items()}}
    )
    for failure in cluster.failures:
        said = {"classname": speakable(f"{cluster.name}.read"), "name": speakable(" and ".join(failure.tasks))}
        case, message = ElementTree.SubElement(suite, "testcase", said), speakable(failure.message)
        ElementTree.SubElement(case, "error", {"message": message, "type": "read"}).text = message
    for each in cluster.results:
        add_case(suite, cluster.name, each, is_bad=each.status in counting)
