# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Direct execution: the same results as those of ordinary modules, in Ansible's own worker, with progress."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import pathlib
import pty
import re
import secrets
import signal
import socket
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from cloud import Cloud
from harness import INSTALLED, Lab, play_of, started_by, writing

PLAYBOOK = str(pathlib.Path(sys.executable).with_name("ansible-playbook"))
LOCATION = "us-central1-c"
CREATE = f"create cluster edge in {LOCATION}"  # as the module names it
TOKEN = "a-secret-token"
NOBODY = "https://127.0.0.1:1"  # where no API server answers

SUBNETWORK = {"name": "s", "region": "us-central1", "ip_cidr_range": "10.0.0.0/24"}
NETWORK: dict[str, Any] = {"name": "both", "subnetworks": [SUBNETWORK]}
CLUSTER: dict[str, Any] = {"name": "both", "location": LOCATION}
DESCRIBED: dict[str, Any] = {"host": "edge", "project": "p", "location": LOCATION, "cluster": {"name": "edge"}}
KUBERNETES: dict[str, Any] = {"host": NOBODY, "api_key": TOKEN, "validate_certs": False}

# Module, options, check mode: what is done with both in turn, in this order.
CALLS: list[tuple[str, dict[str, Any], bool]] = [
    ("gke_multinet_vpc", NETWORK, True),
    ("gke_multinet_vpc_info", {"name": "none"}, False),
    ("gke_multinet_vpc", {**NETWORK, "subnetworks": [{"name": "s", "ip_cidr_range": "10.0.0.0/33"}]}, False),
    ("gke_multinet_cluster", CLUSTER, True),
    ("gke_multinet_cluster", {**CLUSTER, "name": "Not_A_Name"}, False),
    ("gke_multinet_cluster", {**CLUSTER, "state": "absent"}, False),
    ("gke_multinet_cluster_info", {"location": "-"}, False),
    ("gke_multinet_nodepool", {"name": "p", "cluster": "none", "location": LOCATION}, False),
    ("gke_multinet_nodepool_info", {"cluster": "none", "location": LOCATION}, False),
    ("gke_multinet_vpc", {"name": "n", "auth_kind": "serviceaccount", "service_account_contents": "{}"}, False),
    ("gke_multinet_vpc", {"name": "n", "state": "none"}, False),
    ("gke_multinet_vpc", {"name": "n", "nmae": "n"}, False),
    ("multinet_plan", {"clusters": [DESCRIBED]}, False),
    ("multinet_plan", {"clusters": [{**DESCRIBED, "networks": [{"vpc": "Bad Name"}]}]}, True),
    ("multinet_pod", {"name": "p", "image": "i", **KUBERNETES}, True),
    ("multinet_verify", {**KUBERNETES, "wait_timeout": 1}, False),
    ("multus_install", {**KUBERNETES, "wait_timeout": 1}, True),
    ("nad", {"name": "n", "range": "10.0.0.0/24", **KUBERNETES, "ssl_ca_cert": "/none"}, False),
    ("nad", {"name": "n", "range": "10.0.0.0/33", **KUBERNETES}, False),
    ("nad", {"name": "n", "range": "10.0.0.0/24", "kubeconfig": "/none"}, False),
    ("nad", {"name": TOKEN, "config": "{", **KUBERNETES}, False),
    ("nad_info", {"host": "no-address", "api_key": TOKEN}, False),
    ("whereabouts_pool", {"range": "10.0.0.0/24", "host": "no-address", "api_key": TOKEN}, False),
    ("whereabouts_pool_info", {"range": "10.0.0.0/24", "kubeconfig": "/none"}, False),
]


@pytest.mark.parametrize(("module", "options", "check"), CALLS)
def test_both_ways_give_the_same(cloud: Cloud, module: str, options: dict[str, Any], check: bool) -> None:
    project = {} if module == "multinet_plan" else {"project": cloud.project}
    direct, ordinary = (
        cloud.modules.run(module, {**project, **options}, cloud.lab.environment, check=check, way=way)
        for way in ("direct", "module")
    )
    if "failed" in ordinary:
        ordinary.pop("exception", None)
    assert TOKEN not in json.dumps(direct)
    assert direct == ordinary


def test_a_life_is_the_same_both_ways(cloud: Cloud) -> None:
    lives = [
        [
            cloud.modules.run(
                "gke_multinet_vpc",
                {"project": cloud.project, **NETWORK, "state": state},
                cloud.lab.environment,
                check=False,
                way=way,
            )
            for state in ("present", "present", "absent", "absent")
        ]
        for way in ("direct", "module")
    ]
    for life in lives:
        assert [result["changed"] for result in life] == [True, False, True, False], life
        for result in life:
            for operation in result.get("operations", ()):
                operation["name"], operation["duration_s"] = "", 0
    assert lives[0] == lives[1]


