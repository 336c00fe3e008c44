# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of pools: each with what passes and what does not."""

from __future__ import annotations

import pytest
from snapshots import answers, found, pod, pool, snapshot

from ansible_collections.multinet.gke.plugins.module_utils.cni.pods import Pod
from ansible_collections.multinet.gke.plugins.module_utils.cni.whereabouts import Pool
from ansible_collections.multinet.gke.plugins.module_utils.verify.checks.pools import (
    capacity,
    orphans,
    unparsable_pools,
)


@pytest.mark.parametrize(
    ("count", "status", "remedy"),
    [
        *((3, "pass", ""), (228, "pass", "")),
        *((229, "warn", "add a range"), (253, "warn", "add a range"), (254, "fail", "add a range")),
    ],
)
def test_capacity(count: int, status: str, remedy: str) -> None:
    seen = snapshot(pools=(pool({str(key): "default/a" for key in range(1, count + 1)}),))
    (result,) = capacity(seen)
    percent = round(100 * count / 254, 1)
    assert (result.status, result.msg) == (status, f"{count} of 254 addresses are used ({percent} %)")
    assert (result.data["used"], result.data["free"]) == (count, 254 - count)
    assert result.remedy.startswith(remedy)


def test_a_pool_that_etcd_will_soon_not_take_is_a_warning() -> None:
    many = pool({str(key): "default/a" for key in range(1, 12_001)}, cidr="172.16.0.0/16", name="172.16.0.0-16")
    (finding,) = found(capacity(snapshot(pools=(many,))))
    assert finding[:2] == ("warn", "kube-system/172.16.0.0-16")
    assert "at about 13,100 etcd takes no more" in finding[2]


def test_orphans() -> None:
    seen = snapshot(pod("a", "172.16.1.1"), pools=(pool({"1": "default/a", "2": "default/gone"}),))
    assert found(orphans(seen)) == [
        ("warn", "kube-system/172.16.1.0-24", "addresses that nobody has any more: 172.16.1.2")
    ]
    blind = snapshot(Pod("default", "blind"), pools=(pool({"1": "default/blind"}),))
    assert answers(orphans(blind)) == [("pass", "all pools", "no address is kept for a pod that is gone")]


@pytest.mark.parametrize(
    ("there", "status", "says"),
    [
        (pool({"1": "default/a"}), "pass", "all of 1 pools can be read"),
        (pool({}, "nonsense"), "fail", 'range "nonsense"'),
        (pool({"foo": "default/a"}), "warn", 'allocation key "foo"'),
        (pool({}, namespace="default"), "warn", "kube-system"),
    ],
)
def test_unparsable_pools(there: Pool, status: str, says: str) -> None:
    (result,) = unparsable_pools(snapshot(pools=(there,)))
    assert result.status == status
    assert says in result.msg
    assert bool(result.remedy) is (status != "pass")
