# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clusters of several projects are the hosts of an inventory, under names that stay."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from harness import INSTALLED, Lab

PLUGIN = "multinet.gke.gke_clusters"
ZONE = "us-central1-c"
# Twenty clusters in the projects of the plugin's EXAMPLES; edge-0 is in each of them, in net-a twice.
CLUSTERS = [
    *(("net-a", ZONE, f"edge-{number}") for number in range(8)),
    *(("net-a", "us-central1", f"edge-{number}") for number in range(2)),
    *(("net-b", ZONE, f"edge-{number}") for number in range(6)),
    *(("net-c", "europe-west1", f"edge-{number}") for number in range(4)),
]
HOSTS = {f"{name}.{location}.{project}" for project, location, name in CLUSTERS}
TEMPLATE = "{{ undefined_variable.of_nobody }}"  # a description that somebody else has written


@dataclass
class World:
    """Three projects in a lab, and inventories of them."""

    lab: Lab
    folder: pathlib.Path

    def source(self, name: str = "gke_clusters.yml", **options: Any) -> pathlib.Path:
        """Write an inventory source."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump({"plugin": PLUGIN, "projects": ["net-a", "net-b", "net-c"], **options}))
        return path

    def inventory(self, *arguments: str | pathlib.Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ansible-inventory; a source that cannot be read fails it."""
        return self.run("ansible-inventory", *arguments, **environment)

    def run(self, program: str, *arguments: str | pathlib.Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program of Ansible's."""
        return subprocess.run(
            [pathlib.Path(sys.executable).with_name(program), *arguments],
            env={
                **os.environ,
                **self.lab.environment,
                "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED.parents[2]),
                "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
                "COLUMNS": "10000",
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def listed(self, *arguments: str | pathlib.Path, **environment: str) -> dict[str, Any]:
        """Return what ansible-inventory --list prints."""
        result = self.inventory("--list", *arguments, **environment)
        assert result.returncode == 0, result.stderr
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    def hosts(self, *arguments: str | pathlib.Path, **environment: str) -> set[str]:
        """Return the names of the hosts."""
        return set(self.listed(*arguments, **environment)["_meta"]["hostvars"])

    @contextmanager
    def asked(self) -> Iterator[list[str]]:
        """Collect the paths that are asked of Google."""
        before, paths = len(self.lab.google_requests()), list[str]()
        yield paths
        paths += [each["path"] for each in self.lab.google_requests()[before:]]

    def deny(self, *projects: str) -> None:
        """Forbid to list the clusters of projects."""
        for project in projects:
            denial = {"permission": "container.clusters.list", "resource": f"projects/{project}*"}
            self.lab.google("POST", "/lab/denials", denial)


def squeezed(text: str) -> str:
    """Return a text without white space: ansible-core before 2.19 breaks its warnings into lines."""
    return "".join(text.split())


def _make(lab: Lab, project: str, location: str, name: str) -> None:
    cluster = {
        "name": name,
        "description": TEMPLATE,
        "resourceLabels": {"team": "network", "wave": name[-1], "empty": "", "odd-_": "-_1"},
        "ipAllocationPolicy": {"useIpAliases": True},
        "networkConfig": {"datapathProvider": "ADVANCED_DATAPATH", "enableMultiNetworking": project != "net-c"},
        "initialNodeCount": 1,
    }
    lab.google("POST", f"/v1/projects/{project}/locations/{location}/clusters", {"cluster": cluster})


@pytest.fixture(scope="module")
def projects(shared_lab: Lab) -> Iterator[Lab]:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: _make(shared_lab, *each), CLUSTERS))
    yield shared_lab
    for project in {project for project, _, _ in CLUSTERS}:
        shared_lab.google("DELETE", f"/lab/projects/{project}")


@pytest.fixture
def world(projects: Lab, tmp_path: pathlib.Path) -> Iterator[World]:
    yield World(projects, tmp_path)
    projects.google("DELETE", "/lab/denials")


def test_the_graph_shows_all_clusters_of_all_projects(world: World) -> None:
    nothing = dict.fromkeys(("names", "labels", "statuses", "hostname"))  # keys without a value
    source = world.source(keyed_groups=[{"key": "gke_region", "prefix": "region"}], **nothing)
    with world.asked() as asked:
        graph = world.inventory("--graph", "-i", source)
    assert (graph.returncode, graph.stderr) == (0, "")
    assert set(re.findall(r"--(edge\S+)", graph.stdout)) == HOSTS
    assert re.findall(r"--@(region\w+)", graph.stdout) == ["region_us_central1", "region_europe_west1"]
    assert sorted(asked) == [f"/v1/projects/net-{letter}/locations/-/clusters" for letter in "abc"]


def test_what_is_known_of_a_cluster_is_plain_data(world: World) -> None:
    """Plain for AWX, too, which keeps what ansible-inventory prints; only what might be a template is marked."""
    hostvars = world.listed("-i", world.source(), "--export")["_meta"]["hostvars"]
    for project, location, name in CLUSTERS:
        told = hostvars[f"{name}.{location}.{project}"]
        assert (told["gke_project"], told["gke_location"], told["gke_name"]) == (project, location, name)
        assert (told["multinet_project"], told["multinet_location"]) == (project, location)
        assert told["gke_labels"] == {"team": "network", "wave": name[-1], "empty": "", "odd-_": "-_1"}
        assert [pool["name"] for pool in told["gke_node_pools"]] == ["default-pool"]
        assert told["gke_description"] == {"__ansible_unsafe": TEMPLATE}
    text = json.dumps(hostvars)
    assert text.count("__ansible_unsafe") == len(CLUSTERS)
    assert "BEGIN" not in text
    assert world.lab.environment["GKELAB_TOKEN"] not in text


def test_what_others_have_written_is_not_run_as_a_template(world: World) -> None:
    source = world.source(names=["edge-7"])
    show = {"name": "Show it", "ansible.builtin.debug": {"msg": "{{ gke_description }}"}}
    play = {"name": "Show", "hosts": "all", "gather_facts": False, "connection": "local", "tasks": [show]}
    run = world.lab.play([play], inventory=source)
    assert run.rc == 0, run.stdout
    (shown,) = (each["event_data"]["res"]["msg"] for each in run.events if each["event"] == "runner_on_ok")
    assert shown == TEMPLATE


def test_one_forbidden_project_is_named_and_the_others_stay(world: World) -> None:
    world.deny("net-b")
    source = world.source()
    result = world.inventory("--list", "-i", source)
    assert result.returncode == 0
    assert set(json.loads(result.stdout)["_meta"]["hostvars"]) == {each for each in HOSTS if "net-b" not in each}
    (warning,) = squeezed(result.stderr).split("[WARNING]:")[1:]
    missing = "clusters are missing in the inventory: list the clusters of project net-b: HTTP 403 "
    assert warning.startswith(squeezed(missing))
    remedy = "roles/container.clusterViewer gives it: gcloud projects add-iam-policy-binding net-b "
    assert squeezed(remedy) in warning
    result = world.inventory("--list", "-i", world.source(on_failure="fail"))
    assert result.returncode != 0
    assert squeezed("clusters cannot be found:\n- list the clusters of project net-b: HTTP 403 ") in squeezed(
        result.stderr
    )


def test_a_project_without_the_api_is_named_with_the_command(world: World) -> None:
    world.lab.google("POST", "/lab/projects/unused/services", {"disabled": ["container.googleapis.com"]})
    result = world.inventory("--graph", "-i", world.source(projects=["unused", "net-a"], names=["edge-7"]))
    assert "edge-7.us-central1-c.net-a" in result.stdout
    remedy = "gcloud services enable container.googleapis.com --project unused"
    assert squeezed(remedy) in squeezed(result.stderr)


def test_if_nothing_can_be_listed_that_is_an_error(world: World) -> None:
    world.deny("net-a", "net-b")
    result = world.inventory("--list", "-i", world.source(projects=["net-a", "net-b"]))
    assert result.returncode != 0
    for project in ("net-a", "net-b"):
        assert squeezed(f"- list the clusters of project {project}: HTTP 403 ") in squeezed(result.stderr)


def test_only_a_whole_answer_is_cached_and_nothing_secret(world: World) -> None:
    cache = world.folder / "cache"
    cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(cache)}
    world.deny("net-b")
    assert len(world.hosts("-i", world.source(**cached))) == 14
    assert list(cache.iterdir()) == []
    world.lab.google("DELETE", "/lab/denials")
    with world.asked() as asked:
        assert world.hosts("-i", world.source(**cached)) == HOSTS
    assert len(asked) == 3
    (file,) = cache.iterdir()
    assert not re.search(r"BEGIN|LS0t|token|password|client", file.read_text(), re.IGNORECASE)
    world.deny("net-a", "net-b", "net-c")
    with world.asked() as asked:
        assert world.hosts("-i", world.source(**cached)) == HOSTS
        assert world.hosts("-i", world.source(names=["edge-7"], **cached)) == {"edge-7.us-central1-c.net-a"}
    assert asked == []
    play = world.folder / "play.yml"
    play.write_text(yaml.safe_dump([{"name": "Nothing", "hosts": "all", "tasks": []}]))
    for arguments in (["--flush-cache"], ["-e", "unused=1"]):
        with world.asked() as asked:
            world.run(
                "ansible-playbook", "--list-hosts", play, "-i", world.source(locations=["-"], **cached), *arguments
            )
        assert bool(asked) is (arguments == ["--flush-cache"])


