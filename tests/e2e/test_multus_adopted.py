# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubectl made of the guide's own manifest is adopted without a write."""

from __future__ import annotations

import pytest

from harness import Lab, kubernetes_writes, play_of, shared

pytestmark = pytest.mark.control_plane

GUIDE_MANIFEST = shared().parent / "reference" / "multus-manifest.yaml"


def test_multus_install_changes_nothing_after_kubectl(control_plane_lab: Lab) -> None:
    if not GUIDE_MANIFEST.exists():
        pytest.skip("the guide's manifest is not here (MULTINET_DATA)")
    lab = control_plane_lab
    made = lab.play("multinet.gke.site", arguments="--tags vpc,cluster")
    assert made.rc == 0, made.stdout
    lab.kubectl("apply", "-f", str(GUIDE_MANIFEST))
    cluster = {"project": "test-project", "location": "us-central1-c", "name": "edge"}
    run = lab.play(play_of({"name": "Install", "multinet.gke.multus_install": {"gke_cluster": cluster, "wait": False}}))
    assert (run.rc, run.changed, run.actions) == (0, 0, []), run.stdout
    assert kubernetes_writes(lab.kubernetes_requests()) == []
