# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that are made when somebody asks for them are those of a plain import."""

from __future__ import annotations

import importlib
import itertools
import json
import os
import pathlib
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib import metadata
from types import ModuleType
from typing import Any

import pytest

import sampling
from ansible_collections.multinet.gke.plugins.module_utils.lazy_messages import import_lazily

TREE = pathlib.Path(__file__).resolve().parents[2] / ".build" / "tree"
# A process makes its messages once, so each way has a process of its own.
DESCRIBE = """
import enum, importlib, json, random, sys
from google.protobuf.descriptor_pb2 import DescriptorProto
from ansible_collections.multinet.gke.plugins.module_utils import light

way, seed = sys.argv[1:]
if way == "lazily":
    light.imported("google.cloud.compute_v1.services.networks")
compute = importlib.import_module("google.cloud.compute_v1.types.compute")
early = len(vars(compute).keys() & set(compute.__all__))
names = sorted(compute.__all__)
random.Random(seed).shuffle(names)

def described(message):
    written = DescriptorProto()
    message.pb(message()).DESCRIPTOR.CopyToProto(written)
    fields = {name: [str(field.message), str(field.enum)] for name, field in message._meta.fields.items()}
    enums = [list(map(repr, each)) for each in vars(message).values() if isinstance(each, enum.EnumMeta)]
    return [repr(message), written.SerializeToString(deterministic=True).hex(), fields, enums]

found = {name: described(getattr(compute, name)) for name in names}
print(json.dumps([early, found], sort_keys=True))
"""
MESSAGES = """
import proto

__protobuf__ = proto.module(package="NAME", manifest={"Tree", "Leaf", "Colour", "Stone"})


class Tree(proto.Message):
    class Kind(proto.Enum):
        NONE = 0
        OAK = 1

    kind = proto.Field(proto.ENUM, number=1, enum="Tree.Kind")
    leaves = proto.RepeatedField(proto.MESSAGE, number=2, message="Leaf")


class Leaf(proto.Message):
    tree = proto.Field(proto.MESSAGE, number=1, message="Tree")
    kind = proto.Field(proto.ENUM, number=2, enum="Tree.Kind")
    colour = proto.Field(proto.ENUM, number=3, enum="Colour")


class Stone(proto.Message):
    leaves = proto.MapField(proto.STRING, proto.MESSAGE, number=1, message="Leaf")
    colours = proto.MapField(proto.STRING, proto.ENUM, number=2, enum="Colour")
    kind = proto.Field(proto.ENUM, number=3, enum="Tree.Kind", optional=True)


class Colour(proto.Enum):
    NONE = 0
    GREEN = 1


__all__ = tuple(sorted(__protobuf__.manifest))
"""
_numbers = itertools.count()


def described(way: str, seed: str = "") -> Any:
    """Return how many of Compute's messages an import makes, and what each of them is."""
    done = subprocess.run(
        [sys.executable, "-c", DESCRIBE, way, seed],
        env={**os.environ, "PYTHONPATH": str(TREE)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.slow
def test_all_of_computes_messages_are_the_same(record_property: Callable[[str, object], None]) -> None:
    seed = str(sampling.seed())
    record_property("seed", seed)
    early, lazily = described("lazily", seed)
    whole, plainly = described("plainly")
    assert early < whole / 5
    assert whole == len(plainly)
    assert lazily == plainly


@pytest.fixture
def small(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of messages, in which nothing is made yet; protobuf forgets no name, so each has another one."""
    package = f"wood{next(_numbers)}_{os.getpid()}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    (tmp_path / package / "things.py").write_text(MESSAGES.replace("NAME", package))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module(package)
    import_lazily(f"{package}.things")
    return importlib.import_module(f"{package}.things")


def made(module: ModuleType) -> set[str]:
    return vars(module).keys() & set(module.__all__)


@pytest.mark.parametrize("first", ["Tree", "Leaf", "Stone", "Colour"])
def test_a_class_comes_with_those_that_it_names_and_links_to_those_that_are_there(
    first: str, small: ModuleType
) -> None:
    assert made(small) == set()
    kind: Any = getattr(small, first)
    assert (
        made(small)
        == {
            "Tree": {"Tree", "Leaf", "Colour"},
            "Leaf": {"Tree", "Leaf", "Colour"},
            "Stone": {"Tree", "Leaf", "Stone", "Colour"},
            "Colour": {"Colour"},
        }[first]
    )
    assert getattr(small, first) is kind
    tree = small.Tree(kind="OAK", leaves=[{"colour": "GREEN", "tree": {"kind": 1}}])
    stone = small.Stone(leaves={"a": tree.leaves[0]}, colours={"b": small.Colour.GREEN}, kind=small.Tree.Kind.OAK)
    again = small.Stone.from_json(small.Stone.to_json(stone))
    assert again == stone
    assert again.leaves["a"].tree.kind is small.Tree.Kind.OAK
    assert isinstance(again.leaves["a"], small.Leaf)
    assert again.colours["b"] == small.Colour.GREEN


def test_what_is_in_no_class_statement_is_as_always(small: ModuleType) -> None:
    package = small.__name__.partition(".")[0]
    assert small.proto is importlib.import_module("proto")
    assert sys.modules[package].things is small
    import_lazily(small.__name__)
    assert sys.modules[small.__name__] is small
    with pytest.raises(AttributeError, match=f"module '{small.__name__}' has no attribute 'Sand'"):
        _ = small.Sand
    with pytest.raises(ImportError, match="sand"):
        import_lazily(f"{package}.sand")


def test_another_proto_plus_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda package: "2.0.0")
    import_lazily("no_such_module_of_messages")
    assert "no_such_module_of_messages" not in sys.modules


def test_a_module_that_fails_is_not_left_half_done(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_done.py").write_text("class A: ...\nimport no_such_library\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="no_such_library"):
        import_lazily("half_done")
    assert "half_done" not in sys.modules


def test_threads_see_classes_that_can_be_used(small: ModuleType) -> None:
    together = threading.Barrier(8)
    found: list[bool] = []

    def ask(name: str) -> None:
        together.wait()
        kind = getattr(small, name)
        found.append(kind.to_json(kind()) != "")

    threads = [threading.Thread(target=ask, args=(name,)) for name in ["Tree", "Leaf", "Stone", "Tree"] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8