def test_another_question_is_not_answered_out_of_the_cache(world: World) -> None:
    cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(world.folder / "c")}
    assert len(world.hosts("-i", world.source(projects=["net-b"], **cached))) == 6
    assert len(world.hosts("-i", world.source(projects=["net-c"], **cached))) == 4


def test_a_description_belongs_to_its_cluster_before_and_after_it_is_made(world: World) -> None:
    """Static hosts for what is still to be made have the names that discovery will give them."""
    folder = world.folder / "inventory"
    world.source("inventory/gke_clusters.yml", projects=["net-a"], names=["edge-7"])
    new = "new.us-central1-c.net-a"
    host_vars = folder / "host_vars"
    host_vars.mkdir()
    (folder / "hosts.yml").write_text(
        yaml.safe_dump({"all": {"hosts": {new: {"multinet_project": "net-a", "multinet_location": ZONE}}}})
    )
    (host_vars / "edge-7.us-central1-c.net-a.yml").write_text(yaml.safe_dump({"multinet_cluster": {"name": "edge-7"}}))
    (host_vars / f"{new}.yml").write_text(yaml.safe_dump({"multinet_cluster": {"name": "new", "labels": {"a": "b"}}}))
    run = world.lab.play("multinet.gke.site", inventory=folder, arguments="--check --tags cluster")
    assert run.rc == 0, run.stdout
    assert run.actions == ["create cluster new in us-central1-c"]
    assert set(run.stats["ok"]) == {new, "edge-7.us-central1-c.net-a"}