class Ansible:
    """ansible-playbook in a folder of its own: with its own temporary folders, so that what is left there is seen."""

    def __init__(self, folder: pathlib.Path, lab: Lab) -> None:
        self.folder, self.lab = folder, lab
        self.started: list[subprocess.Popen[str]] = []
        self.temporary = folder / "tmp"
        self.local = folder / "local"
        for each in (self.temporary, self.local):
            each.mkdir()

    @property
    def left(self) -> list[pathlib.Path]:
        """Return what lies in the temporary folders."""
        return [path for place in (self.temporary, self.local) for path in place.rglob("*")]

    def start(
        self, play: list[dict[str, Any]], *arguments: str, hosts: dict[str, Any] | None = None, **options: Any
    ) -> subprocess.Popen[str]:
        """Start it; the options are subprocess.Popen's."""
        (self.folder / "play.yml").write_text(yaml.safe_dump(play))
        (self.folder / "hosts.yml").write_text(
            yaml.safe_dump({"all": {"hosts": hosts or {"localhost": {"ansible_connection": "local"}}}})
        )
        environment = {
            **self.lab.whole_environment,
            "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED.parents[2]),
            "ANSIBLE_LOCAL_TEMP": str(self.local),
            "ANSIBLE_REMOTE_TEMP": str(self.local),
            "ANSIBLE_NOCOLOR": "true",
            "TMPDIR": str(self.temporary),
            "TERM": "xterm",
            **options.pop("environment", {}),
        }
        command = [PLAYBOOK, "-i", "hosts.yml", "play.yml", *arguments]
        process = subprocess.Popen(command, cwd=self.folder, env=environment, text=True, **options)
        self.started.append(process)
        return process

    def end(self) -> None:
        """Let nothing run on that a failed test has left."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()

    def run(self, play: list[dict[str, Any]], *arguments: str, fails: bool = False, **options: Any) -> str:
        """Run it to its end; return what it printed."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with writing(allowed="--check" not in arguments):
            process = self.start(play, *arguments, **pipes, **options)
            output, _ = process.communicate(timeout=300)
        assert (process.returncode != 0) == fails, output
        return output


@pytest.fixture
def ansible(tmp_path: pathlib.Path, shared_lab: Lab) -> Iterator[Ansible]:
    """Runs playbooks against a lab whose operations take no time."""
    runs = Ansible(tmp_path, shared_lab)
    yield runs
    runs.end()


