# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that is told of one cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..cni.texts import some
from ..verify.result import Result, counted
from .maps import maps
from .markup import Child, Markup, element, name
from .matrices import matrices
from .model import Cluster
from .parts import STATE_WORDS, STATUS_WORDS, Ids, Limits, badge, more
from .picture import picture


def section(cluster: Cluster, ids: Ids, limits: Limits, *, is_open: bool) -> Markup:
    """Return a cluster, folded up or not; links lead to its id."""
    parts = (
        ("Could not be read", _failures(cluster)),
        ("Findings", _findings(cluster, limits)),
        ("What a site run would change", _changes(cluster)),
        ("Networks, nodes and pods", [picture(cluster, ids, limits)] if cluster.nodes or cluster.subnetworks else []),
        ("Address space", maps(cluster, ids, limits)),
        ("Who reaches whom", matrices(cluster, limits) or [element("p", "No packets were sent.", class_="soft")]),
    )
    summary = element(
        "summary",
        element("h3", name(cluster.name)),
        badge(cluster.state, STATE_WORDS[cluster.state]),
        element("span", _headline(cluster), class_="soft small"),
    )
    inside = element(
        "div",
        _facts(cluster),
        *(element("section", element("h4", title), *content, class_="long") for title, content in parts if content),
        element("p", element("a", "Back to the fleet", href="#fleet"), class_="small back"),
        class_="inside",
    )
    return element("details", summary, inside, id=ids.prefix, class_="cluster", open=is_open)


def _headline(cluster: Cluster) -> str:
    parts = [
        counted(len(cluster.nodes), "node"),
        counted(len(cluster.pod_names), "pod"),
        counted(cluster.count("fail"), "error") if cluster.count("fail") else "",
        counted(cluster.count("warn"), "warning") if cluster.count("warn") else "",
        counted(len(cluster.changes), "change") + " due" if cluster.changes else "",
    ]
    return ", ".join(filter(None, parts))


def _facts(cluster: Cluster) -> Markup:
    facts = cluster.facts
    pools = some(f"{pool.name} ({pool.machine_type}, {pool.status.lower()})" for pool in cluster.node_pools)
    known = {
        "Project": facts.project,
        "Location": facts.location,
        "GKE cluster": facts.cluster,
        "Status": facts.status,
        "Version": " ".join(filter(None, (facts.version, facts.release_channel.lower()))),
        "Node pools": pools,
        "Attachments": some(each.name for each in cluster.attachments),
        "Checks": f"{cluster.count('pass')} of {len(cluster.results)} passed" if cluster.results else "none made",
    }
    items = (element("div", element("dt", key), element("dd", name(said))) for key, said in known.items() if said)
    return element("dl", *items, class_="facts")


def _failures(cluster: Cluster) -> list[Markup]:
    items = (
        element("li", element("p", element("strong", ", ".join(each.tasks))), element("p", each.message),
                class_="finding fail")
        for each in cluster.failures
    )  # fmt: skip
    return [element("ul", *items, class_="plain")] if cluster.failures else []


def _findings(cluster: Cluster, limits: Limits) -> list[Markup]:
    """Return what is to be looked at; what was not checked is folded up."""
    bad = [each for each in cluster.findings if each.status != "skip"]
    unknown = [each for each in cluster.findings if each.status == "skip"]
    parts = [element("ul", *map(_finding, bad[: limits.rows]), class_="plain columns")] if bad else []
    if len(bad) > limits.rows:
        parts.append(more(len(bad) - limits.rows, "finding"))
    if not bad and cluster.results:
        parts.append(element("p", f"None: {counted(cluster.count('pass'), 'check')} passed."))
    if unknown:
        folded = element("ul", *map(_finding, unknown[: limits.rows]), class_="plain")
        parts.append(
            element("details", element("summary", f"{counted(len(unknown), 'check')} could not be made"), folded,
                    class_="data")
        )  # fmt: skip
    return parts


def _finding(result: Result) -> Markup:
    return element("li", *told(result, result.subject), class_=f"finding {result.status}")


def told(result: Result, subject: str = "") -> Iterator[Child]:
    """Yield what a result says, and what to do."""
    heading: list[Child] = [badge(result.status, STATUS_WORDS[result.status]), " ", element("code", result.check)]
    if subject:
        heading += [" ", element("strong", name(subject))]
    yield element("p", *heading)
    yield element("p", result.msg)
    if result.remedy:
        yield element("p", element("span", "What to do: ", class_="hidden"), result.remedy, class_="do")


def _changes(cluster: Cluster) -> Iterable[Markup]:
    if not cluster.changes:
        return [] if cluster.failures else [element("p", "Nothing: it is as described.")]
    items = (
        element("li", element("span", each.stage, class_="badge"), element("span", each.title))
        for each in cluster.changes
    )
    return [element("ul", *items, class_="drift")]
