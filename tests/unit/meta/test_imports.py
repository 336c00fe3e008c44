# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may know whom: in the collection, in the lab, and of both in the tests (docs/architecture.md)."""

from __future__ import annotations

import ast
import itertools
import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PLUGINS = ROOT / "plugins"
LAB = ROOT / "lab" / "gkelab"
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))

# What a layer of module_utils may import, besides itself: arrows point one way.
GROUND = {"answers", "errors", "libraries", "waiting", "reconcile", "secrecy"}
MAY_IMPORT = {
    "answers": {"errors"},
    "errors": set(),
    "libraries": {"errors", "light"},
    "light": {"lazy_messages"},
    "lazy_messages": set(),
    "waiting": {"errors"},
    "reconcile": {"errors", "waiting"},
    "secrecy": {"errors"},
    "options": set(),
    "gke_options": {"options"},
    "module": {"errors", "libraries", "reconcile", "secrecy", "waiting"},
    "cni": {"errors"},
    "gke_rules": {"errors", "cni"},
    "plan": {
        *("errors", "options", "cni", "gke_rules", "gke_options"),
        # What is known without asking; no more of gcp, since a plan asks nobody.
        *("gcp.references", "gcp.nodes"),
        *("gcp.vpc.vpc_options", "gcp.cluster.cluster_options", "gcp.nodepool.pool_options"),
    },
    "gcp": GROUND | {"cni", "gke_rules"},
    "kube": GROUND | {"cni"},
    "verify": GROUND | {"cni", "gke_rules", "kube"},
    # Of verify it knows how findings are written down; it asks nobody.
    "report": {"errors", "reconcile", "cni", "verify.result", "verify.junit"},
    "access": GROUND | {"gcp"},
    "cluster_access": GROUND | {"access", "gcp", "kube"},
}
# What a room of a layer may know of the other rooms of it, besides what lies in the layer's own folder.
MAY_ENTER = {
    "cni.multus": set(),
    "gcp.vpc": set(),
    "gcp.nodepool": {"gcp.vpc"},
    "gcp.cluster": {"gcp.nodepool", "gcp.vpc"},
    "kube.multus": set(),
    "kube.pools": set(),
    "verify.checks": set(),
    "verify": {"verify.checks"},
}
# The same of the plugins' folders; what is not named here is in none of them.
UTILS = "module_utils"
PLUGINS_MAY_IMPORT = {
    "action": {"modules", "plugin_utils.direct", f"{UTILS}.libraries"},
    "plugin_utils": {
        "plugin_utils",
        *(f"{UTILS}.{name}" for name in ("errors", "libraries", "module", "secrecy", "waiting")),
    },
    "filter": {f"{UTILS}.{name}" for name in ("cni", "errors", "gke_rules")},
    "inventory": {f"{UTILS}.{name}" for name in ("errors", "gcp", "secrecy")},
    "doc_fragments": set(),
    "modules": {
        f"{UTILS}.{name}"
        for name in (
            *(
                "access",
                "cluster_access",
                "cni",
                "gcp",
                "gke_options",
                "kube",
                "module",
                "options",
                "plan",
                "reconcile",
                "report",
            ),
            *("verify", "waiting"),
        )
    },
}
# Client libraries are imported late, by libraries.py; these are there wherever Ansible imports the file.
AT_HAND = {
    "module_utils": {"ansible.module_utils"},
    "modules": {"ansible.module_utils"},
    "plugin_utils": {"ansible"},
    "filter": {"ansible", "jinja2"},
    "inventory": {"ansible"},
}
RANGES = "module_utils/cni/ranges.py"  # says itself what is missing if netaddr is

# What a part of the lab may import, besides itself.
LAB_MAY_IMPORT = {
    "cloud": {"engine", "files"},
    "fabric": {"engine"},
    "supplies": {"locks", "processes", "uml"},
    "machines": {"engine", "fabric", "files", "locks", "processes", "state", "supplies", "uml", "waiting"},
}
JOINS_THEM = "cloud/__main__.py"  # the process of the Google APIs, which is given an engine


def imports(path: pathlib.Path) -> set[str]:
    """Return what a file imports, relative imports resolved to dotted names below plugins."""
    found = set()
    package = ("plugins", *path.relative_to(PLUGINS).parts[:-1]) if PLUGINS in path.parents else ()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, node.module)) if node.module else ".".join(base)
            found |= {f"{module}.{name.name}" for name in node.names}
    return {name.removeprefix("ansible_collections.multinet.gke.") for name in found}


def _within(name: str, allowed: set[str]) -> bool:
    return any(f"{name}.".startswith(f"{part}.") for part in allowed)


