# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates on each ansible-core that is supported: ansible-test's sanity, and tests of what depends on Ansible.

The environment of another core is locked in tooling/cores and made when a gate needs it.
"""

from __future__ import annotations

import fcntl
import os
import pathlib
import subprocess
import sys
from dataclasses import dataclass

from prepare import cache

from .running import BUILD, ROOT, GateFailed, GateSkipped, Outcome, Tree, run
from .suites import counted

# ansible-test makes environments without pip and fetches an installer for it; Python brings one itself.
GET_PIP = """\
import subprocess, sys
subprocess.check_call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
pins = [word for word in sys.argv[1:] if word.startswith("pip==")]
subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins])
"""
ON_ANSIBLE = ("tests/unit/plugin_utils", "tests/unit/filter", "tests/unit/inventory")
END_TO_END = tuple(f"tests/e2e/test_{name}.py" for name in ("plan", "direct", "inventory", "filters", "fleet", "nad"))
SITE = ("tests/e2e/test_site.py",)
OF_TOOLS = tuple(f"--ignore=tests/unit/{name}" for name in ("bench", "gates", "meta", "release"))


@dataclass(frozen=True)
class Core:
    """A version of ansible-core, and what its gates need."""

    name: str  # of its lock in tooling/cores
    pythons: tuple[str, ...] = ()  # that it runs on, the one to take first; none: this Python has it
    pip: str = ""  # that its ansible-test wants

    def python(self) -> pathlib.Path:
        """Return the Python of its environment, which is made if it is not there."""
        if not self.pythons:
            return pathlib.Path(sys.executable)
        link = BUILD / "cores" / self.name
        run(ROOT, _interpreter(self.pythons), "tooling/prepare.py", link, f"tooling/cores/{self.name}.txt")
        return link / "bin" / "python"

    def sanity(self, tree: Tree) -> None:
        """ansible-test sanity, without an ignore file."""
        home = cache() / "ansible-test"
        installers = home / ".ansible" / "test" / "cache"
        installers.mkdir(parents=True, exist_ok=True)
        python = self.python()
        version = run(ROOT, python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").strip()
        command = ("ansible-test", "sanity", "--local", "--python", version, "--color", "no")
        with (home / "lock").open("w") as lock:  # ansible-test's environments are no good to two runs at once
            fcntl.flock(lock, fcntl.LOCK_EX)
            (installers / f"get_pip_{self.pip}.py").write_text(GET_PIP)
            text = run(tree.collection, *command, HOME=str(home), PATH=_path(python))
        if 'Running sanity test "validate-modules"' not in text:
            raise GateFailed(f"ansible-test found nothing to test:\n{text}")

    def tests(self, *tests: str, **environment: str) -> Outcome:
        """Run tests with this core's Ansible and its libraries; the lab is that of the project's environment."""
        python = self.python()
        around = {"MULTINET_LAB_PYTHON": sys.executable, "PATH": _path(python), "MULTINET_TEST_ALL": "", **environment}
        around["PYTHONWARNINGS"] = "ignore::FutureWarning"  # Google's libraries foretell the end of old Pythons
        command = (python, "-m", "pytest", "-q", *tests)
        return counted(lambda outcome: run(ROOT, *command, MULTINET_OUTCOME=outcome, **around))

    def quick(self, tree: Tree) -> Outcome:
        """Unit tests of what depends on Ansible."""
        return self.tests(*ON_ANSIBLE)

    def thorough(self, tree: Tree) -> Outcome:
        """All unit tests of plugins, and end-to-end tests of a site, an inventory and both ways to run modules."""
        return self.tests("tests/unit", *OF_TOOLS, *END_TO_END, *SITE)

    def as_modules(self, tree: Tree) -> Outcome:
        """The site again, with ordinary modules."""
        return self.tests(*SITE, MULTINET_TEST_WAY="module")


def _path(python: pathlib.Path) -> str:
    """Return a PATH on which Ansible's commands are those of this Python."""
    return os.pathsep.join([str(python.parent), os.environ["PATH"]])


def _interpreter(versions: tuple[str, ...]) -> str:
    """Return the first of some versions of Python that is on this machine, be it one of pyenv's."""
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv")
    path = os.pathsep.join([*map(str, pyenv.glob("versions/*/bin")), os.environ["PATH"]])
    for version in versions:
        command = ["uv", "python", "find", "--system", "--no-python-downloads", version]
        found = subprocess.run(
            command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
        ).stdout.strip()
        if found:
            return found
    raise GateSkipped(f"no Python {' or '.join(versions)} is here")


OLDEST = Core("oldest", ("3.11", "3.12"))
CORES = (
    Core("2.16", ("3.11", "3.12"), pip="23_1_2"),
    Core("2.19", pip="24_2"),
    Core("2.21", ("3.13", "3.12", "3.14"), pip="25_2"),
)
OTHERS = tuple(core for core in CORES if core.pythons)
