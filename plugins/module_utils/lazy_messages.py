# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Importing a module of thousands of messages, each of which is made when somebody asks for it.

``google.cloud.compute_v1.types.compute`` has 2,087 classes, and proto-plus makes a descriptor and a class of protobuf's
for each of them, at 0.37 s of CPU and 40 MB. Three services name 119 of them, which takes 0.05 s.

The module's code is run with a ``__build_class__`` of ours, which is what Python calls for a class statement
(https://docs.python.org/3/library/functions.html#build_class has no promise for it, so a test compares all classes with
those of a plain import). It keeps the statement for later. Who asks the module for a class has it made then, together
with those that its fields name, as these have to be in one file of descriptors or in files that are there already. The
name of that file is all that is different about a class.
"""

from __future__ import annotations

import builtins
import importlib
import sys
import threading
from collections.abc import Callable
from functools import partial, reduce
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any


def import_lazily(name: str) -> None:
    """Import a module of messages without making them; no change if it has been imported, or for another proto-plus.

    :param name: "google.cloud.compute_v1.types.compute", whose package has been imported.
    :raises ImportError: there is no such module.
    """
    if name in sys.modules:
        return
    metadata = importlib.import_module("importlib.metadata")  # costs those who need no messages 10 ms
    if not metadata.version("proto-plus").startswith("1."):
        return
    module, run = found(name)
    later = _Later(module)
    vars(module)["__builtins__"] = {**vars(builtins), "__build_class__": later.build_class}
    sys.modules[name] = module
    try:
        run(module)
    except BaseException:  # as Python does
        del sys.modules[name]
        raise
    later.begin()
    package, _dot, last = name.rpartition(".")
    setattr(sys.modules[package], last, module)


def found(name: str) -> tuple[ModuleType, Callable[[ModuleType], None]]:
    """Return a module that has not been run, and what runs it.

    :raises ImportError: there is no such module.
    """
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return module_from_spec(spec), spec.loader.exec_module


class _Later:
    """The class statements of a module that have not been carried out yet."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._proto = importlib.import_module("proto")
        self._kept: dict[str, Callable[[], Any]] = {}  # by the name of the class
        self._is_keeping = True
        self._named: list[str] = []  # classes that fields of those that are being made name
        self._lock = threading.RLock()

    def build_class(self, body: Callable[[], None], name: str, *bases: Any, **keywords: Any) -> Any:
        """Keep a class statement; carry it out if it is within one that is being carried out."""
        if bases == (self._proto.Message,) and not keywords:
            keywords = {"metaclass": self._linked}
        statement = partial(builtins.__build_class__, body, name, *bases, **keywords)
        if not self._is_keeping:
            return statement()
        self._kept[name] = statement
        return None

    def begin(self) -> None:
        """Make classes from now on, as they are asked for."""
        self._is_keeping = False
        names = vars(self._module)
        for name in self._kept:
            del names[name]
        # What is on proto-plus's list of a module is waited for before any of it can be used.
        names["__protobuf__"] = names["__protobuf__"]._replace(manifest=frozenset())
        names["__getattr__"] = self._get

    def _get(self, name: str) -> Any:
        """Return a class that has not been asked for yet (the module's ``__getattr__``)."""
        with self._lock:
            if name in self._kept:
                self._make(name)
            try:
                return vars(self._module)[name]
            except KeyError:
                text = f"module {self._module.__name__!r} has no attribute {name!r}"
                raise AttributeError(text, name=name, obj=self._module) from None

    def _make(self, name: str) -> None:
        """Make a class and all those that it needs; others see them when all are there."""
        made: dict[str, Any] = {}
        self._named = [name]
        while self._named:
            each = self._named.pop()
            if each in self._kept:
                made[each] = self._kept.pop(each)()
        vars(self._module).update(made)

    def _linked(self, name: str, bases: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
        """Make a class, with what its fields name in place of the names, as far as it is there (a metaclass)."""
        for field in attributes.values():
            if isinstance(field, self._proto.Field):
                field.message, field.enum = self._named_by(field.message), self._named_by(field.enum)
        return type(bases[0])(name, bases, attributes)

    def _named_by(self, reference: Any) -> Any:
        """Return what "Tags" or "Operation.Status" is; the text itself if that is being made, or will be now."""
        if not isinstance(reference, str):
            return reference
        first, *others = reference.split(".")
        if first in vars(self._module):
            return reduce(getattr, others, vars(self._module)[first])
        self._named.append(first)
        return reference