def test_arrows_point_one_way() -> None:
    wrong = set()
    for path in (PLUGINS / UTILS).rglob("*.py"):
        layer = path.relative_to(PLUGINS / UTILS).parts[0].removesuffix(".py")
        for name in imports(path):
            known = name.removeprefix(f"plugins.{UTILS}.")
            if known not in (name, layer) and not _within(known, MAY_IMPORT[layer] | {layer}):
                wrong.add(f"{layer} must not know {known}")
    assert wrong == set()


def _room(name: str) -> str:
    """Return the folder of module_utils that an imported name is in, "gcp.vpc" of "gcp.vpc.ingress.IngressRule"."""
    parts = name.split(".")
    return ".".join(parts[:2]) if (PLUGINS / UTILS).joinpath(*parts[:2]).is_dir() else parts[0]


def test_rooms_of_a_layer_know_those_below_them() -> None:
    wrong = set()
    for path in (PLUGINS / UTILS).glob("*/**/*.py"):
        here = ".".join(path.relative_to(PLUGINS / UTILS).parts[:-1])
        layer = here.split(".")[0]
        known = {name.removeprefix(f"plugins.{UTILS}.") for name in imports(path)}
        entered = {_room(name) for name in known if name.startswith(f"{layer}.")}
        wrong |= {f"{here} must not know {room}" for room in entered - {here, layer} - MAY_ENTER.get(here, set())}
    assert wrong == set()


def _layer(parts: tuple[str, ...]) -> str:
    return parts[1].removesuffix(".py") if parts[0] == "module_utils" else parts[0]


def _known() -> dict[str, set[str]]:
    """Return which layer knows which others, as the imports have it."""
    known: dict[str, set[str]] = {}
    for path in PLUGINS.rglob("*.py"):
        here = known.setdefault(_layer(path.relative_to(PLUGINS).parts), set())
        here |= {_layer(tuple(name.split(".")[1:])) for name in imports(path) if name.startswith("plugins.")}
        if "    MODULE = " in path.read_text():  # an action, which names its module and lets direct.py import it
            here.add("modules")
    return {here: others - {here} for here, others in known.items()}


def _drawn(document: str) -> dict[str, set[str]]:
    """Return the arrows of a Mermaid flowchart: A & B --> C --> D."""
    arrows: dict[str, set[str]] = {}
    (picture,) = re.findall(r"```mermaid\nflowchart TD\n(.*?)```", document, re.DOTALL)
    for line in picture.splitlines():
        steps = [{name.strip() for name in step.split("&")} for step in line.split("-->")]
        for sources, targets in itertools.pairwise(steps):
            for source in sources:
                arrows.setdefault(source, set()).update(targets)
    return arrows


