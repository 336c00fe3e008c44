# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials: each kind is found, and what is missing or broken is said with what to do, never with a secret."""

from __future__ import annotations

import json
import pathlib
import traceback
from typing import Any

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.errors import AccessError
from ansible_collections.multinet.gke.plugins.module_utils.gcp.credentials import current_token, find_credentials

SECRET = "very-secret"


def params(auth_kind: str, **given: Any) -> dict[str, Any]:
    return {
        "auth_kind": auth_kind,
        "access_token": None,
        "service_account_file": None,
        "service_account_contents": None,
        **given,
    }


def test_an_access_token_is_used_as_it_is() -> None:
    credentials = find_credentials(params("accesstoken", access_token=SECRET))
    assert current_token(credentials) == SECRET


def test_without_a_token_the_command_that_prints_one_is_named() -> None:
    with pytest.raises(AccessError, match="gcloud auth print-access-token"):
        find_credentials(params("accesstoken"))


def test_a_service_account_needs_a_key() -> None:
    with pytest.raises(AccessError, match="service_account_file or service_account_contents"):
        find_credentials(params("serviceaccount"))


def test_a_missing_key_file_is_named(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "key.json")
    with pytest.raises(AccessError, match=r"key\.json"):
        find_credentials(params("serviceaccount", service_account_file=path))


@pytest.mark.parametrize("contents", [f"not JSON {SECRET}", json.dumps({"private_key": SECRET})])
def test_a_broken_key_is_refused_without_showing_it(contents: str) -> None:
    with pytest.raises(AccessError, match="service_account_contents") as caught:
        find_credentials(params("serviceaccount", service_account_contents=contents))
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_without_default_credentials_the_login_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(AccessError, match="gcloud auth application-default login"):
        find_credentials(params("application"))