def task(module: str, options: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    return {"name": module, f"multinet.gke.{module}": options, **keywords}


PLAN = {"clusters": [DESCRIBED]}


def test_each_obstacle_leads_to_the_ordinary_module(ansible: Ansible) -> None:
    python = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    link = ansible.folder / "other-python"
    link.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    link.chmod(0o755)
    play = play_of(
        task("multinet_plan", PLAN),
        task("multinet_plan", PLAN, vars={"multinet_direct": False}),
        task("multinet_plan", PLAN, environment={"A": "b"}),
        task("multinet_plan", PLAN, vars={"ansible_python_interpreter": str(link)}),
        task("multinet_plan", PLAN, **{"async": 60, "poll": 1}),
        task("multinet_plan", PLAN, delegate_to="elsewhere"),
        task("multinet_plan", PLAN, become=True, ignore_errors=True),
        task("multinet_plan", PLAN, vars={"ansible_connection": "ssh"}, ignore_unreachable=True),
    )
    hosts = {"localhost": {"ansible_connection": "local"}, "elsewhere": {"ansible_connection": "local", **python}}
    output = ansible.run(play, "-vvv", hosts=hosts)
    assert re.findall(r"<localhost> multinet.gke.multinet_plan runs (.*)", output) == [
        "in this process",
        "as an ordinary module: multinet_direct is false",
        "as an ordinary module: environment is set",
        f"as an ordinary module: the interpreter is {link}",
        "as an ordinary module: async is set",
        "in this process",
        "as an ordinary module: become is set",
        "as an ordinary module: the connection is ssh",
    ]
    assert output.count("Using module file") >= 5


def test_what_surrounds_a_task_is_as_with_all_modules(ansible: Ansible) -> None:
    """Defaults of the group, aliases, loops, register, retries, timeout, and secrets in none of it."""
    options = {"name": f"n-{TOKEN}", "range": "10.0.0.0/33", "host": NOBODY}
    play = play_of(
        task("nad", options, register="one", ignore_errors=True),
        task("nad", {**options, "name": "{{ item }}"}, loop=["a", "b"], register="many", ignore_errors=True),
        task("nad_info", {"host": NOBODY}, timeout=2, register="late", ignore_errors=True),
        {"name": "Seen", "ansible.builtin.copy": {"content": "{{ [one, many, late] | to_json }}", "dest": "seen.json"}},
    )
    play[0]["module_defaults"] = {
        "group/multinet.gke.all": {"api_key": TOKEN, "validate_certs": False},
        "multinet.gke.nad": {"mtu": 1400},
    }
    output = ansible.run(play, "-vvv")
    seen = (ansible.folder / "seen.json").read_text()
    assert output.count("runs in this process") == 4
    assert TOKEN not in output.replace(f"n-{TOKEN}", "")
    one, many, late = json.loads(seen)
    assert one["failed"]
    assert "10.0.0.0/33" in one["msg"]
    assert [result["item"] for result in many["results"]] == ["a", "b"]
    assert "failed" in late
    assert ansible.left == []


def test_results_are_plain_data_that_is_not_templated_again(ansible: Ansible) -> None:
    strange = {**DESCRIBED, "host": "{{ 1 + 1 }}"}
    play = play_of(
        task("multinet_plan", {"clusters": [{**DESCRIBED, "host": "{% raw %}{{ 1 + 1 }}{% endraw %}"}]}, register="it"),
        {"name": "Seen", "ansible.builtin.copy": {"content": "{{ it | to_json }}", "dest": "seen.json"}},
    )
    ansible.run(play)
    assert strange["host"] in (ansible.folder / "seen.json").read_text()


def certificate() -> tuple[str, str]:
    """Return a key and a certificate for it (PEM)."""
    command = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=test -keyout - -out -"
    text = subprocess.run(command.split(), check=True, capture_output=True, text=True).stdout
    key, begin, rest = text.partition("-----BEGIN CERTIFICATE-----")
    return key, begin + rest


def kubeconfig(path: pathlib.Path, server: str = NOBODY) -> None:
    """Write a kubeconfig that holds a client certificate and its key."""
    key, cert = certificate()
    data = {name: base64.b64encode(text.encode()).decode() for name, text in (("key", key), ("cert", cert))}
    user = {"client-certificate-data": data["cert"], "client-key-data": data["key"]}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, "insecure-skip-tls-verify": True}}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(yaml.safe_dump(config))


