# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as a schema has them.

AnsibleModule stops at the first wrong argument, and does not say whose it was. A plan is about many clusters, and the
user is to hear of everything at once: so what is in a description is read here, with the path of each problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ..errors import Problems
from ..options import Spec

WORDS = {
    "str": "a text",
    "int": "a whole number",
    "bool": "true or false",
    "dict": "a mapping (KEY: VALUE)",
    "list": "a list",
}
NEAR = 0.7  # how alike two names are, of 1: nmae is 0.75 of name


class Reading:
    """Reads values, and notes what is wrong with them."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self.complete = True  # False: a value is missing, or is none, so that what follows from it is not known

    def mapping(self, path: str, given: Any, spec: Spec) -> dict[str, Any]:
        """Return the values of a mapping: converted, with the defaults; what was not given is None.

        :param spec: as Ansible's argument specifications: type, elements, options, choices, required, default.
        """
        if not isinstance(given, Mapping):
            self._refuse(path, given, f"must be {WORDS['dict']}")
            return {}
        for key in given:
            if key not in spec:
                self._problems.add(f"{path}{key}", given[key], _unknown(str(key), spec))
        return {key: self._option(f"{path}{key}", given.get(key), option) for key, option in spec.items()}

    def _option(self, path: str, given: Any, option: Mapping[str, Any]) -> Any:
        if given is None or (given == "" and option["type"] != "str"):
            if option.get("required"):
                self._refuse(path, given, "is missing")
            return option.get("default")
        value = self._value(path, given, option["type"], option)
        if value is not None and "choices" in option and value not in option["choices"]:
            self._problems.add(path, given, f"must be one of {', '.join(map(str, option['choices']))}")
        return value

    def _value(self, path: str, given: Any, kind: str, option: Mapping[str, Any]) -> Any:
        """Return a value of a type; None, with a note, if it is none."""
        if kind == "list" and isinstance(given, list):
            return [self._value(f"{path}[{n}]", item, option["elements"], option) for n, item in enumerate(given)]
        if kind == "dict" and "options" in option:
            return self.mapping(f"{path}.", given, option["options"])
        try:
            return _convert(given, kind)
        except ValueError as error:
            self._refuse(path, given, str(error))
            return None

    def _refuse(self, path: str, given: Any, message: str) -> None:
        self.complete = False
        self._problems.add(path.rstrip("."), given, message)


def _unknown(key: str, spec: Spec) -> str:
    for meant in get_close_matches(key, spec, n=1, cutoff=NEAR):
        return f"is not known here; did you mean {meant}?"
    return f"is not known here; known are {', '.join(spec)}"


def _convert(given: Any, kind: str) -> Any:
    """Return a value of a type, as Ansible converts them; a text out of a number that lost something is refused.

    :raises ValueError: it is none; the text says what would be right.
    """
    if kind == "str" and isinstance(given, float):
        raise ValueError("is a number to YAML, which drops zeros (1.30 becomes 1.3); put it in quotes")
    if kind == "str" and isinstance(given, (str, int)) and not isinstance(given, bool):
        return str(given)
    if kind == "int" and isinstance(given, int) and not isinstance(given, bool):
        return given
    if kind == "int" and isinstance(given, str) and given.removeprefix("-").isdecimal():
        return int(given)
    if kind == "bool":
        try:
            return boolean(given)
        except TypeError as error:
            raise ValueError(f"must be {WORDS['bool']}") from error
    if kind == "dict" and isinstance(given, Mapping):
        return dict(given)
    raise ValueError(f"must be {WORDS[kind]}")