def test_a_discovered_cluster_without_a_description_is_refused_by_the_plan(world: World) -> None:
    run = world.lab.play("multinet.gke.plan", inventory=world.source(projects=["net-a"], names=["edge-7"]))
    assert run.rc != 0
    assert "edge-7.us-central1-c.net-a: multinet_cluster: is missing" in run.failure()


def test_names_of_ones_own_that_clash_are_refused(world: World) -> None:
    result = world.inventory("--list", "-i", world.source(projects=["net-a"], hostname="{{ gke_name }}"))
    assert result.returncode != 0
    told = (
        "hostname does not tell clusters apart: edge-0 (edge-0.us-central1.net-a, edge-0.us-central1-c.net-a); edge-1 ("
    )
    assert squeezed(told) in squeezed(result.stderr)


def test_options_that_cannot_be_meant_are_refused_before_anything_is_asked(world: World) -> None:
    with world.asked() as asked:
        result = world.inventory("--list", "-i", world.source(location="x", locations=["mars"], projects=["a/b"]))
    assert result.returncode != 0
    for problem in (
        "location: is no option of this plugin; did you mean locations?",
        "locations[0]: 'mars': is neither a region",
        "projects[0]: 'a/b': is not the ID of a project",
    ):
        assert squeezed(problem) in squeezed(result.stderr)
    assert asked == []


def examples() -> list[str]:
    text = (INSTALLED / "plugins" / "inventory" / "gke_clusters.py").read_text()
    (found,) = re.findall(r'^EXAMPLES = r"""(.*?)"""', text, re.DOTALL | re.MULTILINE)
    return str(found).split("\n---\n")


@pytest.mark.parametrize(
    ("number", "found", "groups"),
    [
        (0, {each for each in HOSTS if each.endswith("net-a")}, set()),
        (
            1,
            {each for each in HOSTS if not each.endswith("net-c")},
            {"region_us_central1", "channel_REGULAR", *(f"wave_{number}" for number in range(8))},
        ),
        (2, {each for each in HOSTS if not each.endswith("net-a")}, set()),
        (3, {f"{name}.{location}" for project, location, name in CLUSTERS if project == "net-a"}, set()),
        (4, {each for each in HOSTS if not each.endswith("net-c")}, set()),
        (5, {each for each in HOSTS if not each.endswith("net-c")}, set()),
    ],
)
def test_the_examples_run(world: World, number: int, found: set[str], groups: set[str]) -> None:
    path = world.folder / "gke_clusters.yml"
    path.write_text(examples()[number])
    extra = {"my_projects": ["net-b", "net-c"], "my_token": world.lab.environment["GKELAB_TOKEN"]}
    environment = {"GCP_PROJECT": "net-a", "HOME": str(world.folder)}
    listed = world.listed("-i", path, "-e", json.dumps(extra), **environment)
    assert set(listed["_meta"]["hostvars"]) == found
    assert listed.keys() - {"_meta", "all", "ungrouped"} == groups


def test_every_example_was_run(installed_artifact: pathlib.Path) -> None:
    assert len(examples()) == 6
