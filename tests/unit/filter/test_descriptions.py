# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that reads descriptions out of the variables of hosts."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from jinja2 import StrictUndefined

from ansible_collections.multinet.gke.plugins.filter.descriptions import DESCRIBED, descriptions
from ansible_collections.multinet.gke.plugins.module_utils.plan.schema import DESCRIPTION

EDGE = {"multinet_project": "p", "multinet_cluster": {"name": "edge"}, "multinet_verify_probe": False, "ansible_x": 1}


class Failing(dict[str, Any]):
    """Variables that cannot be templated."""

    def __getitem__(self, key: str) -> Any:
        raise AnsibleError(f"{key} needs a fact")


def test_a_description_is_what_the_variables_say() -> None:
    assert descriptions({"edge": EDGE}, ["edge"]) == [
        {"host": "edge", "project": "p", "cluster": {"name": "edge"}, "misspelt": {}}
    ]


def test_the_filter_reads_what_the_plan_takes() -> None:
    assert set(DESCRIBED) == set(DESCRIPTION)


def test_a_host_that_is_no_cluster_is_left_out_unless_it_is_required() -> None:
    hosts = {"edge": EDGE, "bastion": {}}
    assert [each["host"] for each in descriptions(hosts, ["edge", "bastion"])] == ["edge"]
    assert [each["host"] for each in descriptions(hosts, hosts, required=["bastion"])] == ["edge", "bastion"]


def test_why_variables_cannot_be_read_is_said() -> None:
    deep = {"multinet_cluster": {"labels": [StrictUndefined(name="nowhere")]}}
    failing = Failing(multinet_cluster=1)
    assert descriptions({"a": deep, "b": failing}, ["a", "b"]) == [
        {"host": "a", "unreadable": "'nowhere' is undefined"},
        {"host": "b", "unreadable": "multinet_cluster needs a fact"},
    ]


def test_names_that_are_near_a_missing_one_are_noticed() -> None:
    def misspelt(**more: object) -> object:
        return descriptions({"edge": {**EDGE, **more}}, ["edge"])[0]["misspelt"]

    assert misspelt(multinet_nodepool=[]) == {"multinet_nodepool": "multinet_nodepools"}
    assert misspelt(multinet_nodepool=[], multinet_nodepools=[]) == {}
    assert misspelt(multinet_team="a") == {}
