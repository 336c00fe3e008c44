# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of Multus and Whereabouts themselves: that they run, that they fit, that they still have access."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from ...cni.multus.containers import INSTALL_CONFIG, INSTALL_MULTUS
from ...cni.multus.crds import NEWER
from ...cni.multus.images import GKE_RELEASES, UPSTREAM, schema_for, spell, version_of
from ...cni.texts import some
from ..installation import Container, Installation
from ..result import Result, Status, settled
from ..snapshot import Snapshot
from .words import span

COMING_UP = ("ContainerCreating", "PodInitializing")  # what a container waits for when all is well
NO_LEADER = "waiting to become leader"
HOUR, DAY = 3600, 86400
# A token of a service account lasts a year, because the API server extends it for clients that do not renew it
# (service-account-extend-token-expiration); without that it lasts an hour.
TOKEN_LIFE = 365 * DAY
TOKEN_NOTICE = 30 * DAY
RENEW = "restart the DaemonSet, whose pods write a new one: kubectl -n {0.namespace} rollout restart daemonset {0.name}"


def daemonset_ready(snapshot: Snapshot) -> Iterator[Result]:
    """Multus is on every node, in its latest form."""
    installed = snapshot.installation
    if installed.rollout is None:
        remedy = "install Multus: multus_install"
        yield Result("daemonset_ready", "fail", installed.ref, "there is no such DaemonSet", remedy)
        return
    text = f"its rollout is {'' if installed.rollout.is_complete else 'not '}complete: {installed.rollout}"
    remedy = f"look at its pods: kubectl -n {installed.namespace} get pods -l app={installed.name} -o wide"
    if installed.rollout.is_complete:
        yield Result("daemonset_ready", "pass", installed.ref, text)
    else:
        yield Result("daemonset_ready", "fail", installed.ref, text, remedy)


def components(snapshot: Snapshot) -> Iterator[Result]:
    """No container of Multus or Whereabouts is killed for want of memory, or ends again and again."""
    installed = snapshot.installation
    findings = (finding for each in installed.containers for finding in _faults(each, snapshot))
    well = f"none of {len(installed.containers)} containers was killed or ends again and again"
    yield from settled("components", installed.ref, well, findings)


def _faults(each: Container, snapshot: Snapshot) -> Iterator[Result]:
    where = f"container {each.name} on {each.node or 'no node'}"
    data = {"container": each.name, "node": each.node, "restarts": each.restarts, "memory": each.memory}
    if each.killed:
        seconds = (snapshot.taken - each.killed).total_seconds()
        status: Status = "warn" if each.running and seconds > HOUR else "fail"
        limit = f" (its limit is {each.memory})" if each.memory else ""
        text = f"{where} was killed for want of memory{limit} {span(seconds)} ago, restarted {each.restarts} times"
        remedy = f"give it more: multus_install, resources: {{{each.name}: {{limits: {{memory: 200Mi}}}}}}"
        yield Result("components", status, each.pod, text, remedy, data)
    elif each.waiting and each.waiting not in COMING_UP:
        text = f"{where} does not run: {each.waiting}, restarted {each.restarts} times"
        namespace, _slash, name = each.pod.partition("/")
        remedy = f"look why: kubectl -n {namespace} logs {name} -c {each.name} --previous; describe pod {name}"
        yield Result("components", "fail", each.pod, text, remedy, data)


def image_pair(snapshot: Snapshot) -> Iterator[Result]:
    """Images fit what the containers start of them, and each other."""
    installed = snapshot.installation
    findings = (Result("image_pair", "fail", installed.ref, *finding) for finding in _misfits(installed))
    well = f"the images fit: {some((*installed.multus_images, *installed.whereabouts_images)) or 'none'}"
    yield from settled("image_pair", installed.ref, well, findings)


def _misfits(installed: Installation) -> Iterator[tuple[str, str]]:
    remedy = "set multus_image and whereabouts_image of multus_install to a pair of one layout"
    for each in installed.template:
        is_gke = any(word.endswith("/gkecmd") for word in each.command) or each.name == INSTALL_CONFIG
        if each.name in (INSTALL_CONFIG, INSTALL_MULTUS) and is_gke and each.image.startswith(UPSTREAM):
            text = f"layout gke needs images with /gkecmd ({GKE_RELEASES}multus-cni); got {each.image} in {each.name}"
            yield text, remedy
        if each.image.startswith(UPSTREAM) and any("--enable-pod-watch" in word for word in each.command):
            yield f"gc flags need the GKE fork ({GKE_RELEASES}whereabouts); got {each.image} in {each.name}", remedy
    for images in (installed.multus_images, installed.whereabouts_images):
        if len({version_of(image) or image for image in images}) > 1:
            yield f"its containers use different images: {some(images)}", "use one of them in all containers"