def test_no_key_of_a_kubeconfig_stays_on_the_disk(ansible: Ansible) -> None:
    """Not after failures, and not if the worker is killed; the items of a loop use the same files."""
    kubeconfig(ansible.folder / "config")
    play = play_of(task("nad_info", {"kubeconfig": "config"}, loop=[1, 2], ignore_errors=True))
    output = ansible.run(play)
    assert re.findall(r"failed: .* \(item=(\d)\) .*cannot be reached", output) == ["1", "2"], output
    assert ansible.left == []
    with socket.create_server(("127.0.0.1", 0)) as mute:
        kubeconfig(ansible.folder / "config", f"https://127.0.0.1:{mute.getsockname()[1]}")
        process = ansible.start(play, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        mute.settimeout(120)
        mute.accept()
        keys = [path for path in ansible.left if path.is_file() and "PRIVATE KEY" in path.read_text()]
        assert {path.parent.stat().st_mode & 0o777 for path in keys} == {0o700}
        for worker in started_by(process.pid):
            os.kill(worker, signal.SIGKILL)
        process.communicate(timeout=300)
    assert ansible.left == []


def test_relative_paths_begin_at_the_playbook(ansible: Ansible) -> None:
    below = ansible.folder / "below"
    below.mkdir()
    kubeconfig(below / "config")
    (below / "play.yml").write_text(yaml.safe_dump(play_of(task("nad_info", {"kubeconfig": "config"}))))
    play = [{"name": "There", "ansible.builtin.import_playbook": "below/play.yml"}]
    for way in ("true", "false"):
        assert "cannot be reached" in ansible.run(play, "-e", f"{{multinet_direct: {way}}}", fails=True)
    (below / "config").replace(ansible.folder / "config")
    for way in ("true", "false"):
        assert "No configuration found" in ansible.run(play, "-e", f"{{multinet_direct: {way}}}", fails=True)


def cluster(project: str, name: str = "edge") -> dict[str, Any]:
    return task("gke_multinet_cluster", {"project": project, "name": name, "location": LOCATION})


@pytest.fixture
def watched(tmp_path: pathlib.Path, slow_lab: Lab) -> Iterator[Ansible]:
    """Runs playbooks whose clusters take some seconds."""
    runs = Ansible(tmp_path, slow_lab)
    yield runs
    runs.end()


def project() -> str:
    return f"test-{secrets.token_hex(4)}"


def in_a_terminal(ansible: Ansible, play: list[dict[str, Any]], **options: Any) -> str:
    """Run it in a terminal; return what it wrote there."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    process = ansible.start(play, stdin=terminal, stdout=terminal, stderr=terminal, **options)
    os.close(terminal)
    text = b""
    try:
        while data := os.read(controller, 4096):
            text += data
    except OSError:  # the end of a terminal
        pass
    os.close(controller)
    assert process.wait(60) == 0, text.decode()
    return text.decode()


def rendered(text: str) -> list[str]:
    """Return the lines of a terminal after a text."""
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        seen = ""
        for part in re.split(r"(?=\r)", line):
            body = part.removeprefix("\r").partition("\x1b[K")
            seen = body[0] + body[2] if body[1] else body[0] + seen[len(body[0]) :]
        lines.append(seen)
    return lines


def test_one_host_in_a_terminal_is_shown_in_place(watched: Ansible) -> None:
    text = in_a_terminal(watched, play_of(cluster(project())))
    states = re.findall(rf"\rlocalhost \| {CREATE}: ([a-z ]+) \((\d+) %\), (\d+) s\x1b\[K", text)
    assert len({phase for phase, _, _ in states}) > 1, text
    assert len({percent for _, percent, _ in states}) > 2
    lines = rendered(text)
    assert "changed: [localhost]" in lines
    assert not [line for line in lines if "create cluster" in line]


def test_elsewhere_a_line_is_shown_for_each_change(watched: Ansible) -> None:
    output = watched.run(play_of(cluster(project())))
    lines = [line for line in output.splitlines() if line.startswith(f"localhost | {CREATE}")]
    phases = [line.split(": ")[1].split(" (")[0] for line in lines[1:]]
    assert lines[0] == f"localhost | {CREATE}"
    assert 1 < len(phases) == len(set(phases)), output
    assert "\x1b" not in output


def test_two_hosts_do_not_write_over_each_other(watched: Ansible) -> None:
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    hosts = {name: {**local, "where": project()} for name in ("edge", "shop")}
    play = play_of(cluster("{{ where }}", "{{ inventory_hostname }}"))
    play[0]["hosts"] = "all"
    text = in_a_terminal(watched, play, hosts=hosts)
    lines = text.replace("\r\n", "\n").split("\n")
    shown = [line for line in lines if "create cluster" in line]
    for host in hosts:
        mine = [line for line in shown if f"create cluster {host}" in line]
        assert len(mine) > 1
        assert all(line.startswith(f"{host} | create cluster {host}") for line in mine), text
    assert not re.search("\r[^\n]", text)


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["-e", "multinet_progress=false"], {}),
        (["--check"], {}),
        (["-e", "multinet_direct=false"], {}),
        ([], {"ANSIBLE_STDOUT_CALLBACK": "tree"}),
    ],
    ids=str,
)
def test_progress_is_not_shown(ansible: Ansible, arguments: list[str], environment: dict[str, str]) -> None:
    output = ansible.run(play_of(cluster(project())), *arguments, environment=environment)
    assert " | " not in output


def test_awx_gets_lines_and_whole_events(slow_lab: Lab) -> None:
    run = slow_lab.play(play_of(cluster(project())), variables={"multinet_direct": True})
    lines = [line for event in run.events for line in event["stdout"].splitlines() if "create cluster edge" in line]
    assert len(lines) > 1
    assert all(line.startswith("localhost | create cluster edge") for line in lines)
    assert [result["changed"] for result in run.results()] == [True]


def test_after_ctrl_c_the_next_run_goes_on(watched: Ansible) -> None:
    play = play_of(cluster(project()))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "start_new_session": True}
    process = watched.start(play, **pipes, environment={"PYTHONUNBUFFERED": "1"})
    assert process.stdout
    for line in process.stdout:
        if f"{CREATE}: " in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert watched.left == []
    assert "failed=0" in watched.run(play)
    assert "changed=0" in watched.run(play)


def test_many_hosts_at_once(ansible: Ansible) -> None:
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    hosts = {f"edge-{number}": {**local, "where": project()} for number in range(20)}
    play = play_of(cluster("{{ where }}", "{{ inventory_hostname }}"))
    play[0]["hosts"] = "all"
    for changed in (1, 0):
        output = ansible.run(play, "--forks", "10", hosts=hosts)
        assert output.count(f"changed={changed}  ") == len(hosts), output
    assert ansible.left == []
