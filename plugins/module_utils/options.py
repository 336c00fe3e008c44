# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups of options that several modules share; each has its documentation under the same name in doc_fragments/.

The names and environment variables are those of google.cloud and kubernetes.core, so that what is set for them (the
credentials of AWX among it) works here unchanged.
"""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import env_fallback

Spec = dict[str, dict[str, Any]]


def google() -> Spec:
    """Return how Google is reached, and as whom (doc fragment ``google``)."""
    return {
        "project": {"type": "str", "fallback": (env_fallback, ["GCP_PROJECT"])},
        "auth_kind": {
            "type": "str",
            "choices": ["application", "serviceaccount", "accesstoken", "machineaccount"],
            "default": "application",
            "fallback": (env_fallback, ["GCP_AUTH_KIND"]),
        },
        "service_account_file": {"type": "path", "fallback": (env_fallback, ["GCP_SERVICE_ACCOUNT_FILE"])},
        "service_account_contents": {
            "type": "jsonarg",
            "no_log": True,
            "fallback": (env_fallback, ["GCP_SERVICE_ACCOUNT_CONTENTS"]),
        },
        "access_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["GCP_ACCESS_TOKEN"])},
        "service_account_email": {"type": "str", "fallback": (env_fallback, ["GCP_SERVICE_ACCOUNT_EMAIL"])},
        "impersonate_service_account": {
            "type": "str",
            "fallback": (env_fallback, ["GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"]),
        },
        "scopes": {"type": "list", "elements": "str", "fallback": (env_fallback, ["GCP_SCOPES"])},
        "quota_project": {"type": "str", "fallback": (env_fallback, ["GOOGLE_CLOUD_QUOTA_PROJECT"])},
        "compute_endpoint": {"type": "str", "fallback": (env_fallback, ["MULTINET_COMPUTE_ENDPOINT"])},
        "container_endpoint": {"type": "str", "fallback": (env_fallback, ["MULTINET_CONTAINER_ENDPOINT"])},
        "iam_endpoint": {"type": "str", "fallback": (env_fallback, ["MULTINET_IAM_ENDPOINT"])},
    }


def wait(timeout: int) -> Spec:
    """Return whether and how long a module waits for what it started (doc fragment ``wait``).

    :param timeout: default of wait_timeout in seconds.
    """
    return {
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": timeout},
    }


def endpoint_kind() -> dict[str, Any]:
    """Return which of a cluster's endpoints is meant; without it, the one that Google names first."""
    return {"type": "str", "choices": ["public", "private", "dns"]}


def kubernetes() -> Spec:
    """Return how a cluster's API server is reached (doc fragment ``kubernetes``); includes :func:`google`."""
    return {
        **google(),
        "gke_cluster": {
            "type": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "location": {"type": "str", "required": True},
                "project": {"type": "str"},
                "endpoint": {"type": "str"},
                "ca_data": {"type": "str"},
                "endpoint_kind": endpoint_kind(),
            },
        },
        "kubeconfig": {"type": "path", "fallback": (env_fallback, ["K8S_AUTH_KUBECONFIG"])},
        "context": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_CONTEXT"])},
        "host": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_HOST"])},
        "api_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["K8S_AUTH_API_KEY"])},
        "ca_cert": {
            "type": "path",
            "aliases": ["ssl_ca_cert"],
            "fallback": (env_fallback, ["K8S_AUTH_SSL_CA_CERT"]),
        },
        "client_cert": {"type": "path", "aliases": ["cert_file"], "fallback": (env_fallback, ["K8S_AUTH_CERT_FILE"])},
        "client_key": {
            "type": "path",
            "aliases": ["key_file"],
            "no_log": False,  # the path of a key, not the key
            "fallback": (env_fallback, ["K8S_AUTH_KEY_FILE"]),
        },
        "validate_certs": {
            "type": "bool",
            "aliases": ["verify_ssl"],
            "fallback": (env_fallback, ["K8S_AUTH_VERIFY_SSL"]),
        },
        "proxy": {
            "type": "str",
            "no_log": True,  # a password may be in it
            "fallback": (env_fallback, ["K8S_AUTH_PROXY"]),
        },
    }
