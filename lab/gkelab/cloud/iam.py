# SPDX-License-Identifier: Apache-2.0
"""IAM: which permission a request needs, who has it, and access tokens for other service accounts.

Everybody is an owner until the lab is told otherwise: a denial takes permissions on resources away from principals.
Container's permissions are those of GKE's documentation (reference/api-permissions), without actAs and getCredentials.
Compute's are named after collection and method; compute.networks.updatePolicy beside them is what its reference asks
for, and no public report shows it. The texts of refusals come from public reports.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from gkelab.cloud import invented
from gkelab.cloud.cloud import Call, Cloud
from gkelab.cloud.errors import ApiError, Json, bad_request
from gkelab.cloud.oauth import LONGEST_LIFETIME
from gkelab.cloud.state import Denial
from gkelab.cloud.tokens import Tokens

ACT_AS = "iam.serviceAccounts.getAccessToken"
USE_SERVICES = "serviceusage.services.use"
_COMPUTE = re.compile(r"/compute/v1/(projects/[^/]+)(?:/(?:global|aggregated|(?:regions|zones)/[^/]+(?=/)))?/?(.*)")
_CONTAINER = re.compile(r"/v1(?:beta1)?/(projects/[^/]+)/(?:locations|zones)/([^/]+)/(\w+)(/[^/:]+)?(.*)")
_VERBS = {"POST": "create", "PATCH": "update", "PUT": "update", "DELETE": "delete"}
_OPERATIONS = {"global": "globalOperations", "regions": "regionOperations", "zones": "zoneOperations"}
_LIFETIME = re.compile(r"(\d+)s")

Needed = tuple[str, str]  # a permission and the resource that it is needed for


class Iam:
    """Who may do what in a lab."""

    def __init__(self, cloud: Cloud, tokens: Tokens) -> None:
        self._cloud = cloud
        self._tokens = tokens

    def allows(self, principal: str, permission: str, resource: str) -> bool:
        """Tell whether nothing was taken away."""
        return not any(
            fnmatch.fnmatchcase(principal, denial.principal)
            and fnmatch.fnmatchcase(permission, denial.permission)
            and fnmatch.fnmatchcase(resource, denial.resource)
            for denial in self._cloud.state.denials
        )

    def check(self, principal: str, method: str, path: str, body: Json) -> None:
        """Refuse a request to Compute or Container that ``principal`` may not make."""
        for permission, resource in _needed(method, path, body):
            if self.allows(principal, permission, resource):
                continue
            if permission.startswith("compute."):  # hashicorp/terraform#18873
                text = f"Required '{permission}' permission for '{resource}'"
            else:  # kubeflow/trainer#1175, terraform-google-modules/terraform-google-kubernetes-engine#926
                text = f'Required "{permission}" permission(s) for "{resource}".'
            raise ApiError(403, "forbidden", text)

    def check_quota_project(self, principal: str, project: str, service: str) -> None:
        """Refuse a request that ``principal`` wants to put to the account of a project that it may not use."""
        if self.allows(principal, USE_SERVICES, f"projects/{project}"):
            return
        # Text and details: hashicorp/terraform-provider-google#17938.
        page = f"https://console.developers.google.com/iam-admin/iam/project?project={project}"
        text = (
            f"Caller does not have required permission to use project {project}. Grant the caller the "
            "roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use "
            f"permission, by visiting {page} and then retry. Propagation of the new permission may take a few minutes."
        )
        link = {"description": "Google developer console IAM admin", "url": page}
        details: list[Json] = [
            {"@type": "type.googleapis.com/google.rpc.Help", "links": [link]},
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "USER_PROJECT_DENIED",
                "domain": "googleapis.com",
                "metadata": {"consumer": f"projects/{project}", "service": service},
            },
        ]
        raise ApiError(403, "forbidden", text, details=details)

    def generate_access_token(self, call: Call) -> Json:
        """Answer an access token of another service account, if each in the chain may act as the next."""
        scopes, delegates = call.json.get("scope"), call.json.get("delegates") or []
        lifetime = _LIFETIME.fullmatch(str(call.json.get("lifetime") or f"{LONGEST_LIFETIME}s"))
        are_lists = isinstance(scopes, list) and isinstance(delegates, list)
        if not are_lists or not scopes or lifetime is None or not 0 < int(lifetime[1]) <= LONGEST_LIFETIME:
            raise bad_request(invented.IMPERSONATION.format(most=LONGEST_LIFETIME))
        chain = [str(name).rpartition("/")[2] for name in delegates]
        actor = call.principal
        for account in [*chain, call.params["account"]]:
            if not self.allows(actor, ACT_AS, f"projects/-/serviceAccounts/{account}"):
                raise _may_not_act()
            actor = account
        token, seconds = self._tokens.issue(actor, int(lifetime[1]))
        expires = datetime.now(UTC) + timedelta(seconds=seconds)
        return {"accessToken": token, "expireTime": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def deny(self, call: Call) -> Json:
        """Take a permission away; answer the denial's id."""
        asked = {"principal": "*", "resource": "*", **call.json}
        if asked.keys() != {"principal", "permission", "resource"} or not all(
            isinstance(value, str) for value in asked.values()
        ):
            raise bad_request('The lab expects {"permission": "compute.*", "principal": "*", "resource": "*"}.')
        state = self._cloud.state
        state.denials_made += 1
        state.denials.append(Denial(str(state.denials_made), **asked))
        return {"id": state.denials[-1].identity}

    def denials(self, _: Call) -> Json:
        """Answer all denials."""
        shown = [vars(denial) for denial in self._cloud.state.denials]
        return {"denials": [{("id" if key == "identity" else key): one[key] for key in one} for one in shown]}

    def restore(self, call: Call) -> Json:
        """Delete a denial, or all."""
        denials, wanted = self._cloud.state.denials, call.params.get("denial")
        kept = [denial for denial in denials if wanted not in (None, denial.identity)]
        if wanted is not None and len(kept) == len(denials):
            raise ApiError(404, "notFound", f"The lab has no denial {wanted}.")
        denials[:] = kept
        return {}


