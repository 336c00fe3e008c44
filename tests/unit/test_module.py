# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ordinary module hands its result, or its failure, to Ansible, and what happens meanwhile."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from ansible_collections.multinet.gke.plugins.module_utils import module
from ansible_collections.multinet.gke.plugins.module_utils.errors import MultinetError
from ansible_collections.multinet.gke.plugins.module_utils.reconcile import Context
from ansible_collections.multinet.gke.plugins.module_utils.waiting import Progress

SPEC: dict[str, Any] = {"argument_spec": {"name": {}}, "supports_check_mode": True}


class Ended(Exception):
    """A module has ended with a result."""

    def __init__(self, **result: Any) -> None:
        self.result = result


class Ansible:
    """AnsibleModule, as far as modules use it."""

    check_mode, _diff, tmpdir = True, False, "/a/folder"

    def __init__(self, **spec: Any) -> None:
        assert spec == SPEC
        self.params = {"name": "edge"}
        self.no_log_values: set[str] = set()
        self.warnings: list[str] = []
        self.debugged: list[str] = []
        self.warn, self.debug = self.warnings.append, self.debugged.append

    def exit_json(self, **result: Any) -> NoReturn:
        raise Ended(**result, hidden=self.no_log_values, warnings=self.warnings, debugged=self.debugged)

    def fail_json(self, **result: Any) -> NoReturn:
        raise Ended(**result, failed=True)


@pytest.fixture(autouse=True)
def ansible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AnsibleModule", Ansible)


def test_a_result_is_handed_on_with_what_was_said_on_the_way() -> None:
    def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
        context.warn("mind the gap")
        context.progress(Progress("half way"))
        context.hide("sesame-sesame")
        return {**params, "surroundings": (context.check_mode, context.diff, context.tmpdir)}

    with pytest.raises(Ended) as ended:
        module.main(SPEC, run)
    result = ended.value.result
    assert result["name"] == "edge"
    assert result["surroundings"] == (True, False, "/a/folder")
    assert (result["warnings"], result["debugged"]) == (["mind the gap"], ["half way"])
    assert "sesame-sesame" in result["hidden"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MultinetError("no"), {"msg": "no"}),
        (KeyError("x"), {"msg": "this is a fault of multinet.gke, please report it: KeyError: 'x'"}),
    ],
)
def test_a_failure_is_handed_on_as_one(error: Exception, expected: dict[str, Any]) -> None:
    def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
        raise error

    with pytest.raises(Ended) as ended:
        module.main(SPEC, run)
    assert ended.value.result.items() >= {**expected, "failed": True}.items()
