# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task with each module, that finds the guide's site as it should be."""

from __future__ import annotations

import pathlib
from typing import Any

from cluster import EDGE

from .guide import DESCRIPTION, MODULES, PLACE, RANGE
from .stage import options_of_edge

# What they do takes Compute's library, the largest.
COMPUTE = ("gke_multinet_vpc", "gke_multinet_vpc_info", "gke_multinet_nodepool_info")


def every_module(folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """Return options by module.

    :param folder: for what is written.
    """
    plan = {"host": "edge", **{name.removeprefix("multinet_"): value for name, value in DESCRIPTION.items()}}
    page = {"clusters": [{"name": EDGE["name"]}], "path": str(folder / "report"), "formats": ["html"]}
    return {
        **dict(MODULES),
        "multinet_plan": {"clusters": [plan]},
        "gke_multinet_vpc_info": {"project": EDGE["project"], "name": "my-vpc"},
        "gke_multinet_cluster_info": EDGE,
        "gke_multinet_nodepool_info": {**PLACE, "cluster": EDGE["name"]},
        "nad_info": options_of_edge(),
        "whereabouts_pool_info": options_of_edge(),
        "whereabouts_pool": options_of_edge(range=RANGE, state="reconciled", confirm_after=0),
        "multinet_verify": options_of_edge(attachments=["my-nad"], probe=False, fail_on="never"),
        "multinet_report": page,
    }