def _reached(arrows: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = arrows.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def test_the_picture_of_the_layers_is_that_of_the_imports() -> None:
    drawn, known = _drawn((ROOT / "docs" / "architecture.md").read_text()), _known()
    drawn = {here: arrows for here, arrows in drawn.items() if here not in ("playbooks", "roles")}
    missing = {(here, other) for here, others in known.items() for other in others - _reached(drawn, here)}
    invented = {(here, other) for here, others in drawn.items() for other in others - known.get(here, set())}
    assert missing == set(), "imported, but not drawn"
    assert invented == set(), "drawn, but not imported"


def test_the_architecture_names_every_layer() -> None:
    layers = {path.name for path in (PLUGINS / "module_utils").iterdir() if not path.name.startswith("__")}
    assert {name.removesuffix(".py") for name in layers} == set(MAY_IMPORT)
    text = (ROOT / "docs" / "architecture.md").read_text()
    assert {name for name in layers if not re.search(rf"[`/]{re.escape(name)}[`/]", text)} == set()


def test_plugins_know_what_they_stand_on() -> None:
    wrong = set()
    for folder, allowed in PLUGINS_MAY_IMPORT.items():
        names = {name for path in (PLUGINS / folder).rglob("*.py") for name in imports(path)}
        ours = {name.removeprefix("plugins.") for name in names if name.startswith("plugins.")}
        wrong |= {f"{folder} must not know {name}" for name in ours if not _within(name, allowed)}
    assert wrong == set()
    assert {path.name for path in PLUGINS.iterdir()} - {"__init__.py"} == {*PLUGINS_MAY_IMPORT, UTILS}


def test_no_client_library_is_imported_with_a_file() -> None:
    wrong = set()
    for path in PLUGINS.rglob("*.py"):
        at_hand = {*sys.stdlib_module_names, "plugins", *AT_HAND.get(path.relative_to(PLUGINS).parts[0], ())}
        wrong |= {(str(path.relative_to(PLUGINS)), name) for name in imports(path) if not _within(name, at_hand)}
    assert {(path, name.partition(".")[0]) for path, name in wrong} == {(RANGES, "netaddr")}


def test_only_who_talks_to_google_has_its_clients() -> None:
    """A service's client is got of ``gcp.clients.Google``; Compute's is loaded for whoever gets one, and takes long."""
    for path in PLUGINS.rglob("*.py"):
        text = path.read_text()
        if "gcp" not in path.parts:
            assert not re.search(r"google\.compute\(|google\.container\b|google\.session\b", text), path
        if path.name not in ("clients.py", "libraries.py"):
            assert not re.search(r'library\("google\.cloud\.compute_v1', text) or "gcp" in path.parts, path


def test_the_parts_of_the_lab_know_what_they_need() -> None:
    wrong = set()
    for part, allowed in LAB_MAY_IMPORT.items():
        for path in {*(LAB / part).rglob("*.py")} - {LAB / JOINS_THEM}:
            known = {name.removeprefix("gkelab.") for name in lab_imports(path)}
            wrong |= {f"{part} must not know {name}" for name in known if not _within(name, allowed | {part})}
    assert wrong == set()


def lab_imports(path: pathlib.Path) -> set[str]:
    """Return what a file imports of the lab, absolutely named."""
    found = set()
    package = ("gkelab", *path.relative_to(LAB).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            found |= {f"{module}.{name.name}" for name in node.names}
    return {name for name in found if name.startswith("gkelab.")}


def test_the_lab_does_not_know_the_collection() -> None:
    foreign = re.compile(r"^\s*(from|import) (ansible|plugins)", re.MULTILINE)
    assert [path for path in LAB.rglob("*.py") if foreign.search(path.read_text())] == []


def test_the_collection_does_not_know_the_lab() -> None:
    assert [path for path in PLUGINS.rglob("*.py") if "gkelab" in path.read_text()] == []


@pytest.mark.parametrize("folder", ["e2e", "interop", "faults", "awx"])
def test_what_is_tested_from_outside_is_what_was_installed(folder: str) -> None:
    """No test of the artifact imports the sources, or puts them where Python or Ansible would find them."""
    for path in (ROOT / "tests" / folder).rglob("*.py"):
        text = path.read_text()
        assert not re.search(r"^\s*(from|import) (ansible_collections|plugins|gkelab)", text, re.MULTILINE), path
        paths = re.findall(r'"ANSIBLE_COLLECTIONS_PATH": (.+)', text)
        assert all(re.search(r"INSTALLED|requirements_collections|collections\(\)", each) for each in paths), path
        assert ".build/tree" not in text, path


def file_of(name: str) -> str:
    """Return the file of module_utils that an imported name is in, "gcp.vpc"."""
    parts = name.removeprefix("plugins.module_utils.").split(".")
    for length in range(len(parts), 0, -1):
        if (PLUGINS / UTILS / "/".join(parts[:length])).with_suffix(".py").is_file():
            return ".".join(parts[:length])
    return ""


def used(folder: pathlib.Path) -> set[str]:
    """Return the files of module_utils that are imported in a folder."""
    names = {name for path in folder.rglob("*.py") for name in imports(path)}
    return {file_of(name) for name in names if name.startswith("plugins.module_utils.")}


def test_what_a_module_calls_is_tested_without_an_api() -> None:
    """Each file that does the work of a module is imported by a unit test."""
    assert used(PLUGINS / "modules") - used(ROOT / "tests" / "unit") == set()


def _carried_by(path: pathlib.Path) -> set[str]:
    """Return all of module_utils that a file imports, and what that imports; "gcp.operations"."""
    found: set[pathlib.Path] = set()
    todo = [path]
    while todo:
        for name in imports(todo.pop()):
            inside = PLUGINS.joinpath(*name.split(".")[1:])
            # "access.google" is a name in access.py, "gcp.ingress" a file.
            for file in {inside.with_suffix(".py"), inside.parent.with_suffix(".py")} - found:
                if file.exists():
                    found.add(file)
                    todo.append(file)
    names = {".".join(file.relative_to(PLUGINS).with_suffix("").parts) for file in found}
    return {name.removeprefix("module_utils.") for name in names}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_carries_no_client_that_it_does_not_use(module: str) -> None:
    """All that a module imports is compiled anew in each task: 18 ms of CPU for 1,000 lines."""
    clients = {"gcp.clients", "gcp.operations", "kube.client"} & _carried_by(PLUGINS / "modules" / f"{module}.py")
    if module in ("multinet_plan", "multinet_report"):
        assert clients == set()
    elif module.startswith("gke_"):
        assert "kube.client" not in clients
    elif module != "multinet_verify":  # it looks for rules of the firewall
        assert clients == {"gcp.clients", "kube.client"}