def crd_schema(snapshot: Snapshot) -> Iterator[Result]:
    """The definitions are those of the Whereabouts that is installed."""
    installed = snapshot.installation
    version = installed.whereabouts_version
    if installed.schema is None:
        text = "there is no definition of IPPool, so Whereabouts hands out no address"
        yield Result("crd_schema", "fail", installed.ref, text, "install it: multus_install")
    elif version is None:
        images = some(installed.whereabouts_images) or "it"
        text = f"the definitions are of schema {installed.schema}; no tag tells the version of {images}"
        yield Result("crd_schema", "skip", installed.ref, text)
    else:
        wanted, named = schema_for(version), spell(version)
        data = {"schema": installed.schema, "version": named}
        if installed.schema == wanted:
            text = f"the definitions are those of whereabouts {named}"
            yield Result("crd_schema", "pass", installed.ref, text, data=data)
        elif wanted == NEWER:
            text = f"whereabouts >= 0.8.0 needs crds.schema 0.8plus: {named} runs with the definitions of 0.7"
            remedy = "apply the definitions first, then the DaemonSet: multus_install does both in this order"
            yield Result("crd_schema", "fail", installed.ref, text, remedy, data)
        else:
            text = f"whereabouts {named} runs with the definitions of 0.8.0 or later, which refuse what it writes"
            remedy = "take an image of 0.8.0 or later, or the definitions of 0.7: multus_install, crds"
            yield Result("crd_schema", "fail", installed.ref, text, remedy, data)


def token_age(snapshot: Snapshot) -> Iterator[Result]:
    """The token that Whereabouts uses on each node is valid, and will be for some time."""
    taken, ref = snapshot.taken, snapshot.installation.ref
    exact = {node: seen.token_expires for node, seen in snapshot.inspections.items() if seen.token_expires}
    ages = {
        each.node: (taken - each.started).total_seconds()
        for each in snapshot.installation.token_writers
        if each.started and each.node not in exact
    }
    findings = [*_refused(snapshot), *_expiring(snapshot, exact), *_old(snapshot, ages)]
    if exact:
        first = min(exact.values()) - taken
        well = f"token in whereabouts.kubeconfig expires in {span(first.total_seconds())} at the first"
    elif ages:
        oldest = span(max(ages.values()))
        well = f"token in whereabouts.kubeconfig is {oldest} old at most (inspect_nodes tells when it expires)"
    elif not findings:
        yield Result("token_age", "skip", ref, "nobody can tell when the tokens on the nodes were written")
        return
    else:
        well = ""
    yield from settled("token_age", ref, well, findings)


def _refused(snapshot: Snapshot) -> Iterator[Result]:
    """Yield the pods that cannot start because the API server does not know their plugin any more.

    Whereabouts itself only says that it could not become leader; so it does where very many pods start at once.
    """
    for ref, warning in snapshot.warnings.items():
        if "Unauthorized" in warning:
            text = f"a CNI plugin is refused, so the token in whereabouts.kubeconfig has probably expired: {warning}"
            yield Result("token_age", "fail", ref, text, RENEW.format(snapshot.installation))
        elif NO_LEADER in warning:
            text = (
                f"Whereabouts could not become leader; perhaps the token in whereabouts.kubeconfig expired: {warning}"
            )
            remedy = f"look at it with inspect_nodes; {RENEW.format(snapshot.installation)}"
            yield Result("token_age", "warn", ref, text, remedy)


def _expiring(snapshot: Snapshot, ends: Mapping[str, datetime]) -> Iterator[Result]:
    """Yield the tokens that have expired or will soon, by node."""
    for node, end in sorted(ends.items()):
        left = (end - snapshot.taken).total_seconds()
        if left <= TOKEN_NOTICE:
            when = f"expires in {span(left)}" if left > 0 else f"expired {span(-left)} ago"
            text = f"token in whereabouts.kubeconfig {when} on node {node}"
            remedy, data = RENEW.format(snapshot.installation), {"node": node, "expires": end.isoformat()}
            yield Result("token_age", "warn" if left > 0 else "fail", snapshot.installation.ref, text, remedy, data)


