# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AnsibleModule does with arguments and results is done here, too; AnsibleModule itself is the witness."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible.module_utils.common.parameters import PASS_VARS

from ansible_collections.multinet.gke.plugins.plugin_utils.arguments import Arguments
from module_arguments import patch_module_args

SPEC: dict[str, Any] = {
    "argument_spec": {
        "name": {"type": "str", "required": True},
        "token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["THING_TOKEN"])},
        "count": {"type": "int", "default": 3, "choices": [1, 2, 3]},
        "cert": {"type": "path", "aliases": ["cert_file"]},
        "old": {"type": "str", "removed_in_version": "9.0.0", "removed_from_collection": "multinet.gke"},
        "login": {
            "type": "dict",
            "options": {"user": {"type": "str"}, "password": {"type": "str", "no_log": True}, "realm": {"type": "str"}},
            "required_by": {"realm": "user"},
        },
        "parts": {"type": "list", "elements": "dict", "options": {"key": {"no_log": True}, "size": {"type": "int"}}},
        "state": {"type": "str", "default": "present"},
    },
    "mutually_exclusive": [["cert", "login"]],
    "required_together": [["old", "cert"]],
    "required_one_of": [["name", "cert"]],
    "required_if": [["state", "absent", ["cert"]]],
    "required_by": {"parts": "login"},
    "supports_check_mode": True,
}
GOOD: list[dict[str, Any]] = [
    {"name": "a"},
    {"name": "a", "count": "2", "login": {}, "parts": [{"key": "hidden", "size": "4"}]},
    {"name": "hidden", "token": "hidden", "login": {"user": "u", "password": "word", "realm": "word in it"}},
    {"name": "a", "token": "true", "cert": None},
    {"name": "a", "cert": "x", "cert_file": "y"},
    {"name": "a", "old": "b", "cert_file": "~/x"},
]
WRONG: list[dict[str, Any]] = [
    {},
    {"name": "a", "count": 7},
    {"name": "a", "count": "many"},
    {"name": "a", "nmae": "b"},
    {"name": "a", "cert": "c", "login": {}, "token": "hidden"},
    {"name": "a", "state": "absent", "token": "absent"},
    {"name": "a", "old": "b"},
    {"name": "a", "login": {"realm": "r"}},
    {"name": "a", "parts": [{"key": "k"}]},
    {"name": "a", "login": {}, "parts": [{"key": "k", "sise": 1}]},
]


@pytest.fixture(autouse=True)
def name_of_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING_TOKEN", "from the environment")


def ordinary(given: dict[str, Any], result: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return what a module prints that does nothing but give a result."""
    internal = {"_ansible_module_name": "multinet.gke.thing"}
    if "inject_invocation" in PASS_VARS:  # since ansible-core 2.21 only who asks is told the arguments
        internal["_ansible_inject_invocation"] = "true"
    with patch_module_args({**given, **internal}), pytest.raises(SystemExit):
        AnsibleModule(**SPEC).exit_json(**result)
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def direct(given: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    arguments = Arguments.of("multinet.gke.thing", SPEC, given)
    if arguments.errors:
        return arguments.finished({"failed": True, "msg": "\n".join(arguments.errors)}, [], invocation=True)
    return arguments.finished(result, [], invocation=True)


@pytest.mark.parametrize("given", [*GOOD, *WRONG], ids=str)
def test_arguments_and_result_are_those_of_an_ordinary_module(
    given: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    result = {"changed": True, "echo": ["hidden", {"word": "a word"}], "nothing": None, "pair": (1, 2)}
    ours, theirs = direct(given, result), ordinary(given, result, capsys)
    for each in ("warnings", "deprecations"):  # these heap up, as all of its modules run in one process here
        ours.pop(each, None)
        theirs.pop(each, None)
    if "failed" in ours:
        ours["msg"] = ours["msg"].splitlines()[0]  # an ordinary module tells no more than that
    assert ours == theirs


@pytest.mark.parametrize("given", WRONG, ids=str)
def test_what_is_wrong_is_refused(given: dict[str, Any]) -> None:
    assert Arguments.of("multinet.gke.thing", SPEC, given).errors


def test_all_that_is_wrong_is_told_at_once() -> None:
    result = direct({"nmae": "a", "count": 7, "state": "absent"}, {})
    assert result["failed"]
    assert [line.split(":")[0] for line in result["msg"].splitlines()] == [
        "missing required arguments",
        "value of count must be one of",
        "one of the following is required",
        "state is absent but all of the following are missing",
        "Unsupported parameters for (multinet.gke.thing) module",
    ]


def test_warnings_and_deprecations_come_with_the_result() -> None:
    arguments = Arguments.of("multinet.gke.thing", SPEC, {"name": "a", "cert": "x", "cert_file": "y", "old": "b"})
    result = arguments.finished({}, ["of the run"], invocation=False)
    assert result["warnings"] == ["Both option cert and its alias cert_file are set.", "of the run"]
    (deprecation,) = result["deprecations"]
    assert "old" in deprecation["msg"]
    assert (deprecation["version"], deprecation["collection_name"]) == ("9.0.0", "multinet.gke")


class Marked(str):
    """A text that Ansible has marked."""


def test_what_ansible_adds_to_values_is_taken_off() -> None:
    arguments = Arguments.of("multinet.gke.thing", SPEC, {"name": Marked("a"), "cert": date(2026, 11, 26)})
    assert type(arguments.params["name"]) is str
    assert arguments.params["cert"] == "2026-11-26"
    assert type(arguments.finished({"name": Marked("b")}, [], invocation=False)["name"]) is str


def test_secrets_are_taken_out_of_texts() -> None:
    arguments = Arguments.of("multinet.gke.thing", SPEC, {"name": "a", "parts": [{"key": "sesame"}]})
    assert "sesame" not in arguments.masked("opened with sesame")
    assert "from the environment" not in arguments.masked("token from the environment")
