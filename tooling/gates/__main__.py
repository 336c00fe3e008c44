# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates on the built and installed artifact: python -m gates [NAME ...].

A name is that of a gate or of a group: "gates", which is taken if nothing is named, "ci" or "all". What a gate prints
is shown only if it fails, but for the project's own tests; each says when it has ended, and at the end all do again.
They run one after the other, but for the tests: beside them run those gates that read only, which are shown afterwards.
"""

from __future__ import annotations

import multiprocessing
import pathlib
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor

from . import artifact, libraries, suites
from .cores import CORES, OLDEST, OTHERS
from .costs import Cost, measured, row, table
from .running import INSTALLED, ROOT, Gate, Tree

GATES: dict[str, Gate] = {
    "style": suites.style,
    "verify": artifact.verify,
    "docs": artifact.docs,
    "html": artifact.html,
    "lint": artifact.lint,
    "importer": artifact.importer,
    "vulnerabilities": libraries.vulnerabilities,
    "sanity": CORES[1].sanity,
    **{f"quick-{core.name}": core.quick for core in OTHERS},
    "tests": suites.everyday,
    "mutants": suites.mutants,  # takes what the tests measured
    "modules": suites.as_modules,
    **{f"sanity-{core.name}": core.sanity for core in OTHERS},
    **{f"tests-{core.name}": core.thorough for core in (*OTHERS, OLDEST)},
    **{f"modules-{core.name}": core.as_modules for core in (*OTHERS, OLDEST)},
}
READING = ("docs", "html", "lint", "importer", "vulnerabilities", "sanity", *(f"quick-{core.name}" for core in OTHERS))
SELECTED = ["verify", *READING]  # the artifact is verified before anybody uses it: bytecode is taken for a change
ASIDE = ("style", *READING)  # what runs beside the tests
GROUPS = {
    "gates": SELECTED,
    "ci": ["style", *SELECTED, "tests"],
    "all": [name for name in GATES if not name.startswith("quick-")],
}


def main() -> int:
    """Run gates on a copy of what is installed; return how many failed.

    The copy is outside of the checkout: ansible-test asks git for the files, and git ignores .build.
    """
    names = [name for word in sys.argv[1:] or ["gates"] for name in GROUPS.get(word, [word])]
    if unknown := [name for name in names if name not in GATES]:
        sys.exit(f"no gate is called {' or '.join(unknown)}; there are {' '.join([*GATES, *GROUPS])}")
    for compiled in [*INSTALLED.rglob("__pycache__")]:  # by Python, since; it is not of the artifact
        shutil.rmtree(compiled)
    with tempfile.TemporaryDirectory(prefix="gates-") as folder:
        tree = Tree(pathlib.Path(folder), pathlib.Path(folder, "ansible_collections", "multinet", "gke"))
        shutil.copytree(INSTALLED, tree.collection)
        for name in ("MANIFEST.json", "FILES.json"):  # they are of the artifact, and no concern of the linters
            (tree.collection / name).unlink()
        shutil.copy(ROOT / "galaxy.yml", tree.collection)
        begin = time.monotonic()
        costs = run_all(names, tree)
        seconds = time.monotonic() - begin
    print("\n".join(table(costs, seconds)))
    return sum(cost.failed for cost in costs)


def run_all(names: list[str], tree: Tree) -> list[Cost]:
    """Run gates, and show what they have to say; those beside the tests in a process of their own, for their CPU."""
    aside = [name for name in names if name in ASIDE and "tests" in names]
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        beside = [pool.submit(_cost, name, tree) for name in aside]
        costs = [_shown(_cost(name, tree)) for name in names if name not in aside]
        costs += [_shown(each.result()) for each in beside]
    return sorted(costs, key=lambda cost: names.index(cost.name))


def _cost(name: str, tree: Tree) -> Cost:
    return measured(name, GATES[name], tree)


def _shown(cost: Cost) -> Cost:
    print("\n".join([*filter(None, [cost.said]), row(cost)]), flush=True)
    return cost


if __name__ == "__main__":
    sys.exit(main())
