# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How one API server is reached: its address, its CA, and who we are."""

from __future__ import annotations

import ipaddress
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

from ..errors import AccessError, InvalidOptions, Problem
from ..libraries import library
from ..secrecy import is_open, without_login
from .kubeconfig import Kubeconfig

Headers = dict[str, str]


@dataclass(frozen=True)
class Identity:
    """Who we are to an API server; only the headers are secret."""

    name: str  # "the token of api_key"
    headers: Callable[[], Headers]  # authorization, as far as we know still valid
    remedy: str  # what to do if the server does not accept it
    renew: Callable[[], None] = lambda: None  # gets another token in place of a refused one, if there can be one


@dataclass(frozen=True)
class Connection:
    """What every request needs. Secrets stay in memory, except the client key of a kubeconfig (see tmpdir)."""

    host: str  # "https://203.0.113.5"
    pool: Any  # urllib3.PoolManager, with the CA, the client certificate and the proxy in it
    tls: ssl.SSLContext | None  # the same for web sockets (exec); None: without TLS
    identity: Identity
    hint: str = "check the address"  # what to look at if nobody answers there
    proxy: str | None = None  # on the way to this host; None: the host is reached directly
    server_name: str | None = None  # whose certificate is expected; None: the host's
    _renewing: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def headers(self) -> Headers:
        """Return the headers that say who we are."""
        return self.identity.headers()

    @property
    def doubt(self) -> str:
        """Return why nobody can be sure who answers, for a warning; empty: that is certain."""
        if is_open(self.host):
            cause = "is asked without TLS"
        elif self.tls and self.tls.verify_mode is ssl.CERT_NONE:
            cause = "may be anybody: its certificate is not verified (validate_certs, or insecure-skip-tls-verify)"
        else:
            return ""
        return f"the API server at {self.host} {cause}; who is in between reads and changes all, the credentials too"

    def renewed(self, refused: Headers) -> bool:
        """Get others in place of headers that the server has refused; tell whether there are others."""
        with self._renewing:  # commands run in several threads, and all of them hear of it at once
            if self.identity.headers() == refused:
                self.identity.renew()
        return self.identity.headers() != refused


def from_endpoint(endpoint: str, ca: str, identity: Identity, proxy: str | None = None) -> Connection:
    """Return a connection to a GKE cluster's endpoint.

    :param endpoint: address, with a port if it is not 443; Container API Cluster.endpoint.
    :param ca: PEM of the cluster's CA; empty for a public certificate (DNS endpoints).
    """
    if not _is_address(f"https://{endpoint}") or "/" in endpoint:
        raise InvalidOptions([Problem("gke_cluster.endpoint", endpoint, "is no address, as 203.0.113.5")])
    configuration = library("kubernetes.client.configuration", "kubernetes").Configuration()
    configuration.host = f"https://{endpoint}"
    if proxy:
        configuration.proxy = proxy
    return _connection(configuration, ca or None, identity, _hint_for(endpoint))


def from_options(params: dict[str, Any], tmpdir: str, hide: Callable[..., None] = lambda *secrets: None) -> Connection:
    """Return a connection from host and api_key, or from a kubeconfig, with kubernetes.core's names and order.

    :param tmpdir: a private folder for certificates that a kubeconfig holds as data; the library wants files.
    :param hide: is told what of the kubeconfig nobody shall see.
    :raises InvalidOptions: host is no address.
    :raises AccessError: the kubeconfig cannot be read, has no such context, or its server is no address.
    """
    configuration = library("kubernetes.client.configuration", "kubernetes").Configuration()
    if params["host"]:
        if not _is_address(params["host"]):
            says = "is no address of an API server, as https://203.0.113.5"
            raise InvalidOptions([Problem("host", params["host"], says)])
        configuration.host = params["host"]
        hint = "check host (K8S_AUTH_HOST), and proxy"
        name, remedy = "a request without a token", "set api_key (K8S_AUTH_API_KEY), or client_cert and client_key"
        identity = Identity(name, dict, remedy)
    else:
        source = Kubeconfig(params["kubeconfig"], params["context"], tmpdir, hide)
        source.load(configuration)
        if not _is_address(configuration.host):
            server = without_login(configuration.host)
            raise AccessError(f"{source}: its server {server} is no address of an API server, as https://203.0.113.5")
        hint = f"check the server of {source}, and proxy"
        identity = Identity(
            f"the credentials of {source}",
            lambda: source.headers(configuration),
            "get new ones: log in again, or let the cluster's administrator renew the file",
            lambda: source.load(configuration),
        )
    if params["api_key"]:
        bearer = {"authorization": f"Bearer {params['api_key']}"}
        remedy = "it has expired or was revoked, or is another cluster's; set a new one (kubectl create token NAME)"
        identity = Identity("the token of api_key", lambda: bearer, remedy)
    for option, attribute in (
        ("ca_cert", "ssl_ca_cert"),
        ("client_cert", "cert_file"),
        ("client_key", "key_file"),
        ("validate_certs", "verify_ssl"),
        ("proxy", "proxy"),
    ):
        if params[option] is not None:
            setattr(configuration, attribute, params[option])
    return _connection(configuration, None, identity, hint)


