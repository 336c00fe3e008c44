# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every failure that a user can meet, with its fields.

Only these classes leave a layer. A module turns them into ``fail_json`` in one place (:mod:`module`): the text becomes
``msg``, :meth:`MultinetError.details` the other keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class MultinetError(Exception):
    """Root of all failures; the text says what happened and what to do."""

    done: tuple[str, ...] = ()  # titles of what this run has done or started beside what failed

    def details(self) -> dict[str, Any]:
        """Return the structured fields, to be returned beside ``msg``."""
        return {}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in the options, found before anything was asked of an API."""

    path: str  # where in the options, "subnetworks[0].ip_cidr_range"
    value: object  # what stands there
    message: str  # what is wrong with it and what would be right

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.value is None else f"{self.path}: {self.value!r}: {self.message}"


class InvalidOptions(MultinetError):
    """The options contradict themselves or a rule; all problems at once."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{count} in the options, nothing was changed:", *_items(problems)]))

    def details(self) -> dict[str, Any]:
        """Return ``errors``: path, value and message of each problem."""
        return {"errors": [{"path": p.path, "value": p.value, "msg": p.message} for p in self.problems]}


class Problems:
    """Collects problems, so that the user hears of all of them at once."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(self, path: str, value: object, message: str) -> None:
        """Note one problem."""
        self._found.append(Problem(path, value, message))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Take over what was noted elsewhere."""
        self._found.extend(problems)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found)

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_if_any(self) -> None:
        """Raise :class:`InvalidOptions` if anything was noted."""
        if self._found:
            raise InvalidOptions(self._found)


class Refused(MultinetError):
    """The change is possible but was not asked for clearly enough, or would lose something; nothing was changed."""


class Immutable(Refused):
    """Fields of an existing resource differ and cannot be changed in place; all of them at once."""

    def __init__(self, resource: str, differences: Mapping[str, tuple[object, object]], remedy: str) -> None:
        """Take what each field is, and what it was to be: field -> (have, want)."""
        self.resource, self.differences = resource, dict(differences)
        fields = ", ".join(
            f"{field} cannot be changed (have {have!r}, want {want!r})" for field, (have, want) in differences.items()
        )
        super().__init__(f"{resource}: {fields}; {remedy}")

    def details(self) -> dict[str, Any]:
        """Return ``resource`` and ``immutable``: the fields with both values."""
        differences = [{"field": field, "have": have, "want": want} for field, (have, want) in self.differences.items()]
        return {"resource": self.resource, "immutable": differences}


class Refusals(Refused):
    """Several refusals, so that the user hears of all of them at once."""

    def __init__(self, refusals: Sequence[Refused]) -> None:
        self.refusals = refusals
        super().__init__("\n".join([f"{len(refusals)} things are refused, nothing was changed:", *_items(refusals)]))

    def details(self) -> dict[str, Any]:
        """Return ``refusals``: message and fields of each."""
        return {"refusals": [{"msg": str(each), **each.details()} for each in self.refusals]}


def refuse(refusals: Iterable[Refused]) -> None:
    """Raise what there is: nothing, one refusal, or all of them together."""
    found = list(refusals)
    if found:
        raise found[0] if len(found) == 1 else Refusals(found)


class InUse(Refused):
    """Something cannot be deleted because of others; all of them, with what removes them."""

    def __init__(self, resource: str, users: Sequence[str], remedy: str) -> None:
        self.resource, self.users = resource, users
        first = f"{resource} cannot be deleted, and nothing was changed: it is used by"
        super().__init__("\n".join([first, *_items(users), remedy]))

    def details(self) -> dict[str, Any]:
        """Return ``resource`` and ``users``."""
        return {"resource": self.resource, "users": list(self.users)}


def _items(things: Iterable[object]) -> Iterator[str]:
    return (f"- {each}" for each in things)


class MissingLibrary(MultinetError):
    """A Python package that this module needs is not installed where it runs."""

    def __init__(self, package: str, python: str, cause: str) -> None:
        self.package = package
        super().__init__(
            f"The Python package {package} is missing for {python} ({cause}). "
            f"Install it with: {python} -m pip install {package}"
        )

    def details(self) -> dict[str, Any]:
        """Return the package's name."""
        return {"missing_library": self.package}


class AccessError(MultinetError):
    """No credentials, unusable credentials, or an API server that cannot be reached."""


class ServiceDisabled(AccessError):
    """The project does not use the API that was asked, so there is nothing of it in the project."""


class Unreachable(AccessError):
    """A server gave no answer; what was asked of it may have happened or not."""


class ApiError(MultinetError):
    """A Google or Kubernetes API refused a request."""

    def __init__(
        self, what: str, status: int, reason: str, message: str, *, remedy: str = "", retry_after: float = 0.0
    ) -> None:
        """Take what was asked and what was answered.

        :param remedy: what to do about it, where that is known.
        :param retry_after: seconds for which the server asks to be left alone.
        """
        self.what, self.status, self.reason, self.api_message = what, status, reason, message
        self.retry_after = retry_after
        text = " ".join(filter(None, (f"{what}: HTTP {status}", reason))) + f": {message}"
        super().__init__(f"{text}; {remedy}" if remedy else text)

    def details(self) -> dict[str, Any]:
        """Return ``api_error``: status, reason and the server's own words."""
        return {"api_error": {"status": self.status, "reason": self.reason, "message": self.api_message}}


class Stale(ApiError):
    """The resource has changed since it was read: it is to be read again. Somebody else has changed it, if not we."""

    perhaps_done = False  # an earlier try of the same change got no answer: it may be what has changed the resource


class OperationFailed(MultinetError):
    """A long-running Google operation ended with an error."""

    def __init__(self, operation: str, title: str, errors: list[dict[str, str]]) -> None:
        self.operation, self.errors = operation, errors
        self.titles: tuple[str, ...] = (title,)
        reasons = "; ".join(f"{error.get('code', '')}: {error.get('message', '')}".strip(": ") for error in errors)
        super().__init__(f"{title} failed (operation {operation}): {reasons}")

    @classmethod
    def of_several(cls, failures: Sequence[OperationFailed]) -> OperationFailed:
        """Return one failure for operations that were under way together."""
        errors = [{**error, "operation": each.operation} for each in failures for error in each.errors]
        failed = cls(failures[0].operation, "", errors)
        failed.titles = tuple(title for each in failures for title in each.titles)
        failed.args = ("\n".join(map(str, failures)),)
        return failed

    def details(self) -> dict[str, Any]:
        """Return ``operation`` and its ``errors`` with code and message."""
        return {"operation": self.operation, "operation_errors": self.errors}


class TimedOut(MultinetError):
    """Something did not come true in the given time; what was started goes on without us."""

    def __init__(self, what: str, seconds: float, last_seen: str, *, remedy: str = "") -> None:
        self.what, self.seconds, self.last_seen = what, seconds, last_seen
        text = f"{what} did not happen within {seconds:.0f} s; last seen: {last_seen}"
        super().__init__(f"{text}; {remedy}" if remedy else text)

    def details(self) -> dict[str, Any]:
        """Return what was waited for and what was last seen."""
        return {"waited_for": self.what, "last_seen": self.last_seen}


class VerificationFailed(MultinetError):
    """The cluster was looked at, and something is not as it should be."""

    def __init__(self, summary: str, report: dict[str, Any]) -> None:
        self.report = report
        super().__init__(summary)

    def details(self) -> dict[str, Any]:
        """Return the whole report."""
        return self.report
