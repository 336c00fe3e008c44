# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that are no options: tokens made of credentials, passwords in addresses, a document where its path belongs.

Ansible takes the options that are marked no_log out of what a module says; a run names these to it as well
(:meth:`reconcile.Context.hide`), because a server may repeat in its answer what it was sent.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from .errors import InvalidOptions, Problem

IS_DOCUMENT = "is a document; write it to a file, and give its path"
SHORTEST = 8  # characters; to hide less would make words unreadable that have nothing to do with it
PATHS = ("service_account_file", "kubeconfig", "ca_cert", "client_cert", "client_key")  # options
ADDRESSES = ("compute_endpoint", "container_endpoint", "iam_endpoint", "host", "proxy")  # options

_LOGIN = re.compile(r"((?:(?:[a-z][a-z0-9+.-]*:)?//)?)(.*)@", re.IGNORECASE | re.DOTALL)  # the scheme may be missing
# Of a type that is a path, Ansible has put a folder in front.
_DOCUMENT = re.compile(r"""\n|-----BEGIN|^\s*\{|\{\s*["']""")


def forms(secrets: Iterable[object]) -> set[str]:
    """Return secrets as they are, line by line, as a URL has them, as JSON, and as Python quotes them."""
    lines = {line for secret in secrets if secret for line in (str(secret), *str(secret).splitlines())}
    found = {form for line in lines for form in _written(line)}
    return {form for form in found if len(form) >= SHORTEST}


def hide_strays(params: Mapping[str, Any], hide: Callable[..., None]) -> None:
    """Hide the secrets in options that are to hold none, and refuse documents among them.

    :param hide: takes what is not to be shown.
    :raises InvalidOptions: a document stands where the path of a file belongs.
    """
    hide(*strays(params))
    problems = list(documents(params))
    if problems:
        raise InvalidOptions(problems)


def strays(params: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secrets in options that are to hold none: logins in addresses (in those of the environment's proxies,
    too), and documents where the path of a file belongs.
    """
    yield from (params[problem.path] for problem in documents(params))
    for address in (*(params.get(name) for name in ADDRESSES), *urllib.request.getproxies_environment().values()):
        yield from logins(address)


def without_login(address: str) -> str:
    """Return an address without user and password."""
    return _LOGIN.sub(r"\1", address)


def logins(address: str | None) -> Iterator[str]:
    """Yield user and password of an address as they stand there, the password, and what a header makes of both."""
    found = _LOGIN.match(address or "")
    if found and found[2]:
        login = found[2]
        password = login.partition(":")[2]
        yield from (login, password, unquote(password), base64.b64encode(unquote(login).encode()).decode())


def documents(params: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the options that hold a document where the path of a file belongs; it is not quoted."""
    for name in PATHS:
        if is_document(params.get(name)):
            yield Problem(name, None, IS_DOCUMENT)


def is_open(address: str) -> bool:
    """Tell whether what is sent to an address can be read on the way: it goes without TLS, and leaves this machine."""
    parts = urlsplit(address)
    if parts.scheme != "http" or parts.hostname == "localhost":
        return False
    try:
        return not ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return True


def is_document(value: str | None) -> bool:
    """Tell whether it is a key or a kubeconfig, and no path."""
    return bool(_DOCUMENT.search(value or ""))


def _written(line: str) -> tuple[str, ...]:
    return line, quote(line, safe=""), json.dumps(line)[1:-1], repr(line)[1:-1]
