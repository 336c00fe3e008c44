# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module needs exactly the rules that docs/permissions.md lists for it in a cluster, and names a missing one."""

from __future__ import annotations

import base64
import json
import pathlib
import re
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from cluster import EDGE, Cluster
from harness import Lab, until
from installed import Modules
from permitted import HOME, RULES, Rule, account, reviews, without

pytestmark = pytest.mark.control_plane

BARE = {**EDGE, "name": "bare"}
# The values of the options that name namespaces.
OPTIONS = {"namespace": HOME, "probe_namespace": "default", "namespaces": "kube-public"}
RANGE = "172.16.9.0/24"
POOL = "172.16.9.0-24"
MULTUS_OBJECTS = (
    "crd/ippools.whereabouts.cni.cncf.io",
    "crd/overlappingrangeipreservations.whereabouts.cni.cncf.io",
    "crd/network-attachment-definitions.k8s.cni.cncf.io",
    "clusterrole/multus-role",
    "clusterrole/whereabouts",
    "clusterrolebinding/multus-role-binding",
    "clusterrolebinding/whereabouts-role-binding",
    "serviceaccount/whereabouts-sa",
    "configmap/multus-cni-config",
    "daemonset/gke-multinet",
)
LATE = "did not happen within"  # of a module that has waited for pods where none can run
NAMED = "is missing (docs/permissions.md lists all that a module needs); this grants it: kubectl create "
ESCALATION = "the verbs escalate and bind on clusterroles; this grants them: kubectl create "
# What is not asked for here, by module: Kubernetes v1.34 does not ask for the first yet, and the others take pods of
# Multus that run, and have run for a year (tests/unit/verify holds what is repaired).
NOT_HERE = [
    ("multinet_verify", "pods/exec", "create", "option probe_namespace"),
    ("multinet_verify", "pods/log", "get", HOME),
    ("multinet_verify", "pods", "delete", "option namespaces"),
    ("multinet_verify", "daemonsets.apps", "patch", HOME),
]
MISSED_BY_NOBODY = "if allowed"


@dataclass
class Bare:
    """A cluster that nobody else uses: its definitions and roles come and go."""

    lab: Lab
    modules: Modules
    host: str
    ca: pathlib.Path

    def kubectl(self, *args: str, stdin: object = None) -> str:
        """Run kubectl on it as its owner; it has to succeed."""
        done = subprocess.run(
            ["kubectl", f"--server={self.host}", f"--certificate-authority={self.ca}", *args],
            env={**self.lab.whole_environment, "KUBECONFIG": str(self.ca.with_name("kubeconfig"))},
            input=json.dumps(stdin),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"kubectl {' '.join(args)}: {done.stdout}{done.stderr}"
        return done.stdout

    def apply(self, *documents: dict[str, Any]) -> None:
        """Apply documents."""
        self.kubectl(
            "apply", "--validate=false", "-f", "-", stdin={"apiVersion": "v1", "kind": "List", "items": documents}
        )

    def run(self, module: str, token: str, **options: Any) -> dict[str, Any]:
        """Run a module as somebody."""
        given = {"host": self.host, "ca_cert": str(self.ca), "api_key": token, **options}
        return self.modules.run(module, given, self.lab.environment, check=False)

    def install(self) -> None:
        """Install Multus as its owner."""
        made = self.run("multus_install", self.lab.environment["GKELAB_TOKEN"], wait=False)
        assert not made.get("failed"), made["msg"]

    def empty(self) -> None:
        """Remove what earlier lives have left; no kubelet would end a pod."""
        self.install()
        kinds = "pods,ippools,overlappingrangeipreservations,network-attachment-definitions"
        self.kubectl("delete", kinds, "--all", "--all-namespaces", "--grace-period=0", "--force")

    def token(self, rules: list[Rule]) -> str:
        """Return the token of a new account that may do what the rules say."""
        name = f"account-{secrets.token_hex(4)}"
        self.apply(*account(name, rules, OPTIONS))
        questions = {"apiVersion": "v1", "kind": "List", "items": reviews(name, rules, OPTIONS)}
        while True:  # the API server learns of roles a moment after they are there
            answers = self.kubectl("create", "-f", "-", "-o", "jsonpath={.status.allowed} ", stdin=questions)
            if set(answers.split()) == {"true"}:
                return self.kubectl("create", "token", name, "-n", HOME).strip()


@pytest.fixture(scope="module")
def bare(plane_lab: Lab, modules: Modules, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    made = modules.run(
        "gke_multinet_cluster", {**BARE, "default_pool": {"node_count": 1}}, plane_lab.environment, check=False
    )
    assert not made.get("failed"), made["msg"]
    folder = tmp_path_factory.mktemp("bare")
    (folder / "ca.pem").write_bytes(base64.b64decode(made["ca_data"]))
    # kubectl takes --token only beside a kubeconfig's user, and the lab's kubeconfig has another current cluster.
    user = {"name": "owner", "user": {"token": plane_lab.environment["GKELAB_TOKEN"]}}
    context = {"name": "c", "context": {"user": "owner", "cluster": "c"}}
    config = {
        "users": [user],
        "contexts": [context],
        "clusters": [{"name": "c", "cluster": {}}],
        "current-context": "c",
    }
    (folder / "kubeconfig").write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **config}))
    yield Bare(plane_lab, modules, f"https://{made['endpoint']}", folder / "ca.pem")
    gone = modules.run("gke_multinet_cluster", {**BARE, "state": "absent"}, plane_lab.environment, check=False)
    assert not gone.get("failed"), gone["msg"]


