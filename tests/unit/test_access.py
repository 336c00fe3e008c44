# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to Google's clients: whose project it is, and secrets that stand where none belongs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.multinet.gke.plugins.module_utils import access, options
from ansible_collections.multinet.gke.plugins.module_utils.errors import InvalidOptions

KEY = '{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----"}'


@dataclass
class Context:
    tmpdir: str = ""
    check_mode: bool = False
    diff: bool = False
    hidden: set[object] = field(default_factory=set)

    def warn(self, text: str) -> None:
        raise AssertionError(text)

    def progress(self, now: object) -> None:
        raise AssertionError(now)

    def hide(self, *secrets: object) -> None:
        self.hidden.update(secrets)


def params(**given: Any) -> dict[str, Any]:
    credentials = {"auth_kind": "accesstoken", "access_token": "secret"}
    checked = ArgumentSpecValidator(options.kubernetes()).validate({**credentials, **given})
    assert not checked.error_messages
    validated: dict[str, Any] = checked.validated_parameters
    return validated


@pytest.fixture(autouse=True)
def no_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the machine has set."""
    monkeypatch.delenv("GCP_PROJECT", raising=False)


def test_the_project_of_the_cluster_comes_first() -> None:
    cluster = {"name": "edge", "location": "us-central1-c"}
    own = params(project="mine", gke_cluster={**cluster, "project": "theirs"})
    assert access.google(own, Context()).project == "theirs"
    assert access.google(params(project="mine", gke_cluster=cluster), Context()).project == "mine"


def test_without_a_project_there_is_nobody_to_ask() -> None:
    with pytest.raises(InvalidOptions) as refused:
        access.google(params(), Context())
    assert [problem.path for problem in refused.value.problems] == ["project"]


def test_a_key_in_place_of_its_path_is_refused_and_hidden() -> None:
    context = Context()
    with pytest.raises(InvalidOptions) as refused:
        access.google(params(project="p", service_account_file=KEY), context)
    assert [problem.path for problem in refused.value.problems] == ["service_account_file"]
    assert KEY in context.hidden
    assert "PRIVATE" not in str(refused.value)
