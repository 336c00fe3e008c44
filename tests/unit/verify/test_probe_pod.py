# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.kube.kinds import POD, Ref
from ansible_collections.multinet.gke.plugins.module_utils.verify.packets import PRIVILEGED_PORTS
from ansible_collections.multinet.gke.plugins.module_utils.verify.probe_pod import manifest

PRIVILEGED = min(PRIVILEGED_PORTS)


def pod(**options: Any) -> Any:
    given = {"node": "n", "image": "busybox", "seconds": 60, "annotations": {}, "can_ping": False, **options}
    return manifest(Ref(POD, "probe", "default"), "run", **given)["spec"]


def test_a_port_of_the_node_leads_to_the_port_that_is_listened_at() -> None:
    (container,) = pod(port=8080, host_port=30000)["containers"]
    assert container["ports"] == [{"containerPort": 8080, "hostPort": 30000, "protocol": "TCP"}]
    assert "ports" not in pod(port=8080)["containers"][0]


@pytest.mark.parametrize(("port", "allowed"), [(PRIVILEGED, True), (8080, False), (None, False)])
def test_only_a_privileged_port_takes_a_sysctl(port: int | None, allowed: bool) -> None:
    assert ("sysctls" in pod(port=port)["securityContext"]) == allowed