Run = Callable[..., dict[str, Any]]
# What a module does in a test: all that it can. It ends at the first failure.
Life = Callable[[Bare, Run], None]


def multus_install(bare: Bare, run: Run) -> None:
    bare.kubectl("delete", "-n", HOME, "--ignore-not-found", *MULTUS_OBJECTS, "daemonset/gke-multinet-cleanup")
    run(wait=False)
    # Each object is touched, so that all of them are patched.
    for each in MULTUS_OBJECTS:
        bare.kubectl("label", "-n", HOME, each, "touched=yes")
    once = {"cron": "*/5 * * * *", "placement": "deployment"}
    run(wait=False, config={"log_level": "debug"}, gc=once)
    run(wait=False, gc={**once, "cron": "*/6 * * * *"})
    run(wait=False, gc={"placement": "daemonset"})
    run(wait_timeout=1, token_max_age=86400)
    gone = {"state": "absent", "force": True}  # whatever pods of other tests are still there
    run(**gone, crds={"keep_on_absent": False}, cleanup_nodes=False)
    bare.install()
    run(**gone, wait_timeout=1)


def nad(bare: Bare, run: Run) -> None:
    bare.empty()
    given = {"name": "my-nad", "namespace": HOME, "master": "eth1", "range": RANGE}
    run(**given)
    run(**given, mtu=1400)
    run(**given, state="absent")


def nad_info(bare: Bare, run: Run) -> None:
    bare.install()
    bare.apply(ATTACHMENT)
    run()


def multinet_pod(bare: Bare, run: Run) -> None:
    bare.empty()
    # Nothing binds it to a node, so that it goes at once; a kubelet would have to end it otherwise.
    given = {"name": "samplepod", "namespace": HOME, "image": "nginx", "node_selector": {"there": "is-none"}}
    run(**given, wait=False)
    run(**given, labels={"a": "b"}, wait=False)
    run(**given, wait_timeout=1)
    run(**given, state="absent")


def whereabouts_pool(bare: Bare, run: Run) -> None:
    bare.install()
    bare.kubectl("delete", "ippools", "--all", "-n", HOME)
    run(range=RANGE)
    bare.kubectl(
        "patch", "ippools", POOL, "-n", HOME, "--type=merge", "-p", json.dumps({"spec": {"allocations": GONE}})
    )
    bare.apply(RESERVATION)
    run(range=RANGE, state="reconciled", confirm_after=0)
    # One that is in use, and lacks its reservation.
    bare.apply(HOLDER, ATTACHMENT)
    bare.kubectl(
        "patch", "ippools", POOL, "-n", HOME, "--type=merge", "-p", json.dumps({"spec": {"allocations": HELD}})
    )
    run(nad="default/my-nad", state="reconciled", confirm_after=0, restore_reservations=True)
    bare.kubectl("delete", "pod", "holder", "-n", HOME, "--grace-period=0", "--force")
    run(range=RANGE, state="absent", confirm_after=0)


def whereabouts_pool_info(bare: Bare, run: Run) -> None:
    bare.empty()
    bare.apply(A_POOL, ATTACHMENT)
    run()
    run(nad="default/my-nad")


