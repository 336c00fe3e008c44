# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an API server answers, or the network in its place, said in our own classes."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Mapping
from typing import Any, TypeVar

from ..answers import seconds_of, shortened
from ..errors import AccessError, ApiError, Stale, Unreachable
from ..libraries import library
from .connection import Connection
from .permissions import remedy_for

API = "Kubernetes' API"
CONFLICTS = ("AlreadyExists", "Conflict")  # reasons of 409; k8s.io/apimachinery pkg/apis/meta/v1 StatusReason
BUSY = (429, 502, 503, 504)
UNKNOWN_PATH = b"404 page not found"  # what an API server says of a kind that it does not know

# X509_V_ERR_* of OpenSSL (ssl.SSLCertVerificationError.verify_code), by what helps.
_OF_TIME = (9, 10)  # not yet valid, expired
_OF_NAME = (62, 64)  # for another host name, for another address
_OTHER_NAME = "use the name or address for which the certificate was issued, if it is the right server"

_Kind = TypeVar("_Kind", bound=BaseException)


class Expired(ApiError):
    """The snapshot of which a list had read some pages is gone."""

    continuation: str | None = None  # reads on from the same place in what is there now, if the server offers that


def refusal(what: str, status: int, data: bytes, headers: Mapping[str, str] | None = None) -> ApiError:
    """Return the error for an answer with a Status object (or, from a proxy on the way, some other text).

    :param what: what was asked, as the user knows it: "read Pod default/samplepod".
    """
    answer = _status(data)
    reason = str(answer.get("reason") or "")
    message = shortened(str(answer.get("message") or "") or data.decode(errors="replace").strip(), API)
    if 300 <= status < 400:
        target = shortened((headers or {}).get("location", "somewhere else"), API)
        return ApiError(what, status, reason, f"redirected to {target}", remedy=f"that is no answer of {API}; {_CHECK}")
    if status == 410:
        expired = Expired(what, status, reason, message, remedy="run again")
        expired.continuation = (answer.get("metadata") or {}).get("continue") or None
        return expired
    kind = Stale if status == 409 and reason in CONFLICTS and not _is_about_fields(answer) else ApiError
    remedy = "run again" if status in BUSY else remedy_for(message) if status == 403 else ""
    asked_for = seconds_of((headers or {}).get("retry-after"))
    return kind(what, status, reason, message, remedy=remedy, retry_after=asked_for)


def is_missing(data: bytes) -> bool:
    """Tell whether the body of a 404 is an API server's own: there is no such object, or kind."""
    return "status" in _status(data) or data.strip() == UNKNOWN_PATH


def is_cut(data: bytes) -> bool:
    """Tell whether an answer begins as an object, but does not end as one."""
    return data.lstrip().startswith(b"{") and not data.rstrip().endswith(b"}")


def value_of(what: str, connection: Connection, data: bytes, field: str) -> dict[str, Any]:
    """Return the object, list, table or Status that an answer holds.

    :param field: that it must have: "kind", "items", "rows".
    :raises Unreachable: it holds none; who has answered is not an API server.
    """
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    kind = str if field == "kind" else list
    if not (isinstance(value, dict) and isinstance(value.get(field), kind)):
        said = shortened(data.decode(errors="replace").strip(), API, longest=200) or "nothing"
        raise Unreachable(f"{what}: {connection.host} answers what is no object of {API}: {said}; {_CHECK}")
    return value


def not_accepted(what: str, connection: Connection, data: bytes) -> AccessError:
    """Return the error for 401: the server does not know us by what we have sent."""
    message = refusal(what, 401, data).api_message
    identity = connection.identity
    return AccessError(
        f"{what}: the API server at {connection.host} does not accept {identity.name}: {message}; {identity.remedy}"
    )


def no_answer(what: str, connection: Connection, error: Exception) -> AccessError:
    """Return the error for a request without an answer.

    :param error: of urllib3, or of the network itself (OSError).
    """
    untrusted = _chained(error, ssl.SSLError)
    if untrusted is not None:
        return _not_trusted(what, connection, untrusted)
    exceptions = library("urllib3.exceptions", "kubernetes")
    if isinstance(error, exceptions.SSLError):  # urllib3 before 2 compares names itself
        return _certificate(what, connection, str(error), _OTHER_NAME)
    if isinstance(error, (exceptions.LocationValueError, exceptions.URLSchemeUnknown)):
        return AccessError(f"{what}: {connection.host} is no address of an API server: {error}; {connection.hint}")
    proxy = ", through the proxy" if isinstance(error, exceptions.ProxyError) else ""
    if isinstance(error, exceptions.ProtocolError):
        return incomplete(what, connection, proxy)
    if isinstance(error, exceptions.ReadTimeoutError):
        return Unreachable(f"{what}: the API server at {connection.host} does not answer{proxy} ({error}); run again")
    cause = _cause(error)
    return Unreachable(
        f"{what}: the API server at {connection.host} cannot be reached{proxy}: {cause}; {connection.hint}"
    )


def incomplete(what: str, connection: Connection, proxy: str = "") -> Unreachable:
    """Return the error for an answer of which only the beginning has come."""
    text = f"{what}: the API server at {connection.host} closed the connection before its answer was complete"
    return Unreachable(f"{text}{proxy}; run again")


_CHECK = "is there a proxy in between, or is that another server?"


def _status(data: bytes) -> dict[str, Any]:
    """Return a Status object, empty if it is none."""
    try:
        answer = json.loads(data)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _is_about_fields(answer: dict[str, Any]) -> bool:
    """Tell whether another manager has the fields that were applied: reading again does not help."""
    causes = (answer.get("details") or {}).get("causes") or ()
    return any(cause.get("reason") == "FieldManagerConflict" for cause in causes)


def _not_trusted(what: str, connection: Connection, error: ssl.SSLError) -> AccessError:
    if not isinstance(error, ssl.SSLCertVerificationError):
        reason = error.reason or str(error)
        return AccessError(
            f"{what}: no secure connection to the API server at {connection.host} ({reason}); {connection.hint}"
        )
    if error.verify_code in _OF_TIME:
        remedy = "see to the server's certificate, and to the clock of this machine"
    elif error.verify_code in _OF_NAME:
        remedy = _OTHER_NAME
    else:
        remedy = "give the cluster's own CA (ca_cert, gke_cluster.ca_data, or the kubeconfig's)"
    return _certificate(what, connection, error.verify_message.rstrip("."), remedy)


def _certificate(what: str, connection: Connection, why: str, remedy: str) -> AccessError:
    return AccessError(
        f"{what}: the certificate of the API server at {connection.host} is not trusted: {why}; {remedy}"
    )


def _chained(error: BaseException, kind: type[_Kind]) -> _Kind | None:
    """Return the exception of a kind that an error is, holds, or comes from."""
    seen: list[BaseException] = [error]
    for each in seen:
        if isinstance(each, kind):
            return each
        held = [*each.args, each.__cause__, each.__context__]
        seen += [other for other in held if isinstance(other, BaseException) and other not in seen]
    return None


def _cause(error: Exception) -> str:
    """Return in a few words why there is no connection."""
    reason = _chained(error, OSError)
    if isinstance(reason, socket.gaierror):
        return f"its name is not known ({reason.strerror})"
    if isinstance(reason, TimeoutError):
        return "nobody answers"
    if isinstance(reason, OSError):
        return reason.strerror or str(reason)
    return str(error)
