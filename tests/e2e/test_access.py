# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials as google.cloud takes them, who Google then sees, and what is said when the door is closed."""

from __future__ import annotations

import json
import pathlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from cloud import Cloud
from harness import Lab, play_of

LAB = "lab@test-project.iam.gserviceaccount.com"
OTHER = "other@test-project.iam.gserviceaccount.com"


@dataclass
class Outside:
    """A proxy on the way to all hosts but this machine; nobody should need it."""

    address: str
    asked: list[str] = field(default_factory=list)  # the first line of each request


@pytest.fixture
def outside() -> Iterator[Outside]:
    """What would be asked of Google itself is noted, and goes nowhere."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = Outside(f"http://127.0.0.1:{server.getsockname()[1]}")

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    proxy.asked.append(connection.recv(4096).decode(errors="replace").split("\r\n")[0])

        thread = threading.Thread(target=serve)
        thread.start()
        yield proxy
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@dataclass
class Door:
    """A test's project, and the proxy to everywhere else."""

    cloud: Cloud
    outside: Outside

    def look(self, environment: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
        """Let check mode look for a network, with nothing in the environment but what is given."""
        nothing = {"GCP_AUTH_KIND": "application", "GCP_ACCESS_TOKEN": ""}
        proxied = {"HTTPS_PROXY": self.outside.address, "https_proxy": self.outside.address}
        variables = {**self.cloud.lab.environment, **nothing, **proxied, **(environment or {})}
        given = {"name": "my-vpc", "project": self.cloud.project, **options}
        return self.cloud.modules.run("gke_multinet_vpc", given, variables, check=True)

    def seen(self, **options: Any) -> dict[str, Any]:
        """Return the last request for the network, after a look that must succeed and ask only the lab."""
        with self.cloud.asked() as asked:
            result = self.look(**options)
        assert not result.get("failed"), result["msg"]
        assert result["actions"] == ["create network my-vpc"]
        assert self.outside.asked == []
        return asked.requests[-1]

    def refused(self, **options: Any) -> str:
        """Return why a look fails."""
        result = self.look(**options)
        assert result.get("failed"), result
        return str(result["msg"])


@pytest.fixture
def door(cloud: Cloud, outside: Outside) -> Iterator[Door]:
    """A project whose lab gives back all permissions and lifetimes afterwards."""
    yield Door(cloud, outside)
    cloud.lab.google("DELETE", "/lab/denials")
    cloud.lab.google("POST", "/lab/tokens", {"lifetime": 3600})


def key_file(lab: Lab) -> str:
    """Return the path of the lab's service account key."""
    return str(lab.folder / "service-account.json")


def test_a_service_account_is_known_by_its_file(door: Door) -> None:
    seen = door.seen(auth_kind="serviceaccount", service_account_file=key_file(door.cloud.lab))
    assert seen["principal"] == LAB
    variables = {"GCP_AUTH_KIND": "serviceaccount", "GCP_SERVICE_ACCOUNT_FILE": key_file(door.cloud.lab)}
    assert door.seen(environment=variables)["principal"] == LAB


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_service_account_is_known_by_the_contents_of_its_file(door: Door, how: str) -> None:
    contents = pathlib.Path(key_file(door.cloud.lab)).read_text()
    if how == "option":
        seen = door.seen(auth_kind="serviceaccount", service_account_contents=contents)
    else:
        seen = door.seen(environment={"GCP_AUTH_KIND": "serviceaccount", "GCP_SERVICE_ACCOUNT_CONTENTS": contents})
    assert seen["principal"] == LAB


def test_a_key_as_awx_writes_it_is_enough(door: Door, tmp_path: pathlib.Path) -> None:
    """AWX's credential has no id of the key, so that Google may not know what signed; then a token is asked for."""
    key = json.loads(pathlib.Path(key_file(door.cloud.lab)).read_text())
    short = {name: key[name] for name in ("type", "private_key", "client_email", "project_id", "token_uri")}
    (tmp_path / "key").write_text(json.dumps(short))
    variables = {
        "GCP_AUTH_KIND": "serviceaccount",
        "GCP_SERVICE_ACCOUNT_FILE": str(tmp_path / "key"),
        "GCP_ENV_TYPE": "tower",
    }
    assert door.seen(environment=variables)["principal"] == LAB


def test_application_default_credentials_are_found(door: Door) -> None:
    seen = door.seen(environment={"GOOGLE_APPLICATION_CREDENTIALS": key_file(door.cloud.lab)})
    assert seen["principal"] == LAB


@pytest.mark.parametrize("kind", ["application", "machineaccount"])
def test_a_machine_has_an_account_of_its_own(door: Door, kind: str, tmp_path: pathlib.Path) -> None:
    seen = door.seen(auth_kind=kind, environment={"CLOUDSDK_CONFIG": str(tmp_path)})
    assert seen["principal"].endswith("-compute@developer.gserviceaccount.com")


def test_a_machine_has_only_its_own_accounts(door: Door) -> None:
    account = door.seen(auth_kind="machineaccount")["principal"]
    assert door.seen(auth_kind="machineaccount", service_account_email=account)["principal"] == account
    message = door.refused(environment={"GCP_SERVICE_ACCOUNT_EMAIL": OTHER}, auth_kind="machineaccount")
    assert message.startswith(
        f"read network my-vpc: Google gives no access token to service account {OTHER} of this machine: "
        "the metadata server answers 404; auth_kind=machineaccount needs a machine of Google's"
    )


@pytest.mark.parametrize("how", ["option", "environment"])
def test_another_service_account_is_impersonated(door: Door, how: str) -> None:
    source = {"auth_kind": "accesstoken", "access_token": door.cloud.lab.environment["GKELAB_TOKEN"]}
    if how == "option":
        seen = door.seen(impersonate_service_account=OTHER, **source)
    else:
        seen = door.seen(environment={"GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": OTHER}, **source)
    assert seen["principal"] == OTHER
    seen = door.seen(
        auth_kind="serviceaccount", service_account_file=key_file(door.cloud.lab), impersonate_service_account=OTHER
    )
    assert seen["principal"] == OTHER


def test_who_may_not_impersonate_is_told_which_role_is_missing_where(door: Door) -> None:
    account = f"nobody@{door.cloud.project}.iam.gserviceaccount.com"
    denial = {"permission": "iam.serviceAccounts.getAccessToken", "resource": f"*/{account}"}
    door.cloud.lab.google("POST", "/lab/denials", denial)
    message = door.refused(
        auth_kind="serviceaccount", service_account_file=key_file(door.cloud.lab), impersonate_service_account=account
    )
    assert message == (
        f"read network my-vpc: Google gives no access token to service account {account} (impersonated): Permission "
        "'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).; the permission "
        "iam.serviceAccounts.getAccessToken is missing; on the service account, "
        "roles/iam.serviceAccountTokenCreator gives it"
    )


@pytest.mark.parametrize("how", ["option", "environment"])
def test_another_project_pays(door: Door, how: str) -> None:
    token = {"auth_kind": "accesstoken", "access_token": door.cloud.lab.environment["GKELAB_TOKEN"]}
    if how == "option":
        seen = door.seen(quota_project="payer", **token)
    else:
        seen = door.seen(environment={"GOOGLE_CLOUD_QUOTA_PROJECT": "payer"}, **token)
    assert seen["quota_project"] == "payer"


def test_a_project_that_does_not_pay_is_named_with_the_role(door: Door) -> None:
    payer = f"payer-of-{door.cloud.project}"
    door.cloud.lab.google(
        "POST", "/lab/denials", {"permission": "serviceusage.services.use", "resource": f"projects/{payer}"}
    )
    message = door.refused(
        auth_kind="serviceaccount", service_account_file=key_file(door.cloud.lab), quota_project=payer
    )
    assert message.startswith("read network my-vpc: HTTP 403 USER_PROJECT_DENIED: Caller does not have required ")
    assert "roles/serviceusage.serviceUsageConsumer gives it" in message


def test_a_missing_permission_is_named_with_a_role_that_has_it(door: Door) -> None:
    project = door.cloud.project
    door.cloud.lab.google(
        "POST", "/lab/denials", {"permission": "compute.networks.get", "resource": f"projects/{project}/*"}
    )
    assert door.refused(auth_kind="serviceaccount", service_account_file=key_file(door.cloud.lab)) == (
        "read network my-vpc: HTTP 403 forbidden: Required 'compute.networks.get' permission for "
        f"'projects/{project}/global/networks/my-vpc'; the permission compute.networks.get is missing; "
        f"roles/compute.networkViewer gives it: gcloud projects add-iam-policy-binding {project} "
        f"--member=serviceAccount:{LAB} --role=roles/compute.networkViewer"
    )


def test_a_wrong_token_is_named_and_not_shown(door: Door) -> None:
    canary = "canary-of-a-token"
    with door.cloud.asked() as asked:
        result = door.look(auth_kind="accesstoken", access_token=canary)
    assert result["msg"] == (
        "read network my-vpc: Google does not accept the access token (it has expired or was revoked, or is none); "
        "get a new one, it lasts an hour: gcloud auth print-access-token"
    )
    assert len(asked.requests) == 1
    assert canary not in json.dumps(result)


def test_a_token_that_is_refused_is_renewed_once(door: Door) -> None:
    path = f"/projects/{door.cloud.project}/"
    credentials = {"auth_kind": "serviceaccount", "service_account_file": key_file(door.cloud.lab)}
    door.cloud.fault(kind="status", status=401, path=path)
    assert door.seen(**credentials)["principal"] == LAB
    door.cloud.fault(kind="status", status=401, path=path, times=2)
    with door.cloud.asked() as asked:
        message = door.refused(**credentials)
    assert message == (
        f"read network my-vpc: Google does not accept service account {LAB} (neither the first access token nor a "
        f"new one); see whether its key still exists: gcloud iam service-accounts keys list --iam-account={LAB}"
    )
    assert len(asked.requests) == 2


def test_a_key_that_google_does_not_know_any_more_is_told(door: Door) -> None:
    door.cloud.fault(kind="status", status=401, path=f"/projects/{door.cloud.project}/")
    door.cloud.fault(kind="status", status=400, path="^/token$", code="invalid_grant", message="Invalid JWT Signature.")
    message = door.refused(auth_kind="serviceaccount", service_account_file=key_file(door.cloud.lab))
    assert message.startswith(
        f"read network my-vpc: Google gives no access token to service account {LAB}: invalid_grant: Invalid JWT "
        "Signature.; see whether its key still exists: "
    )


def test_no_credentials_at_all_are_told_with_what_to_do(door: Door, tmp_path: pathlib.Path) -> None:
    message = door.refused(
        environment={"CLOUDSDK_CONFIG": str(tmp_path), "HOME": str(tmp_path), "NO_GCE_CHECK": "true"}
    )
    assert message.startswith("there are no application default credentials: ")
    assert "gcloud auth application-default login" in message


def test_an_api_that_is_not_enabled_is_named_with_the_command(door: Door) -> None:
    project = door.cloud.project
    door.cloud.lab.google("POST", f"/lab/projects/{project}/services", {"disabled": ["compute.googleapis.com"]})
    message = door.refused(auth_kind="serviceaccount", service_account_file=key_file(door.cloud.lab))
    assert message.endswith(f"gcloud services enable compute.googleapis.com --project {project}")


def test_a_playbook_shows_no_secret(shared_lab: Lab) -> None:
    """The ordinary way, through Ansible itself: neither the key nor the token is in any event."""
    contents = pathlib.Path(key_file(shared_lab)).read_text()
    options = {"name": "my-vpc", "auth_kind": "serviceaccount", "service_account_contents": contents}
    task = {"name": "Look", "multinet.gke.gke_multinet_vpc": {**options, "access_token": "canary-of-a-token"}}
    run = shared_lab.play(play_of(task), arguments="--check -vvv")
    assert run.rc == 0, run.stdout
    events = json.dumps(run.events)
    assert "canary-of-a-token" not in events
    assert json.loads(contents)["private_key"].split("\n")[1] not in events
