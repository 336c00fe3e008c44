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
      - The kind of credentials.
      - V(application) takes Google's application default credentials.
      - V(serviceaccount) takes O(service_account_file) or O(service_account_contents).
      - V(accesstoken) takes O(access_token).
      - If not set, the value of the environment variable E(GCP_AUTH_KIND) is used.
    type: str
    choices: [application, serviceaccount, accesstoken]
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
      - An OAuth 2.0 access token.
      - If not set, the value of the environment variable E(GCP_ACCESS_TOKEN) is used.
    type: str
  compute_endpoint:
    description:
      - Address of the Compute Engine API, if it is not Google's public one; for example that of a rehearsal lab.
      - If not set, the value of the environment variable E(MULTINET_COMPUTE_ENDPOINT) is used.
    type: str
  container_endpoint:
    description:
      - Address of the Kubernetes Engine API, if it is not Google's public one; for example that of a rehearsal lab.
      - If not set, the value of the environment variable E(MULTINET_CONTAINER_ENDPOINT) is used.
    type: str
"""
