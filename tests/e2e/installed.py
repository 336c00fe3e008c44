# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installed modules, run against something (a Google project, a cluster), and what was asked of its API is seen."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from abc import ABC, abstractmethod
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import returned
from harness import INSTALLED, WAY, writing


class Modules:
    """The installed modules, ready to run."""

    def __init__(self, tmp: pathlib.Path) -> None:
        self._tmp = tmp
        server = pathlib.Path(__file__).with_name("forked.py")
        command = [sys.executable, str(server), str(INSTALLED.parents[2])]
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(
        self, module: str, options: dict[str, Any], environment: dict[str, str], *, check: bool, way: str = WAY
    ) -> dict[str, Any]:
        """Return a module's result; a module that gives none has crashed, and its traceback is on stderr.

        :param way: "direct", or "module": as an ordinary module.
        """
        assert self._server.stdin
        assert self._server.stdout
        request = {
            "way": way,
            "module": module,
            "args": options,
            "check": check,
            "tmp": str(self._tmp),
            "environment": environment,
        }
        with writing(allowed=not check):
            self._server.stdin.write(json.dumps(request) + "\n")
            self._server.stdin.flush()
            text = json.loads(self._server.stdout.readline())
        assert text.strip(), f"{module} ended without a result"
        result: dict[str, Any] = json.loads(text)
        if "warnings" in result:  # since 2.19 an ordinary module does not give them away as texts
            texts = (each if isinstance(each, str) else each["event"]["msg"] for each in result["warnings"])
            result["warnings"] = list(texts)
        returned.check(module, result, check_mode=check)
        return result

    def close(self) -> None:
        """End the process that they are forked from."""
        assert self._server.stdin
        self._server.stdin.close()
        self._server.wait(120)


@dataclass
class Asked(ABC):
    """What was asked of an API in some time; known when the time is over."""

    requests: list[dict[str, Any]] = field(default_factory=list)  # as the API's log has them

    @property
    @abstractmethod
    def writes(self) -> list[str]:
        """Return the requests that change something, for people."""

    @property
    @abstractmethod
    def reads(self) -> list[str]:
        """Return the paths of resources that were read."""


class Subject(ABC):
    """Something that modules work on; a test has it, or a corner of it, for itself."""

    @abstractmethod
    def module(self, name: str, /, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """Run a module; return its result, with "failed" and "msg" if it failed."""

    @abstractmethod
    def asked(self) -> AbstractContextManager[Asked]:
        """Collect what is asked about it."""

    def converge(self, name: str, /, **options: Any) -> dict[str, Any]:
        """Run a module that has something to do, and return its result.

        Check mode announces exactly what is done, and writes nothing; a second run finds nothing to do.
        """
        announced = self._without_writes(name, check=True, **options)
        result = self.module(name, **options)
        assert not result.get("failed"), result["msg"]
        assert result["changed"], result
        assert (announced["changed"], announced["actions"]) == (True, result["actions"])
        assert announced["diff"] == result["diff"]
        self.unchanged(name, **options)
        return result

    def unchanged(self, name: str, /, **options: Any) -> dict[str, Any]:
        """Run a module that has nothing to do: it reads each resource once, and writes nothing."""
        with self.asked() as asked:
            result = self._without_writes(name, check=False, **options)
        assert (result["changed"], result.get("actions", [])) == (False, []), result
        twice = [path for path, count in Counter(asked.reads).items() if count > 1]
        assert not twice, f"read more than once: {twice}"
        return result

    def refused(self, name: str, /, **options: Any) -> str:
        """Return why a module refuses, in check mode and without; it writes nothing."""
        messages = set()
        for check in (True, False):
            with self.asked() as asked:
                result = self.module(name, check=check, **options)
            assert result.get("failed"), result
            assert asked.writes == []
            messages.add(str(result["msg"]))
        (message,) = messages
        return message

    def _without_writes(self, name: str, /, *, check: bool, **options: Any) -> dict[str, Any]:
        with self.asked() as asked:
            result = self.module(name, check=check, **options)
        assert not result.get("failed"), result["msg"]
        assert asked.writes == []
        return result
