# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All modules, with the least options with which they ask somebody something."""

from __future__ import annotations

from typing import Any

PLACE = {"location": "us-central1-c"}
GOOGLE: dict[str, dict[str, Any]] = {
    "gke_multinet_vpc": {
        "name": "n",
        "subnetworks": [{"name": "s", "region": "us-central1", "ip_cidr_range": "10.0.0.0/24"}],
        "wait_timeout": 1,
    },
    "gke_multinet_vpc_info": {"name": "n"},
    "gke_multinet_cluster": {"name": "c", **PLACE, "wait_timeout": 1},
    "gke_multinet_cluster_info": {"name": "c", **PLACE},
    "gke_multinet_nodepool": {"name": "p", "cluster": "c", **PLACE, "wait_timeout": 1},
    "gke_multinet_nodepool_info": {"cluster": "c", **PLACE},
}
KUBERNETES: dict[str, dict[str, Any]] = {
    "multinet_pod": {"name": "p", "image": "i", "wait_timeout": 1},
    "multinet_verify": {"wait_timeout": 1},
    "multus_install": {"wait_timeout": 1},
    "nad": {"name": "n", "range": "10.0.0.0/24"},
    "nad_info": {},
    "whereabouts_pool": {"range": "10.0.0.0/24"},
    "whereabouts_pool_info": {},
}
WITHOUT: dict[str, dict[str, Any]] = {  # they take no credentials; those of the environment are there all the same
    "multinet_plan": {"clusters": [{"host": "h", "project": "p", **PLACE, "cluster": {"name": "c"}}]},
    "multinet_report": {"clusters": []},
}
