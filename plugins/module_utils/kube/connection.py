# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How one API server is reached: its address, its CA, and who we are."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import AccessError
from ..libraries import library


@dataclass(frozen=True)
class Connection:
    """What every request needs. Secrets stay in memory, except the client key of a kubeconfig (see tmpdir)."""

    host: str  # "https://203.0.113.5"
    pool: Any  # urllib3.PoolManager, with the CA, the client certificate and the proxy in it
    tls: ssl.SSLContext  # the same for web sockets (exec)
    headers: Callable[[], dict[str, str]]  # authorization
    proxy: str | None = None  # on the way to this host; None: the host is reached directly


def from_endpoint(endpoint: str, ca: str, token: Callable[[], str], proxy: str | None = None) -> Connection:
    """Return a connection to a GKE cluster's endpoint.

    :param endpoint: address, with a port if it is not 443; Container API Cluster.endpoint.
    :param ca: PEM of the cluster's CA; empty for a public certificate (DNS endpoints).
    :param token: returns a valid access token each time it is called.
    """
    configuration = library("kubernetes.client", "kubernetes").Configuration()
    configuration.host = f"https://{endpoint}"
    if proxy:
        configuration.proxy = proxy
    return _connection(configuration, ca or None, lambda: {"authorization": f"Bearer {token()}"})


def from_options(params: dict[str, Any], tmpdir: str) -> Connection:
    """Return a connection from host and api_key, or from a kubeconfig, with kubernetes.core's names and order.

    :param tmpdir: a private folder for certificates that a kubeconfig holds as data; the library wants files.
    :raises AccessError: the kubeconfig cannot be read, or has no such context.
    """
    client = library("kubernetes.client", "kubernetes")
    configuration = client.Configuration()
    if params["host"]:
        configuration.host = params["host"]
    else:
        config, yaml = library("kubernetes.config", "kubernetes"), library("yaml", "PyYAML")
        try:
            config.load_kube_config(
                config_file=params["kubeconfig"],
                context=params["context"],
                client_configuration=configuration,
                persist_config=False,
                temp_file_path=tmpdir,
            )
        # The last two are what the library makes of a file with a text or a list where a mapping should be.
        except (config.ConfigException, yaml.YAMLError, OSError, ValueError, TypeError, AttributeError) as error:
            raise AccessError(f"the kubeconfig cannot be used: {error}") from error
    if params["api_key"]:
        configuration.api_key = {"authorization": f"Bearer {params['api_key']}"}
        configuration.refresh_api_key_hook = None  # it would bring back the kubeconfig's own
    for option, attribute in (
        ("ca_cert", "ssl_ca_cert"),
        ("client_cert", "cert_file"),
        ("client_key", "key_file"),
        ("validate_certs", "verify_ssl"),
        ("proxy", "proxy"),
    ):
        if params[option] is not None:
            setattr(configuration, attribute, params[option])
    return _connection(configuration, None, lambda: _headers(configuration))


def _headers(configuration: Any) -> dict[str, str]:
    """Return the authorization header as the library would send it; it refreshes tokens of exec plugins.

    The token of a kubeconfig (or its user and password, encoded) is under the first name, in older versions under the
    second one.
    """
    names = ("BearerToken", "authorization")
    value = next(filter(None, map(configuration.get_api_key_with_prefix, names)), None)
    return {"authorization": value} if value else {}


def _connection(configuration: Any, ca: str | None, headers: Callable[[], dict[str, str]]) -> Connection:
    rest = library("kubernetes.client.rest", "kubernetes")
    pool = rest.RESTClientObject(configuration).pool_manager
    try:
        tls = ssl.create_default_context(cafile=configuration.ssl_ca_cert, cadata=ca)
        if configuration.cert_file:
            tls.load_cert_chain(configuration.cert_file, configuration.key_file)
    except (OSError, ssl.SSLError) as error:
        raise AccessError(f"the certificates for {configuration.host} cannot be used: {error}") from error
    if ca:
        pool.connection_pool_kw["ca_cert_data"] = ca
    if not configuration.verify_ssl:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    # The library has decided whether the proxy is for this host (NO_PROXY); web sockets go the same way.
    is_direct = pool.__class__ is library("urllib3", "kubernetes").PoolManager
    return Connection(
        configuration.host.rstrip("/"), pool, tls, headers, proxy=None if is_direct else configuration.proxy
    )
