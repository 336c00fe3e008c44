# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task's arguments, checked as AnsibleModule checks them, and what it does with the secrets among them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError

OF_THE_MODULE = ("supports_check_mode",)  # what AnsibleModule takes beside the rules for arguments


@dataclass(frozen=True)
class Arguments:
    """What a module is given."""

    params: dict[str, Any]  # as the specification wants them: with defaults, types and aliases
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    deprecations: tuple[dict[str, Any], ...]
    secrets: set[str]  # the values of options that are not logged, and what a run adds to them

    @classmethod
    def of(cls, module: str, spec: Mapping[str, Any], given: Mapping[str, Any]) -> Arguments:
        """Check a task's arguments.

        :param module: its full name, for the text about unknown options.
        :param spec: what AnsibleModule is made of.
        :param given: templated; what Ansible adds to texts (that they are unsafe, where they come from) is taken off,
            as it is on the way to an ordinary module.
        """
        rules = {name: value for name, value in spec.items() if name not in OF_THE_MODULE}
        checked = ArgumentSpecValidator(**rules).validate(_plain(given))
        return cls(
            params=checked.validated_parameters,
            errors=tuple(_text(module, error) for error in checked.errors),
            warnings=tuple(
                f"Both option {each['option']} and its alias {each['alias']} are set." for each in checked._warnings
            ),
            deprecations=tuple(
                {key: value for key, value in each.items() if value is not None} for each in checked._deprecations
            ),
            secrets=set(checked._no_log_values),
        )

    def finished(self, result: Mapping[str, Any], warnings: list[str], *, invocation: bool) -> dict[str, Any]:
        """Return a result as AnsibleModule gives it away.

        It is what JSON leaves of it; it names warnings and deprecations, and has no secret in it.

        :param invocation: whether it names the arguments, too.
        """
        said = {"warnings": [*self.warnings, *warnings], "deprecations": list(self.deprecations)}
        whole = {
            **result,
            **({"invocation": {"module_args": self.params}} if invocation else {}),
            **{key: value for key, value in said.items() if value},
        }
        kept = {key: value for key, value in whole.items() if value is None or isinstance(value, bool)}
        finished: dict[str, Any] = _plain({**self.masked(whole), **kept})
        return finished

    def masked(self, value: Any) -> Any:
        """Return a value without the secrets."""
        return remove_values(value, self.secrets)


def _plain(value: Any) -> Any:
    """Return what JSON leaves of a value; what it does not know, a text in a vault for one, becomes a text."""
    return json.loads(json.dumps(value, default=str))


def _text(module: str, error: Any) -> str:
    if isinstance(error, UnsupportedError):
        return f"Unsupported parameters for ({module}) module: {error.msg}"
    return str(error.msg)