def _is_address(host: str) -> bool:
    """Tell whether it has a scheme and a host; without a scheme, the token would be sent in the clear."""
    try:
        parts = urlsplit(host)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _hint_for(endpoint: str) -> str:
    """Return what to look at if a cluster's endpoint cannot be reached."""
    kinds = "gke_cluster.endpoint_kind chooses among public, private and dns"
    try:
        address = ipaddress.ip_address(urlsplit(f"//{endpoint}").hostname or "")
    except ValueError:
        return f"see whether this machine reaches Google's front ends; {kinds}"
    if address.is_private and not address.is_loopback:
        return f"it is the private endpoint, for the cluster's VPC and what is connected to it; {kinds}; or set proxy"
    return f"see whether the cluster's authorized networks let this machine in; {kinds}"


def _connection(configuration: Any, ca: str | None, identity: Identity, hint: str) -> Connection:
    rest, urllib3 = library("kubernetes.client.rest", "kubernetes"), library("urllib3", "kubernetes")
    _take_proxies(configuration)
    try:
        login = _login(configuration.proxy)
        if login:
            configuration.proxy_headers = urllib3.make_headers(proxy_basic_auth=login)
        pool = rest.RESTClientObject(configuration).pool_manager
    except ImportError as error:
        raise AccessError(f"the proxy for {configuration.host} cannot be used: {error}") from error
    except (urllib3.exceptions.HTTPError, ValueError):
        # The library quotes a part of the address, which may be one of the password; a traceback would show it, too.
        text = f"the proxy for {configuration.host} cannot be used: its address is none; {_ESCAPES}"
        raise AccessError(text) from None
    try:
        tls = ssl.create_default_context(cafile=configuration.ssl_ca_cert, cadata=ca)
        if configuration.cert_file:
            tls.load_cert_chain(configuration.cert_file, configuration.key_file)
    except (OSError, ssl.SSLError) as error:
        raise AccessError(f"the certificates for {configuration.host} cannot be used: {error}") from error
    if ca:  # urllib3 before 2 takes none as a text, and compares names itself, for which a context has to be its own
        context = urllib3.util.ssl_.create_urllib3_context()
        context.load_verify_locations(cadata=ca)
        pool.connection_pool_kw["ssl_context"] = context
    if not configuration.verify_ssl:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    # The library has decided whether the proxy is for this host (NO_PROXY); web sockets go the same way.
    proxy = None if pool.__class__ is urllib3.PoolManager else configuration.proxy
    host, name = without_login(configuration.host).rstrip("/"), configuration.tls_server_name
    return Connection(host, pool, tls, identity, hint, proxy, name)


def _take_proxies(configuration: Any) -> None:
    """Take what is not given from the environment, as newer versions of the library do."""
    proxies = getproxies()
    scheme = urlsplit(configuration.host).scheme
    configuration.proxy = configuration.proxy or proxies.get(scheme) or proxies.get("all")
    configuration.no_proxy = configuration.no_proxy or proxies.get("no")


_ESCAPES = "it is http://host:port, and in a password # / ? @ and : are written %23 %2F %3F %40 and %3A"


def _login(proxy: str | None) -> str:
    """Return "user:password" of a proxy's address, empty if it has none; urllib3 does not send it by itself."""
    parts = urlsplit(proxy or "")
    return f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
