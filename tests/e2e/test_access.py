# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials as google.cloud takes them, and what is said when the door is closed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness import Lab, Run, play_of

# Google's library also asks a host of Google's about a service account, in the background; here nobody answers.
CLOSED = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}


def read_a_network(lab: Lab, environment: dict[str, str], **options: Any) -> Run:
    """Let check mode look for a network, with the given environment and options."""
    task = {"name": "Look", "multinet.gke.gke_multinet_vpc": {"name": "my-vpc", **options}}
    return lab.play(play_of(task), arguments="--check", environment={**CLOSED, **environment})


@pytest.mark.parametrize("kind", ["application", "serviceaccount"])
def test_a_service_account_file(api_lab: Lab, kind: str) -> None:
    file = str(api_lab.folder / "service-account.json")
    variables = {"GCP_SERVICE_ACCOUNT_FILE": file, "GOOGLE_APPLICATION_CREDENTIALS": file, "GCP_ACCESS_TOKEN": ""}
    run = read_a_network(api_lab, {"GCP_AUTH_KIND": kind, **variables})
    assert run.rc == 0, run.stdout
    assert run.actions == ["create network my-vpc"]


def test_the_contents_of_a_service_account_file(api_lab: Lab) -> None:
    contents = (api_lab.folder / "service-account.json").read_text()
    run = read_a_network(api_lab, {}, auth_kind="serviceaccount", service_account_contents=contents)
    assert run.rc == 0, run.stdout
    assert json.loads(contents)["private_key"] not in run.stdout


def test_a_wrong_token_is_named_and_not_shown(api_lab: Lab) -> None:
    run = read_a_network(api_lab, {"GCP_ACCESS_TOKEN": "canary-of-a-token"})
    assert run.rc != 0
    assert run.failure() == (
        "read network my-vpc: Google does not accept the access token (it has expired or was revoked, or is none); "
        "get a new one, it lasts an hour: gcloud auth print-access-token"
    )
    assert "canary-of-a-token" not in json.dumps(run.events)


def test_an_api_that_is_not_enabled_is_named_with_the_command(api_lab: Lab) -> None:
    api_lab.google("POST", "/lab/projects/closed-project/services", {"disabled": ["compute.googleapis.com"]})
    run = read_a_network(api_lab, {}, project="closed-project")
    assert run.rc != 0
    assert "gcloud services enable compute.googleapis.com --project closed-project" in run.failure()
