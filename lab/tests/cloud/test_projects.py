# SPDX-License-Identifier: Apache-2.0
"""Projects come into being when they are asked for, and are forgotten on demand."""

from __future__ import annotations

from .conftest import COMPUTE, Lab, P

PROJECT = f"/lab/projects/{P}"


def test_a_forgotten_project_begins_anew_under_a_number_of_its_own(lab: Lab) -> None:
    number = lab.get(COMPUTE)["defaultServiceAccount"]
    other = lab.get(COMPUTE.replace(P, "other-project"))["defaultServiceAccount"]
    lab.done("POST", f"{COMPUTE}/global/networks", {"name": "vpc", "autoCreateSubnetworks": False})
    assert lab.ask("DELETE", PROJECT) == (200, {"forgotten": P})
    assert {each["name"] for each in lab.get(f"{COMPUTE}/global/networks")["items"]} == {"default"}
    assert lab.get(COMPUTE)["defaultServiceAccount"] not in (number, other)


def test_a_project_in_which_an_operation_runs_is_kept(lab: Lab) -> None:
    fault = {"kind": "operation-stuck", "method": "POST", "path": "networks$"}
    identity = lab.ask("POST", "/lab/faults", fault)[1]["id"]
    operation = lab.started("POST", f"{COMPUTE}/global/networks", {"name": "vpc", "autoCreateSubnetworks": False})
    status, _, message = lab.refused("DELETE", PROJECT)
    assert status == 400
    assert operation["name"] in message
    lab.ask("DELETE", f"/lab/faults/{identity}")