def _may_not_act() -> ApiError:
    # Text and details: google-github-actions/auth#340.
    details = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "IAM_PERMISSION_DENIED",
        "domain": "iam.googleapis.com",
        "metadata": {"permission": ACT_AS},
    }
    text = f"Permission '{ACT_AS}' denied on resource (or it may not exist)."
    return ApiError(403, "forbidden", text, details=[details])


def _needed(method: str, path: str, body: Json) -> Iterator[Needed]:
    """Yield what a request to Compute or Container needs; nothing for other paths."""
    compute, container = _COMPUTE.fullmatch(path), _CONTAINER.fullmatch(path)
    if compute is not None:
        yield from _of_compute(method, path, body, compute)
    elif container is not None:
        yield from _of_container(method, container)


def _of_compute(method: str, path: str, body: Json, match: re.Match[str]) -> Iterator[Needed]:
    project, (collection, *rest) = match[1], match[2].split("/")
    place = path.removeprefix("/compute/v1/")
    if collection == "operations":
        scope = place.split("/")[2]
        yield f"compute.{_OPERATIONS[scope]}.{'get' if rest else 'list'}", place.removesuffix("/wait")
    elif method == "GET":
        verb = "get" if rest or not collection else "list"
        yield f"compute.{collection or 'projects'}.{verb}", place if verb == "get" else project
    elif len(rest) > 1:  # a method of its own: subnetworks/S/expandIpCidrRange
        yield f"compute.{collection}.{rest[1]}", place.rpartition("/")[0]
    else:
        name = place if rest else f"{place}/{body.get('name', '')}"
        yield f"compute.{collection}.{_VERBS[method]}", name
        changes_network = collection == "firewalls" or (collection == "subnetworks" and method != "PATCH")
        network = str(body.get("network", "")).rpartition("/")[2]
        if changes_network and network:
            yield "compute.networks.updatePolicy", f"{project}/global/networks/{network}"


def _of_container(method: str, match: re.Match[str]) -> Iterator[Needed]:
    project, location, collection, name, rest = match.groups()
    if collection == "clusters" and name:
        verb = "get" if method == "GET" else "update"
        if method == "DELETE" and not rest:
            verb = "delete"
        kind = "zones" if location.count("-") > 1 else "locations"
        yield f"container.clusters.{verb}", f"{project}/{kind}/{location}/clusters{name}"
    elif collection == "clusters":
        yield f"container.clusters.{'list' if method == 'GET' else 'create'}", project
    elif collection == "operations":
        yield f"container.operations.{'get' if name else 'list'}", project