def _old(snapshot: Snapshot, ages: Mapping[str, float]) -> Iterator[Result]:
    """Yield the tokens that must be near their end, by the age in seconds of the pod that wrote them."""
    for node, age in sorted(ages.items()):
        if age >= TOKEN_LIFE - TOKEN_NOTICE:
            text = (
                f"token in whereabouts.kubeconfig on node {node} was written {span(age)} ago; it expires a year after "
                "that at the latest"
            )
            remedy, data = RENEW.format(snapshot.installation), {"node": node, "age_seconds": int(age)}
            status: Status = "fail" if age >= TOKEN_LIFE else "warn"
            yield Result("token_age", status, snapshot.installation.ref, text, remedy, data)


def gc_recent(snapshot: Snapshot) -> Iterator[Result]:
    """Whereabouts' garbage collector runs, and does its work."""
    installed = snapshot.installation
    findings = [Result("gc_recent", "fail", installed.ref, *finding) for finding in _absences(installed)]
    findings += _leaks(snapshot)
    findings += _failures(snapshot)
    last = max((log.succeeded for log in snapshot.logs.values() if log.succeeded), default=None)
    told = f", and succeeded {span((snapshot.taken - last).total_seconds())} ago" if last else ""
    if not told and "pods/log" in snapshot.unreadable:
        told = "; whether it succeeds is not known, because its log may not be read"
    well = f"the garbage collector runs in {len(installed.collectors)} pods, every {span(installed.period)}{told}"
    yield from settled("gc_recent", installed.ref, well, findings)


def _absences(installed: Installation) -> Iterator[tuple[str, str]]:
    if not installed.collectors:
        text = "there is no garbage collector, so nobody frees the addresses of pods that were lost with their node"
        yield text, "install it (multus_install, gc), or run whereabouts_pool with state reconciled now and then"
    for each in installed.collectors:
        if not each.running and each.waiting not in COMING_UP:
            text = f"the garbage collector on {each.node or 'no node'} does not run" + (
                f": {each.waiting}" if each.waiting else ""
            )
            yield text, f"look at its log: kubectl -n {installed.namespace} logs {each.pod.partition('/')[2]}"


def _leaks(snapshot: Snapshot) -> Iterator[Result]:
    """Yield the addresses that were nobody's for longer than the garbage collector should leave them."""
    installed = snapshot.installation
    late = 2 * installed.period
    for pool, verdicts in snapshot.pools:
        old = [
            verdict.allocation.ip
            for verdict in verdicts
            if verdict.state == "orphan"
            and (since := snapshot.leaked_since.get((pool.name, verdict.allocation)))
            and (snapshot.taken - since).total_seconds() >= late
        ]
        if old:
            text = (
                f"garbage collection does not work: {some(old)} in pool {pool.name} have been nobody's for more than "
                f"{span(late)}, twice the time between two of its runs"
            )
            remedy = f"look at its log; release them: whereabouts_pool, name {pool.name}, state reconciled"
            yield Result("gc_recent", "fail", f"{pool.namespace}/{pool.name}", text, remedy, {"ips": old})


def _failures(snapshot: Snapshot) -> Iterator[Result]:
    """Yield what the logs say of runs that failed, or of none that succeeded lately.

    One failure after a success is none: the collectors of several nodes run in the same second and patch the same
    objects, and who comes second fails (Whereabouts pkg/reconciler); the next run does what is left.
    """
    installed, remedy = snapshot.installation, "look at unparsable_pools, and at the rights of its service account"
    for ref, log in snapshot.logs.items():
        age = (snapshot.taken - log.succeeded).total_seconds() if log.succeeded else None
        if age is not None and age <= 2 * installed.period + 60:
            continue
        if log.failure:
            status: Status = "fail" if log.failures > 1 else "warn"
            yield Result("gc_recent", status, ref, f"its last run failed: {log.failure}", remedy)
        elif age is not None:
            text = f"it succeeded {span(age)} ago and not since, though it is to run every {span(installed.period)}"
            yield Result("gc_recent", "fail", ref, text, "restart its pod")