def multinet_verify(bare: Bare, run: Run) -> None:
    bare.empty()
    bare.apply(ATTACHMENT)
    node = json.loads(bare.kubectl("get", "nodes", "-o", "json"))["items"][0]["metadata"]["name"]
    ready = {"type": "Ready", "status": "True", "reason": "Test", "lastHeartbeatTime": None}
    status = json.dumps({"status": {"conditions": [ready]}})
    bare.kubectl("patch", "node", node, "--subresource=status", "-p", status)
    bare.apply(sample_pod(node))  # somebody to ping
    start(bare, "samplepod", "172.16.9.2")
    target = {"name": "my-nad", "namespace": "default", "node_pools": ["default-pool"]}
    with probes_that_start(bare):
        run(attachments=[target], wait_timeout=60, count=1, fail_on="never")
    # One that does not start, so that it is asked why.
    run(attachments=[target], wait_timeout=1, count=1, fail_on="never", inspect_nodes=True)
    # Multus by another name.
    bare.kubectl("delete", "daemonset", "gke-multinet", "-n", HOME)
    run(attachments=[target], probe=False, fail_on="never")


LIVES: dict[str, Life] = {
    life.__name__: life
    for life in (multus_install, nad, nad_info, multinet_pod, whereabouts_pool, whereabouts_pool_info, multinet_verify)
}

GONE = {"7": {"id": "c", "podref": "default/gone"}}
HELD = {"8": {"id": "c", "podref": f"{HOME}/holder"}}
HOLDS = [{"name": "default/my-nad", "interface": "net1", "ips": ["172.16.9.8"]}]
HOLDER = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "holder",
        "namespace": HOME,
        "annotations": {"k8s.v1.cni.cncf.io/network-status": json.dumps(HOLDS)},
    },
    "spec": {"containers": [{"name": "holder", "image": "nginx"}], "nodeSelector": {"there": "is-none"}},
}
WHEREABOUTS = {"apiVersion": "whereabouts.cni.cncf.io/v1alpha1"}
RESERVATION = {
    **WHEREABOUTS,
    "kind": "OverlappingRangeIPReservation",
    "metadata": {"name": "172.16.9.7", "namespace": HOME},
    "spec": {"containerid": "c", "podref": "default/gone"},
}
A_POOL = {
    **WHEREABOUTS,
    "kind": "IPPool",
    "metadata": {"name": POOL, "namespace": HOME},
    "spec": {"range": RANGE, "allocations": {}},
}
CONFIG = {"cniVersion": "0.3.1", "name": "my-nad", "type": "ipvlan", "master": "eth1", "mode": "l2"}
ATTACHMENT = {
    "apiVersion": "k8s.cni.cncf.io/v1",
    "kind": "NetworkAttachmentDefinition",
    "metadata": {"name": "my-nad", "namespace": "default"},
    "spec": {"config": json.dumps({**CONFIG, "ipam": {"type": "whereabouts", "range": RANGE}})},
}


