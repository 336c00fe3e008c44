# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of module_utils/options.py, google()."""

from __future__ import annotations


class ModuleDocFragment:
    """How Google is reached, and as whom."""

    DOCUMENTATION = r"""
options:
  project:
    description:
      - The Google Cloud project.
      - If not set, the value of the environment variable E(GCP_PROJECT) is used.
    type: str
  auth_kind:
    description:
      - The kind of credentials. Options of the other kinds are ignored.
      - V(application) takes Google's application default credentials. A file that E(GOOGLE_APPLICATION_CREDENTIALS)
        names may be of any type that Google has, among them C(authorized_user), C(external_account) (workload identity
        federation) and C(impersonated_service_account).
      - V(serviceaccount) takes O(service_account_file) or O(service_account_contents).
      - V(accesstoken) takes O(access_token).
      - V(machineaccount) takes the service account of the machine of Google's on which the module runs.
      - If not set, the value of the environment variable E(GCP_AUTH_KIND) is used.
    type: str
    choices: [application, serviceaccount, accesstoken, machineaccount]
    default: application
  service_account_file:
    description:
      - Path of a service account's key file.
      - If not set, the value of the environment variable E(GCP_SERVICE_ACCOUNT_FILE) is used.
    type: path
  service_account_contents:
    description:
      - Contents of a service account's key file, as a dictionary or as JSON.
      - If not set, the value of the environment variable E(GCP_SERVICE_ACCOUNT_CONTENTS) is used.
    type: jsonarg
  access_token:
    description:
      - An OAuth 2.0 access token. It cannot be renewed, so it must last as long as the task.
      - If not set, the value of the environment variable E(GCP_ACCESS_TOKEN) is used.
    type: str
  service_account_email:
    description:
      - With O(auth_kind=machineaccount), which of the machine's service accounts is used, if not the default one.
      - If not set, the value of the environment variable E(GCP_SERVICE_ACCOUNT_EMAIL) is used.
    type: str
  impersonate_service_account:
    description:
      - E-mail address of a service account as which the module acts, whatever the credentials are. These need the role
        C(roles/iam.serviceAccountTokenCreator) on it.
      - If not set, the value of the environment variable E(GOOGLE_IMPERSONATE_SERVICE_ACCOUNT) is used.
    type: str
  scopes:
    description:
      - OAuth 2.0 scopes of the access token.
      - If not set, the value of the environment variable E(GCP_SCOPES) is used, separated by commas, and otherwise
        C(https://www.googleapis.com/auth/cloud-platform) and C(https://www.googleapis.com/auth/userinfo.email).
    type: list
    elements: str
  quota_project:
    description:
      - The project whose quota the requests use, if not that of the credentials. It needs the permission
        C(serviceusage.services.use).
      - If not set, the value of the environment variable E(GOOGLE_CLOUD_QUOTA_PROJECT) is used.
    type: str
  compute_endpoint:
    description:
      - Address of the Compute Engine API, if it is not Google's public one; for example that of a rehearsal lab.
      - It is refused if the access token could be read on the way to it (V(http://), on another machine).
      - If not set, the value of the environment variable E(MULTINET_COMPUTE_ENDPOINT) is used.
    type: str
  container_endpoint:
    description:
      - Address of the Kubernetes Engine API, if it is not Google's public one; for example that of a rehearsal lab.
      - It is refused if the access token could be read on the way to it (V(http://), on another machine).
      - If not set, the value of the environment variable E(MULTINET_CONTAINER_ENDPOINT) is used.
    type: str
  iam_endpoint:
    description:
      - Address of the IAM Service Account Credentials API, which O(impersonate_service_account) asks, if it is not
        Google's public one.
      - It is refused if the access token could be read on the way to it (V(http://), on another machine).
      - If not set, the value of the environment variable E(MULTINET_IAM_ENDPOINT) is used.
    type: str
notes:
  - The environment variables are those of the collection C(google.cloud), so the Google Compute Engine credential of
    AWX works unchanged.
  - C(docs/permissions.md) in the collection lists the IAM permissions that each module needs, with the roles that have
    them.
"""

    # For plugins, to be named before the above: Ansible reads their options from the environment itself.
    PLUGINS = r"""
options:
  project:
    env:
      - name: GCP_PROJECT
  auth_kind:
    env:
      - name: GCP_AUTH_KIND
  service_account_file:
    env:
      - name: GCP_SERVICE_ACCOUNT_FILE
  service_account_contents:
    type: raw
    env:
      - name: GCP_SERVICE_ACCOUNT_CONTENTS
  access_token:
    env:
      - name: GCP_ACCESS_TOKEN
  service_account_email:
    env:
      - name: GCP_SERVICE_ACCOUNT_EMAIL
  impersonate_service_account:
    env:
      - name: GOOGLE_IMPERSONATE_SERVICE_ACCOUNT
  scopes:
    env:
      - name: GCP_SCOPES
  quota_project:
    env:
      - name: GOOGLE_CLOUD_QUOTA_PROJECT
  compute_endpoint:
    env:
      - name: MULTINET_COMPUTE_ENDPOINT
  container_endpoint:
    env:
      - name: MULTINET_CONTAINER_ENDPOINT
  iam_endpoint:
    env:
      - name: MULTINET_IAM_ENDPOINT
"""
