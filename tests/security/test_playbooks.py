# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible shows, logs and leaves behind has no secret in it: playbooks of all modules against hostile servers.

The secrets are in a file of variables, so that Ansible has no reason to quote them, and in the environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ansible_runner
import pytest
import yaml

from calls import GOOGLE, KUBERNETES, WITHOUT
from canaries import Secrets, Way
from harness import INSTALLED, play_of, started_by
from hostile import Hostile, listening

PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
NEVER = "access token of the environment"  # is not even where others are by design
PATIENCE = 600  # seconds, of a machine that is busy
ECHOES = ("403", "500", "long", "redirect", "400")
# How a playbook is run, and what is written about it beside what is printed.
RUNS: dict[str, tuple[str, dict[str, str]]] = {
    "quiet": ("", {}),
    "verbose": ("-vvvv --diff", {"ANSIBLE_LOG_PATH": "LOG/ansible.log", "ANSIBLE_DISPLAY_TRACEBACK": "always"}),
    "check": ("--check --diff -v", {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}),
    "junit": ("-v", {"ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit", "JUNIT_OUTPUT_DIR": "LOG"}),
    "tree": ("", {"ANSIBLE_STDOUT_CALLBACK": "tree", "ANSIBLE_CALLBACK_TREE_DIR": "LOG"}),
    "minimal": ("-vvv", {"ANSIBLE_STDOUT_CALLBACK": "minimal"}),
    "debug": ("-vvvv", {"ANSIBLE_DEBUG": "1", "ANSIBLE_LOG_PATH": "LOG/ansible.log"}),
    "keep": ("-vvv", {"ANSIBLE_KEEP_REMOTE_FILES": "1"}),
}
DESIGN = "AnsiballZ_*.py"  # in which Ansible itself gives a module its options; those of the environment are not there


@dataclass
class Site:
    """A folder with a playbook of all modules, beside which are the secrets that it is given."""

    folder: pathlib.Path
    beside: pathlib.Path
    given: Secrets
    hostiles: list[Hostile]

    def start(self, arguments: str = "", way: str = "direct", **settings: str) -> subprocess.Popen[str]:
        """Start the playbook; all that Ansible may write is within the folder."""
        variables = ["-e", f"@{self.beside / 'given.yml'}", "-e", json.dumps({"multinet_direct": way == "direct"})]
        return subprocess.Popen(
            [str(PLAYBOOK), "-i", "localhost,", "play.yml", *variables, *arguments.split()],
            cwd=self.folder,
            env=self.environment(settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def environment(self, settings: dict[str, str]) -> dict[str, str]:
        """Return Ansible's environment; settings may name the folder "log"."""
        places = {"ANSIBLE_LOCAL_TEMP": "local", "ANSIBLE_REMOTE_TMP": "remote", "TMPDIR": "tmp", "HOME": "home"}
        key = str(self.beside / f"key-{self.hostiles[0].port}")
        return {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED.parents[2]),
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self.folder / "facts"),
            **{name: str(self.folder / place) for name, place in places.items()},
            "GCP_ACCESS_TOKEN": self.given.in_environment,
            "GCP_SERVICE_ACCOUNT_FILE": key,
            "GOOGLE_APPLICATION_CREDENTIALS": key,
            **{name: value.replace("LOG", str(self.folder / "log")) for name, value in settings.items()},
        }

    def left(self) -> Iterator[tuple[pathlib.Path, bytes]]:
        """Yield all files that are there after a run."""
        for path in self.folder.rglob("*"):
            if path.is_file():
                yield path, path.read_bytes()


@pytest.fixture
def site(secrets_given: Secrets, tmp_path: pathlib.Path) -> Iterator[Site]:
    """Each module with ways to give it a secret, and servers that fail in ways of their own."""
    folder, beside = tmp_path / "site", secrets_given.folder
    for each in (folder, *(folder / name for name in ("local", "remote", "tmp", "home", "log", "facts"))):
        each.mkdir()
    with contextlib.ExitStack() as stack:

        def servers(certificates: pathlib.Path | None) -> list[Hostile]:
            return [stack.enter_context(listening(mood, secrets_given.minted, certificates)) for mood in ECHOES]

        plain, trusted = servers(None), servers(beside)
        calls = [
            *_calls(GOOGLE, [list(secrets_given.to_google(each)) for each in plain]),
            *_calls(KUBERNETES, [list(secrets_given.to_kubernetes(each)) for each in trusted]),
            *((module, Way("nothing", {})) for module in WITHOUT),
        ]
        (beside / "given.yml").write_text(yaml.safe_dump({"given": [way.options for _module, way in calls]}))
        play = play_of(*(each for number, call in enumerate(calls) for each in _tasks(number, *call)))
        play[0]["connection"] = "local"
        (folder / "play.yml").write_text(yaml.safe_dump(play))
        yield Site(folder, beside, secrets_given, plain + trusted)


