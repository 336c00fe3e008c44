# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gkelab.engine import ClusterSpec, Nic, NodeSpec
from gkelab.machines.ports import is_free
from gkelab.state import Lab, Settings

CLUSTER = "test-project/us-central1-c/edge"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, as unix sockets need it; it is empty."""
    with tempfile.TemporaryDirectory(prefix="gkelab-") as name:
        yield Path(name)


@pytest.fixture
def base_port() -> int:
    """A port that is free as are those above it, and not among those that the system gives to clients.

    Each process of tests has its own: two would find the same ports free.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    bases = range(28000 + worker * 50, 32000, workers * 50)
    return next(base for base in random.sample(bases, len(bases)) if all(map(is_free, range(base, base + 20))))


@pytest.fixture
def lab(folder: Path, base_port: int) -> Lab:
    """A lab in which nothing runs."""
    made = Lab(folder)
    made.create(Settings("full", base_port))
    (folder / "run").mkdir()
    return made


@pytest.fixture
def cluster_spec() -> ClusterSpec:
    return ClusterSpec(
        key=CLUSTER,
        version="1.34.4-gke.1047000",
        network="test-project/default",
        subnetwork_cidr="10.128.0.0/20",
        control_plane_address="10.128.0.2",
        pods_cidr="10.112.0.0/14",
        services_cidr="34.118.224.0/20",
    )


@pytest.fixture
def node_spec() -> Callable[[int], NodeSpec]:
    """Nodes by number, as the cloud plans them: eth0 on the cluster's network, eth1 on an additional one."""
    return _node


def _node(number: int) -> NodeSpec:
    return NodeSpec(
        cluster=CLUSTER,
        pool="multinet",
        name=f"gke-edge-multinet-1a2b3c4d-x{number}",
        zone="us-central1-c",
        pod_cidr=f"10.112.{number}.0/24",
        nics=(
            Nic("test-project/default", f"10.128.0.{10 + number}", 20),
            Nic("test-project/my-vpc", f"10.0.1.{1 + number}", 24, (f"172.16.1.{16 * (number - 1)}/28",)),
        ),
        max_pods=32,
        provider_id=f"gce://test-project/us-central1-c/gke-edge-multinet-1a2b3c4d-x{number}",
        labels={"cloud.google.com/gke-nodepool": "multinet", "topology.kubernetes.io/zone": "us-central1-c"},
        taints=(("dedicated", "multinet", "PreferNoSchedule"),),
    )
