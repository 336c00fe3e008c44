# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Break the pure files in one place after the other, and see whether unit tests notice: mutants.py [FILE ...].

A mutant lives in a process of its own, forked from one that has imported what tests need; there the file is compiled
from the changed tree, and the tests run that execute the changed line, by what ``make coverage`` has recorded. Nothing
is written. Public tools want a package that is imported by the path it lies in, which a collection is not, or a whole
new process for each mutant (ten times as slow).
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import functools
import importlib
import itertools
import os
import pathlib
import random
import re
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import Any

import pytest
from coverage import CoverageData
from hypothesis import Phase, settings

from mutations import mutations

ROOT = pathlib.Path(__file__).resolve().parents[2]
UTILS = ROOT / "plugins" / "module_utils"
# Where values are computed and rules are decided.
MUTATED = (
    *("cni", "plan", "gke_rules.py", "gcp/nodepool/pod_ranges.py"),
    *("verify/checks", "verify/matrix.py", "kube/objects.py"),
)
IMPORTED = ("ansible_runner", "netaddr", "google.cloud.compute_v1", "google.cloud.container_v1", "kubernetes", "yaml")
LONGEST = 120  # seconds; what takes longer has become a loop without end
# A test failed; none could be imported; the alarm.
NOTICED = (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED, -signal.SIGALRM)
NO_SHRINKING = [phase for phase in Phase if phase not in (Phase.shrink, Phase.explain, Phase.reuse)]


@dataclasses.dataclass(frozen=True)
class Mutant:
    """The nth mutation of a file; without a number it is the file as it is."""

    file: pathlib.Path
    number: int | None
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}: {self.what}"

    def compiled(self, path: str) -> CodeType:
        """Return the file's code with the mutation made."""
        tree = ast.parse(self.file.read_text(encoding="utf-8"))
        if self.number is not None:
            next(itertools.islice(mutations(tree), self.number, None)).apply()
        return compile(ast.fix_missing_locations(tree), path, "exec")


def mutants(places: Iterable[str]) -> Iterator[Mutant]:
    """Yield the mutants of files and folders below module_utils."""
    for place in places:
        path = UTILS / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for number, mutation in enumerate(mutations(tree)):
                yield Mutant(file, number, mutation.line, mutation.what)


@functools.cache
def _contexts(file: pathlib.Path) -> dict[int, list[str]]:
    """Return the tests that execute a file, by line."""
    data = CoverageData(str(ROOT / ".build" / "coverage"))
    data.read()
    if str(file) not in data.measured_files():
        sys.exit(f"nothing is recorded of {file}: make coverage")
    return data.contexts_by_lineno(str(file))


def tests_of(mutant: Mutant) -> set[str]:
    """Return the tests that execute a mutant's line.

    Where an import executes it, they are all that execute its file; if the file has nothing else, as a table has not,
    all that execute others of its folder.
    """
    by_line = _contexts(mutant.file)
    found = next((by_line[line] for line in range(mutant.line, 0, -1) if by_line.get(line)), [])
    if "" in found:
        found = _tests(mutant.file) or [test for each in mutant.file.parent.glob("*.py") for test in _tests(each)]
    return {re.sub(r"(@[^@\[\]]*)?\|\w+$", "", test) for test in found if test}


def _tests(file: pathlib.Path) -> list[str]:
    """Return the tests that execute a file beside importing it."""
    return [test for tests in _contexts(file).values() for test in tests if test]


class Only:
    """Lets pytest run some tests only, and hypothesis stop at the first failure."""

    def __init__(self, tests: set[str]) -> None:
        self._tests = tests

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep what was asked for."""
        settings.register_profile("mutants", settings.default, phases=NO_SHRINKING, database=None)
        settings.load_profile("mutants")
        items[:] = [item for item in items if item.nodeid in self._tests]


def _live(mutant: Mutant) -> int:
    """Return pytest's exit code in a process whose copy of the file is the mutant."""
    original = SourceFileLoader.get_code

    def get_code(loader: SourceFileLoader, name: str) -> Any:
        is_it = loader.path.endswith(".py") and pathlib.Path(loader.path).resolve() == mutant.file
        return mutant.compiled(loader.path) if is_it else original(loader, name)

    SourceFileLoader.get_code = get_code
    tests = tests_of(mutant)
    files = sorted({test.partition("::")[0] for test in tests})
    return pytest.main(["-x", "-q", "-p", "no:cov", *files], plugins=[Only(tests)]) if files else 0


def _fork(mutant: Mutant) -> int:
    """Start a mutant; return the process."""
    process = os.fork()
    if process:
        return process
    signal.alarm(LONGEST)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    code = int(pytest.ExitCode.INTERNAL_ERROR)  # an exception that ends here is no test's
    try:
        code = int(_live(mutant))
    finally:
        os._exit(code)


def survivors(chosen: Iterable[Mutant], processes: int) -> Iterator[Mutant]:
    """Yield the mutants that no test notices."""
    alive: dict[int, Mutant] = {}
    for mutant in [*chosen, *[None] * processes]:
        if alive and (mutant is None or len(alive) == processes):
            process, status = os.wait()
            ended = alive.pop(process)
            if status and os.waitstatus_to_exitcode(status) not in NOTICED:
                raise RuntimeError(f"{ended}: the tests could not be run ({status})")
            if not status:
                yield ended
        if mutant:
            alive[_fork(mutant)] = mutant


def broken(chosen: Iterable[Mutant], processes: int) -> list[pathlib.Path]:
    """Return the files of mutants whose tests fail without a mutation: of those nothing can be said."""
    unchanged = [dataclasses.replace(mutant, number=None) for mutant in {each.file: each for each in chosen}.values()]
    sound = set(survivors(unchanged, processes))
    return [each.file for each in unchanged if each not in sound]


def main() -> int:
    """Print the survivors and how many were killed; the exit code tells whether that is less than asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", nargs="*", default=MUTATED, help="files or folders below module_utils")
    parser.add_argument("--sample", type=int, help="how many mutants, instead of all")
    parser.add_argument("--seed", default=os.environ.get("MULTINET_SEED") or str(random.randrange(10**6)))
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--least", type=float, default=0, help="the percentage that has to be killed")
    options = parser.parse_args()
    os.chdir(ROOT)
    for name in IMPORTED:
        importlib.import_module(name)
    found = list(mutants(options.place))
    size = min(options.sample or len(found), len(found))
    chosen = random.Random(options.seed).sample(found, size)
    for mutant in chosen:  # before they run: who measures coverage meanwhile, begins with an empty record
        tests_of(mutant)
    if failing := broken(chosen, options.processes):
        sys.exit(f"these fail their tests without a mutation: {' '.join(map(str, failing))}")
    begin = time.monotonic()
    left = []
    for survivor in survivors(chosen, options.processes):
        left.append(survivor)
        print(survivor, flush=True)
    ratio = 100 * (size - len(left)) / size
    print(
        f"{size} of {len(found)} mutants (--seed {options.seed} repeats them), {len(left)} survived, "
        f"{ratio:.1f} % killed, {time.monotonic() - begin:.0f} s"
    )
    return 1 if ratio < options.least else 0


if __name__ == "__main__":
    sys.exit(main())