def _calls(modules: dict[str, Any], ways: list[list[Way]]) -> Iterator[tuple[str, Way]]:
    """Yield each module and each way once at least, in turn of the servers."""
    names, count = list(modules), len(ways[0])
    for number in range(max(len(names), count)):
        yield names[number % len(names)], ways[number % len(ways)][number % count]


def _tasks(number: int, module: str, given: Way) -> Iterator[dict[str, Any]]:
    """Yield a task that gets its secrets by variables, and tasks that show and keep its whole result."""
    options = {**GOOGLE, **KUBERNETES, **WITHOUT}[module]
    secret = {option: f"{{{{ given[{number}].{option} }}}}" for option in given.options}
    call = {f"multinet.gke.{module}": {**options, **secret}, "loop": [1]}
    yield {"name": f"{module} with {given}", **call, "register": "it", "ignore_errors": True}
    yield {"name": "Show it", "ansible.builtin.debug": {"var": "it"}}
    yield {"name": "Keep it", "ansible.builtin.set_fact": {f"kept_{number}": "{{ it }}", "cacheable": True}}


@pytest.mark.sample(2, "playbooks with canaries")
@pytest.mark.parametrize("how", RUNS)
@pytest.mark.parametrize("way", ["direct", "module"])
def test_what_ansible_shows_and_leaves_has_no_secret(site: Site, way: str, how: str) -> None:
    arguments, settings = RUNS[how]
    process = site.start(arguments, way, **settings)
    with watched(process.pid) as commands:
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    assert all(hostile.asked for hostile in site.hostiles), output
    assert any((site.folder / "log").iterdir()) == ("LOG" in " ".join(settings.values()))
    assert any(site.folder.rglob(DESIGN)) == (how == "keep" and way == "module")
    canaries = site.given.canaries
    assert not canaries.found(output), output
    assert not canaries.found("\n".join(commands))
    for path, data in site.left():
        found = canaries.found(data)
        by_design = how == "keep" and path.match(DESIGN)
        assert not found - (canaries.secrets.keys() - {NEVER} if by_design else set()), path


@pytest.mark.sample(2, "playbooks with canaries")
@pytest.mark.parametrize("way", ["direct", "module"])
def test_nothing_is_left_or_shown_after_ctrl_c(site: Site, way: str) -> None:
    """In the middle of it: some servers have got a secret, and some have not."""
    process = site.start("-vvvv", way)
    while not site.hostiles[2].asked and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert not site.given.canaries.found(output), output
    for path, data in site.left():
        assert not site.given.canaries.found(data) or path.match(DESIGN), path


@pytest.mark.sample(2, "playbooks with canaries")
def test_what_a_controller_keeps_has_no_secret(site: Site) -> None:
    """AWX's events and artifacts are ansible-runner's."""
    result = ansible_runner.run(
        private_data_dir=str(site.folder),
        playbook=str(site.folder / "play.yml"),
        inventory="localhost,",
        cmdline=f"-vvv --diff -e @{site.beside / 'given.yml'}",
        envvars={name: value for name, value in site.environment({}).items() if name != "GCP_ACCESS_TOKEN"},
        quiet=True,
    )
    assert result.rc == 0, result.stdout.read()
    events = list((site.folder / "artifacts").rglob("job_events/*.json"))
    assert len(events) > len(site.hostiles)
    for path, data in site.left():
        assert not site.given.canaries.found(data), path


@contextlib.contextmanager
def watched(parent: int) -> Iterator[set[str]]:
    """Collect the command lines of a process and of all that it starts, which every user of a machine can read."""
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            for process in (parent, *started_by(parent)):
                with contextlib.suppress(OSError):  # it has ended by now
                    seen.add(pathlib.Path(f"/proc/{process}/cmdline").read_text(errors="replace"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
    assert seen
