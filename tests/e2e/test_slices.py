# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slices of a job, as AWX cuts them: several site runs at once, each with a part of one inventory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cloud import Cloud
from fleets import GOOGLE, fleet, names_of, state
from harness import Run

SLICES = 3
WAVES = {"multinet_waves": ["100%"]}


def cut(inventory: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Return the inventories of a job's slices: AWX deals the hosts out like cards, and a slice sees no others."""
    hosts = inventory["all"]["hosts"]
    return [{"all": {"hosts": {name: hosts[name] for name in list(hosts)[first::count]}}} for first in range(count)]


def run_slices(cloud: Cloud, slices: list[dict[str, Any]]) -> list[Run]:
    """Run the site playbook for all slices at once."""

    def site(inventory: dict[str, Any]) -> Run:
        return cloud.lab.play("multinet.gke.site", inventory=inventory, arguments=GOOGLE, variables=WAVES)

    with ThreadPoolExecutor(len(slices)) as pool:
        return list(pool.map(site, slices))


def test_slices_at_once_end_as_one_run_does(cloud: Cloud) -> None:
    inventory = fleet(cloud.project, names_of(2 * SLICES))
    for run in run_slices(cloud, cut(inventory, SLICES)):
        assert run.rc == 0, run.stdout
    made = state(cloud)
    ranges = {f"pods-{name}": f"172.16.{number}.0/24" for number, name in enumerate(inventory["all"]["hosts"])}
    assert made["ranges"] == {"my-subnet": ranges}
    assert made["rules"] == {"my-subnet-allow-multinet": sorted(["10.0.0.0/22", *ranges.values()])}
    with cloud.asked() as asked:
        whole = cloud.lab.play("multinet.gke.site", inventory=inventory, arguments=GOOGLE, variables=WAVES)
    assert (whole.rc, whole.changed, asked.writes) == (0, 0, []), whole.stdout
    assert state(cloud) == made


def test_what_slices_cannot_see_the_plan_of_the_whole_refuses_before(cloud: Cloud) -> None:
    inventory = fleet(cloud.project, names_of(2))
    inventory["all"]["hosts"]["c01"]["multinet_networks"][0]["pod_ranges"][0]["range"] = "172.16.0.128/25"
    with cloud.asked() as asked:
        whole = cloud.lab.play("multinet.gke.plan", inventory=inventory)
        parts = [cloud.lab.play("multinet.gke.plan", inventory=each) for each in cut(inventory, 2)]
    assert asked.requests == []
    assert whole.rc != 0
    assert "c01: multinet_networks[0].pod_ranges[0].range: '172.16.0.128/25': overlaps c00" in whole.failure()
    assert [each.rc for each in parts] == [0, 0], "each slice alone is sound"
