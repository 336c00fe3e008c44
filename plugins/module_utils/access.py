# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From options to authorised clients of Google."""

from __future__ import annotations

from typing import Any

from .errors import InvalidOptions, Problem
from .gcp.clients import Google
from .gcp.credentials import find_credentials
from .reconcile import Context
from .secrecy import hide_strays

Params = dict[str, Any]


def google(params: Params, context: Context) -> Google:
    """Return the clients for Compute and Container of one project, that of gke_cluster if it names one.

    :param params: validated options, with those of options.google().
    :raises AccessError: there are no usable credentials.
    """
    hide_strays(params, context.hide)
    project = (params.get("gke_cluster") or {}).get("project") or params["project"]
    if not project:
        raise InvalidOptions([Problem("project", project, "is missing: set it, or GCP_PROJECT")])
    return Google(
        project=project,
        credentials=find_credentials(params, context.hide),
        compute_endpoint=params["compute_endpoint"],
        container_endpoint=params["container_endpoint"],
        progress=context.progress,
    )
