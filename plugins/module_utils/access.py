# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From options to authorised clients: the one place that joins Google's credentials and a cluster's endpoint."""

from __future__ import annotations

import base64
from typing import Any

from .errors import AccessError, InvalidOptions, Problem, Refused
from .gcp.clients import Google
from .gcp.cluster_endpoints import reach
from .gcp.credentials import find_credentials
from .gcp.node_networks import NodeNetworks
from .kube import connection
from .kube.client import Kube, Nowhere
from .kube.connection import Identity
from .reconcile import Context
from .waiting import Deadline

Params = dict[str, Any]


def google(params: Params, context: Context) -> Google:
    """Return the clients for Compute and Container of one project, that of gke_cluster if it names one.

    :param params: validated options, with those of options.google().
    :raises AccessError: there are no usable credentials.
    """
    project = (params.get("gke_cluster") or {}).get("project") or params["project"]
    if not project:
        raise InvalidOptions([Problem("project", project, "is missing: set it, or GCP_PROJECT")])
    return Google(
        project=project,
        credentials=find_credentials(params),
        compute_endpoint=params["compute_endpoint"],
        container_endpoint=params["container_endpoint"],
        progress=context.progress,
    )


def kubernetes(params: Params, context: Context) -> Kube:
    """Return a client for a cluster's API server.

    :param params: validated options, with those of options.kubernetes().
    :returns: :class:`Nowhere` in check mode if gke_cluster.endpoint is an empty string: the cluster is still to be
        made, so there is nothing in it and nobody to ask.
    :raises Refused: the same without check mode.
    :raises AccessError: there are no usable credentials, or the kubeconfig or the CA cannot be used.
    """
    gke = params["gke_cluster"]
    # Of the modules that have this group of options, wait_timeout is for all that they do.
    deadline = Deadline(params["wait_timeout"]) if "wait" in params else None
    if not gke:
        return Kube(connection.from_options(params, context.tmpdir), deadline=deadline, progress=context.progress)
    endpoint, ca_data = gke["endpoint"], gke["ca_data"]
    if endpoint is None:
        endpoint, ca_data = _look_up(params, context)
    if not endpoint:
        if context.check_mode:
            return Nowhere()
        raise Refused(f"cluster {gke['name']} has no endpoint yet: create it first (gke_multinet_cluster)")
    credentials = find_credentials(params)
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


def node_networks(params: Params, context: Context) -> NodeNetworks | None:
    """Return who knows the networks of a GKE cluster's nodes; None if the cluster is not given as one."""
    gke = params["gke_cluster"]
    return NodeNetworks(lambda: google(params, context), gke["location"], gke["name"]) if gke else None


def _look_up(params: Params, context: Context) -> tuple[str, str]:
    """Return endpoint and CA of a GKE cluster, empty if there is no such cluster.

    :raises Refused: the cluster lets no clients in at an endpoint of that kind.
    """
    gke = params["gke_cluster"]
    cluster = google(params, context).find_cluster(gke["location"], gke["name"])
    return reach(cluster, gke["endpoint_kind"]) if cluster else ("", "")
