# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From options to a cluster's authorised client: the one place that joins Google's credentials and an endpoint."""

from __future__ import annotations

import base64
from typing import Any

from . import access
from .errors import AccessError, Refused
from .gcp.cluster.cluster_endpoints import reach
from .gcp.credentials import find_credentials
from .kube import connection
from .kube.client import Kube, Nowhere
from .kube.connection import Identity
from .reconcile import Context
from .secrecy import hide_strays
from .waiting import Deadline

Params = dict[str, Any]


def kubernetes(params: Params, context: Context) -> Kube:
    """Return a client for a cluster's API server.

    :param params: validated options, with those of options.kubernetes().
    :returns: :class:`Nowhere` in check mode if gke_cluster.endpoint is an empty string: the cluster is still to be
        made, so there is nothing in it and nobody to ask.
    :raises Refused: the same without check mode.
    :raises AccessError: there are no usable credentials, or the kubeconfig or the CA cannot be used.
    """
    hide_strays(params, context.hide)
    gke = params["gke_cluster"]
    # Of the modules that have this group of options, wait_timeout is for all that they do.
    deadline = Deadline(params["wait_timeout"]) if "wait" in params else None
    if not gke:
        way = connection.from_options(params, context.tmpdir, context.hide)
        if way.doubt:
            context.warn(way.doubt)
        return Kube(way, deadline=deadline, progress=context.progress)
    endpoint, ca_data = gke["endpoint"], gke["ca_data"]
    if endpoint is None:
        endpoint, ca_data = _look_up(params, context)
    if not endpoint:
        if context.check_mode:
            return Nowhere()
        raise Refused(f"cluster {gke['name']} has no endpoint yet: create it first (gke_multinet_cluster)")
    credentials = find_credentials(params, context.hide)
    caller = credentials.caller
    identity = Identity(
        caller.name,
        lambda: {"authorization": f"Bearer {credentials.access_token()}"},
        caller.remedy,
        credentials.renew,
    )
    way = connection.from_endpoint(endpoint, _pem(ca_data or ""), identity, params["proxy"])
    return Kube(way, deadline=deadline, progress=context.progress)


def _pem(ca_data: str) -> str:
    """Return the PEM that the Container API gives in base64."""
    try:
        return base64.b64decode(ca_data).decode("ascii")
    except ValueError as error:
        raise AccessError(f"gke_cluster.ca_data is not a certificate (PEM) in base64: {error}") from error


def _look_up(params: Params, context: Context) -> tuple[str, str]:
    """Return endpoint and CA of a GKE cluster, empty if there is no such cluster.

    :raises Refused: the cluster lets no clients in at an endpoint of that kind.
    """
    gke = params["gke_cluster"]
    cluster = access.google(params, context).find_cluster(gke["location"], gke["name"])
    return reach(cluster, gke["endpoint_kind"]) if cluster else ("", "")
