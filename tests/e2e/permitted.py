# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/permissions.md says that modules need in a cluster, and accounts that have exactly that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from harness import ROOT

DOCUMENT = (ROOT / "docs" / "permissions.md").read_text()
EVERYWHERE = "everywhere"
RBAC = "rbac.authorization.k8s.io"
HOME = "kube-system"  # of the accounts


@dataclass(frozen=True)
class Rule:
    """A row of the table."""

    module: str
    group: str
    resource: str
    verbs: tuple[str, ...]
    where: str  # EVERYWHERE, a namespace, or "option NAME"
    when: str = ""

    @property
    def kind(self) -> str:
        """Return the resource as kubectl and the notes name it."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    def namespace(self, options: dict[str, str]) -> str | None:
        """Return the namespace that it is for, None for all.

        :param options: the values of the options that name namespaces.
        """
        if self.where == EVERYWHERE:
            return None
        return options[self.where.removeprefix("option ")] if self.where.startswith("option ") else self.where


def documented() -> Iterator[Rule]:
    """Yield the rows of the table, of which empty cells in the first column repeat the module."""
    module = ""
    table = DOCUMENT.partition("| module | API group |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        first, group, resource, verbs, where, when = (cell.strip().replace("`", "") for cell in line.split("|")[1:-1])
        module = first or module
        yield Rule(module, group, resource, tuple(verbs.split(", ")), where, when)


RULES = tuple(documented())


def noted(module: str, notes: Iterable[str]) -> Iterator[Rule]:
    """Yield what the notes of a module's documentation say: "Needs C(get) and C(list) of C(pods) in O(namespace)"."""
    for note in notes:
        found = re.match(r"Needs (.+?) of C\((\S+?)\) (everywhere|in ([CO])\((\S+?)\))", note)
        if found:
            resource, _dot, group = found[2].partition(".")
            where = {None: EVERYWHERE, "C": found[5], "O": f"option {found[5]}"}[found[4]]
            yield Rule(module, group, resource, tuple(re.findall(r"C\((\w+)\)", found[1])), where)


def without(rules: Iterable[Rule], rule: Rule, verb: str) -> list[Rule]:
    """Return rules less one verb of one of them."""
    less = [replace(each, verbs=tuple(v for v in each.verbs if v != verb)) if each == rule else each for each in rules]
    return [each for each in less if each.verbs]


def account(name: str, rules: Iterable[Rule], options: dict[str, str]) -> list[dict[str, Any]]:
    """Return a service account in HOME that may do exactly what rules say: the documents to apply.

    :param options: the values of the options that name namespaces.
    """
    documents: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": HOME}}
    ]
    by_namespace: dict[str | None, list[Rule]] = {}
    for rule in rules:
        by_namespace.setdefault(rule.namespace(options), []).append(rule)
    for namespace, granted in by_namespace.items():
        kind = "Role" if namespace else "ClusterRole"
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        lines = [{"apiGroups": [r.group], "resources": [r.resource], "verbs": list(r.verbs)} for r in granted]
        documents += [
            {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata, "rules": lines},
            {
                "apiVersion": f"{RBAC}/v1",
                "kind": f"{kind}Binding",
                "metadata": metadata,
                "roleRef": {"apiGroup": RBAC, "kind": kind, "name": name},
                "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": HOME}],
            },
        ]
    return documents


def reviews(name: str, rules: Iterable[Rule], options: dict[str, str]) -> list[dict[str, Any]]:
    """Return the questions whether the API server knows already what an account may do."""
    return [
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": f"system:serviceaccount:{HOME}:{name}",
                "resourceAttributes": {
                    "namespace": rule.namespace(options) or "",
                    "verb": verb,
                    "group": rule.group,
                    "resource": rule.resource.partition("/")[0],
                    "subresource": rule.resource.partition("/")[2],
                },
            },
        }
        for rule in rules
        for verb in rule.verbs
    ]