@contextmanager
def probes_that_start(bare: Bare) -> Iterator[None]:
    """Say of probe pods what a kubelet and Multus would say, as long as the context lasts."""
    over = threading.Event()

    def start_them() -> None:
        while not over.wait(0.2):
            found = json.loads(bare.kubectl("get", "pods", "-n", "default", "-l", "multinet.gke/run", "-o", "json"))
            for pod in found["items"]:
                if pod["status"].get("phase") != "Running":
                    start(bare, pod["metadata"]["name"], "172.16.9.1")

    thread = threading.Thread(target=start_them)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def sample_pod(node: str) -> dict[str, Any]:
    """Return a pod on a node, with the attachment."""
    metadata = {"name": "samplepod", "namespace": "default", "annotations": {"k8s.v1.cni.cncf.io/networks": "my-nad"}}
    spec = {"nodeName": node, "containers": [{"name": "main", "image": "nginx"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def start(bare: Bare, pod: str, ip: str) -> None:
    """Say of a pod that it runs, with an interface; unless it has gone meanwhile."""
    entry = {"name": "default/my-nad", "interface": "net1", "ips": [ip], "mac": "42:01:0a:00:01:02"}
    noted = {"metadata": {"annotations": {"k8s.v1.cni.cncf.io/network-status": json.dumps([entry])}}}
    running = {"status": {"phase": "Running", "containerStatuses": []}}
    for patch, more in ((noted, []), (running, ["--subresource=status"])):
        with suppress(AssertionError):  # it has gone meanwhile
            bare.kubectl("patch", "pod", pod, "-n", "default", *more, "-p", json.dumps(patch))


class Stopped(Exception):
    """A step of a life has failed."""


def live(bare: Bare, module: str, rules: list[Rule]) -> list[dict[str, Any]]:
    """Let a module live with some rules; return the results until it fails for another reason than time."""
    results: list[dict[str, Any]] = []
    token = bare.token(rules)

    def run(**options: Any) -> dict[str, Any]:
        results.append(bare.run(module, token, **options))
        if results[-1].get("failed") and LATE not in results[-1]["msg"]:
            raise Stopped
        return results[-1]

    with suppress(Stopped):
        LIVES[module](bare, run)
    return results


def rules_of(module: str) -> list[Rule]:
    return [rule for rule in RULES if rule.module == module]


def is_granted_twice(rule: Rule, verb: str) -> bool:
    """Tell whether the module has a permission in the whole cluster as well, for another purpose."""
    others = (each for each in rules_of(rule.module) if each != rule and each.kind == rule.kind)
    return any(verb in each.verbs and each.namespace(OPTIONS) is None for each in others)


CELLS = [
    pytest.param(rule, verb, id=f"{rule.module}: {verb} {rule.kind} {rule.where}")
    for rule in RULES
    for verb in rule.verbs
    if (rule.module, rule.kind, verb, rule.where) not in NOT_HERE and not is_granted_twice(rule, verb)
]


def test_every_module_has_a_life() -> None:
    assert set(LIVES) == {rule.module for rule in RULES}


@pytest.mark.shows("E9")
@pytest.mark.parametrize("module", LIVES)
def test_a_module_needs_nothing_else(bare: Bare, module: str) -> None:
    results = live(bare, module, rules_of(module))
    assert not results[-1].get("failed") or LATE in results[-1]["msg"], results[-1]["msg"]
    assert "is forbidden" not in json.dumps(results)
    if module == "multinet_verify":
        assert "could not be asked to send" in json.dumps(results), "no command was tried"


@pytest.mark.shows("E9")
@pytest.mark.sample(4)
@pytest.mark.parametrize(("rule", "verb"), CELLS)
def test_a_module_needs_each_of_them_and_names_the_missing_one(bare: Bare, rule: Rule, verb: str) -> None:
    results = live(bare, rule.module, without(rules_of(rule.module), rule, verb))
    said = json.dumps(results)
    if rule.when.startswith(MISSED_BY_NOBODY):
        assert "is forbidden" not in said
        return
    ended = [each.get("msg", each.get("actions")) for each in results]
    assert "is forbidden" in said, f"{rule.module} does not need to {verb} {rule.kind}: {ended}"
    if verb in ("escalate", "bind"):
        assert ESCALATION in said
        return
    namespace = rule.namespace(OPTIONS)
    # One object is asked for in its namespace, whichever that is.
    where = (
        f"namespace {namespace}" if namespace else "the whole cluster" if verb == "list" else "(namespace default|the)"
    )
    assert re.search(f"the permission to {verb} {re.escape(rule.kind)} in {where}.*{re.escape(NAMED)}", said)


def test_what_a_message_says_grants_the_permission(bare: Bare) -> None:
    token = bare.token([rule for rule in rules_of("whereabouts_pool_info") if rule.resource != "pods"])
    bare.empty()
    bare.apply(A_POOL)
    refused = bare.run("whereabouts_pool_info", token)
    command = refused["msg"].partition("this grants it: ")[2]
    for each in command.split(" && "):
        bare.kubectl(*each.split()[1:])
    until(lambda: not bare.run("whereabouts_pool_info", token).get("failed"), patience=60, pause=0)


@pytest.mark.full
@pytest.mark.sample(2, "long stories")
def test_a_verification_needs_nothing_else_to_send_packets(site: Cluster) -> None:
    """The same account in a cluster whose pods run: it passes."""
    rules = rules_of("multinet_verify")
    name = f"account-{secrets.token_hex(4)}"
    documents = account(name, rules, OPTIONS)
    site.apply(*documents)
    token = site.kubectl("create", "token", name, "-n", HOME).strip()
    config = json.loads(site.kubectl("config", "view", "--raw", "--minify", "-o", "json"))
    place = config["clusters"][0]["cluster"]
    ca = pathlib.Path(site.lab.folder) / f"{name}.pem"
    ca.write_bytes(base64.b64decode(place["certificate-authority-data"]))
    options = {"host": place["server"], "ca_cert": str(ca), "api_key": token}
    target = {"name": "my-nad", "node_pools": ["multinet"]}
    try:
        result = site.modules.run(
            "multinet_verify", {**options, "attachments": [target], "count": 1}, site.lab.environment, check=False
        )
    finally:
        for each in documents:
            namespace = each["metadata"].get("namespace", "default")
            site.kubectl("delete", each["kind"].lower(), name, "-n", namespace, "--ignore-not-found")
    assert not result.get("failed"), result["msg"]
    assert any(path["path"] == "cross_node" and path["ok"] for path in result["matrix"])
