# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift of live objects from desired ones."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.cni.multus.quantities import quantity
from ansible_collections.multinet.gke.plugins.module_utils.kube.objects import Difference, drift

A, B = {"name": "a", "image": "1"}, {"name": "b", "image": "1"}
CONF = "cni-conf.json"


@pytest.mark.parametrize(
    ("desired", "live"),
    [
        pytest.param({"a": 1}, {"a": 1, "status": {}, "metadata": {"managedFields": []}}, id="more than desired"),
        pytest.param({"limits": {"cpu": "100m"}}, {"limits": {"cpu": "0.1"}}, id="cpu"),
        pytest.param({"limits": {"memory": "50Mi"}}, {"limits": {"memory": "52428800"}}, id="memory"),
        pytest.param({"requests": {"cpu": 1}}, {"requests": {"cpu": "1"}}, id="number and text"),
        pytest.param(
            {"containers": [A]}, {"containers": [B, {**A, "imagePullPolicy": "Always"}]}, id="another container"
        ),
        pytest.param({"volumes": [A, B]}, {"volumes": [B, A]}, id="order of volumes"),
        pytest.param({"volumeMounts": [{"mountPath": "/a"}]}, {"volumeMounts": [{"mountPath": "/a"}]}, id="mounts"),
        pytest.param({CONF: '{"a": 1, "b": 2}'}, {CONF: '{"b":2,"a":1}\n'}, id="json"),
        pytest.param({"nodeSelector": {}}, {}, id="empty map"),
        pytest.param({"tolerations": []}, {}, id="empty list"),
        pytest.param({"items": [{"key": "a"}]}, {"items": [{"key": "a", "mode": 420}]}, id="default in a list"),
    ],
)
def test_no_drift(desired: dict[str, Any], live: dict[str, Any]) -> None:
    assert drift(desired, live) == []


@pytest.mark.parametrize(
    ("desired", "live", "expected"),
    [
        pytest.param({"a": {"b": 1}}, {"a": {"b": 2}}, Difference("a.b", 2, 1), id="value"),
        pytest.param({"a": {"b": 1}}, {}, Difference("a", None, {"b": 1}), id="missing"),
        pytest.param({"args": ["a", "b"]}, {"args": ["b", "a"]}, Difference("args[0]", "b", "a"), id="order of args"),
        pytest.param({"args": ["a"]}, {"args": ["a", "b"]}, Difference("args", ["a", "b"], ["a"]), id="one arg more"),
        pytest.param(
            {"containers": [A]},
            {"containers": [{**A, "image": "2"}]},
            Difference("containers[a].image", "2", "1"),
            id="image",
        ),
        pytest.param({"env": [A]}, {"env": [B]}, Difference("env[a]", None, A), id="no such item"),
        pytest.param(
            {"initContainers": [A, B]},
            {"initContainers": [B, A]},
            Difference("initContainers (order)", ["b", "a"], ["a", "b"]),
            id="order of init containers",
        ),
        pytest.param(
            {"limits": {"cpu": "100m"}}, {"limits": {"cpu": "200m"}}, Difference("limits.cpu", "200m", "100m"), id="cpu"
        ),
        pytest.param({"limits": {"cpu": "1"}}, {"limits": {}}, Difference("limits.cpu", None, "1"), id="no limit"),
        pytest.param({CONF: '{"a": 1}'}, {CONF: '{"a": 2}'}, Difference(CONF, {"a": 2}, {"a": 1}), id="json"),
        pytest.param({CONF: '{"a": 1}'}, {CONF: "{"}, Difference(CONF, "{", '{"a": 1}'), id="broken json"),
        pytest.param(
            {"tolerations": [{"key": "a"}]}, {}, Difference("tolerations", None, [{"key": "a"}]), id="no list"
        ),
    ],
)
def test_drift(desired: dict[str, Any], live: dict[str, Any], expected: Difference) -> None:
    found = drift(desired, live)
    assert expected in found


@pytest.mark.parametrize(
    ("text", "number"),
    [("100m", "0.1"), ("0.1", "0.1"), ("50Mi", "52428800"), ("1e3", "1000"), ("2k", "2000"), (".5", "0.5"), (3, "3"),
     ("1n", "1e-9"), ("1Ei", str(2**60))],
)  # fmt: skip
def test_quantity(text: object, number: str) -> None:
    assert quantity(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "5 Mi", "Mi", "1mm"])
def test_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        quantity(text)
