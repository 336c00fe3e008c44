# SPDX-License-Identifier: Apache-2.0
"""A cluster's control plane: etcd, API server, controller manager and scheduler as processes on 127.0.0.1."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path

from gkelab.engine import EngineError
from gkelab.files import write_secret
from gkelab.machines.cluster import Cluster
from gkelab.processes import Processes
from gkelab.supplies import Supplies
from gkelab.waiting import wait_for

PROCESSES = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")  # in the order of their start
READY_WITHIN = 120  # seconds
USER = "lab@example.com"  # a Google access token, too, is somebody with all rights
AUDIT_MEGABYTES, AUDIT_FILES = 100, 20  # of one file; how many beside it
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


class ControlPlane:
    """Starts and stops the processes of one cluster's control plane."""

    def __init__(self, cluster: Cluster, processes: Processes, supplies: Supplies, *, nodes_are_real: bool) -> None:
        self.cluster = cluster
        self._processes = processes
        self._supplies = supplies
        self._nodes_are_real = nodes_are_real

    def start(self) -> None:
        """Start what does not run, and return when the API server is ready."""
        self._write_files()
        self._start("etcd", self._supplies.etcd, *self._etcd())
        self._start("kube-apiserver", self._supplies.kubernetes / "kube-apiserver", *self._api_server())
        api = self.cluster.api
        server = self.cluster.process("kube-apiserver")
        wait_for(lambda: api.ready() or not self._processes.running(server), READY_WITHIN)
        if not api.ready():
            raise EngineError(f"the API server of {self.cluster.key} is not ready: see {self._log('kube-apiserver')}")
        for name, arguments in (
            ("kube-controller-manager", self._controller_manager()),
            ("kube-scheduler", self._scheduler()),
        ):
            self._start(name, self._supplies.kubernetes / name, *arguments)

    def stop(self) -> None:
        """End all of it, in the opposite order; the API server would wait for its watchers, so nobody is asked."""
        for name in reversed(PROCESSES):
            self._processes.stop(self.cluster.process(name), patience=0)

    def _start(self, name: str, program: Path, *arguments: object) -> None:
        process = self.cluster.process(name)
        if not self._processes.running(process):
            self._processes.start(process, [program, *arguments], self._log(name))

    def _log(self, name: str) -> Path:
        return self.cluster.logs / f"{name}.log"

    def _write_files(self) -> None:
        """Write certificates, kubeconfigs, the token list and the policies."""
        cluster, spec, pki = self.cluster, self.cluster.spec, self.cluster.authority
        service = str(ipaddress.IPv4Network(spec.services_cidr)[1])
        pki.pair(
            "apiserver",
            "kube-apiserver",
            names=["127.0.0.1", spec.control_plane_address, service, "localhost", "kubernetes.default.svc"],
        )
        pki.pair("etcd", "etcd", names=["127.0.0.1"])
        pki.pair("kubelet-client", "kube-apiserver-kubelet-client", organization="system:masters")
        pki.pair("service-account", "service-account")
        for name in ("kube-controller-manager", "kube-scheduler"):
            pair = pki.pair(name, f"system:{name}")
            cluster.kubeconfig(cluster.folder / f"{name}.kubeconfig", name, pair, "127.0.0.1")
        write_secret(cluster.pki / "tokens.csv", f"{cluster.lab.token},{USER},{USER},system:masters\n")
        (cluster.folder / "audit-policy.json").write_text(json.dumps(AUDIT_POLICY))
        connection = {"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": str(cluster.proxy)}}}
        egress = {
            "apiVersion": "apiserver.k8s.io/v1beta1",
            "kind": "EgressSelectorConfiguration",
            "egressSelections": [{"name": "cluster", "connection": connection}],
        }
        (cluster.folder / "egress.json").write_text(json.dumps(egress))

    def _etcd(self) -> list[object]:
        cluster, pki = self.cluster, self.cluster.pki
        client, peer = (f"https://127.0.0.1:{port}" for port in (cluster.ports.etcd, cluster.ports.etcd_peer))
        arguments: list[object] = ["--data-dir", cluster.folder / "etcd", "--unsafe-no-fsync", "--log-level", "error"]
        arguments += ["--listen-client-urls", client, "--advertise-client-urls", client]
        arguments += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
        arguments += ["--initial-cluster", f"default={peer}"]
        for prefix in ("", "peer-"):  # other users of this machine have no business in here
            arguments += [f"--{prefix}client-cert-auth", f"--{prefix}trusted-ca-file", pki / "ca.crt"]
            arguments += [f"--{prefix}cert-file", pki / "etcd.crt", f"--{prefix}key-file", pki / "etcd.key"]
        return arguments

    def _api_server(self) -> list[object]:
        cluster, pki, spec = self.cluster, self.cluster.pki, self.cluster.spec
        arguments: list[object] = ["--etcd-servers", f"https://127.0.0.1:{cluster.ports.etcd}"]
        arguments += ["--etcd-cafile", pki / "ca.crt", "--etcd-certfile", pki / "etcd.crt"]
        arguments += ["--etcd-keyfile", pki / "etcd.key"]
        arguments += ["--bind-address", "127.0.0.1", "--secure-port", cluster.ports.api]
        # what nodes dial, so that the Service `kubernetes` has a true endpoint; loopback would be refused
        arguments += ["--advertise-address", spec.control_plane_address]
        arguments += ["--service-cluster-ip-range", spec.services_cidr, "--allow-privileged"]
        arguments += ["--authorization-mode", "Node,RBAC", "--enable-admission-plugins", "NodeRestriction"]
        arguments += ["--client-ca-file", pki / "ca.crt", "--token-auth-file", pki / "tokens.csv"]
        arguments += ["--audit-policy-file", cluster.folder / "audit-policy.json"]
        arguments += ["--audit-log-path", cluster.audit_log]
        arguments += ["--audit-log-maxsize", AUDIT_MEGABYTES, "--audit-log-maxbackup", AUDIT_FILES]
        arguments += ["--tls-cert-file", pki / "apiserver.crt", "--tls-private-key-file", pki / "apiserver.key"]
        arguments += ["--service-account-issuer", "https://kubernetes.default.svc.cluster.local"]
        arguments += ["--service-account-key-file", pki / "service-account.crt"]
        arguments += ["--service-account-signing-key-file", pki / "service-account.key"]
        arguments += ["--kubelet-certificate-authority", pki / "ca.crt"]
        arguments += ["--kubelet-client-certificate", pki / "kubelet-client.crt"]
        arguments += ["--kubelet-client-key", pki / "kubelet-client.key"]
        arguments += ["--kubelet-preferred-address-types", "InternalIP"]
        # Without machines there is no gateway behind it, and what is asked of a kubelet fails at once: no packet leaves
        # for an address that may be somebody's, and nobody waits half a minute for it.
        arguments += ["--egress-selector-config-file", cluster.folder / "egress.json"]
        return arguments

    def _controller_manager(self) -> list[object]:
        cluster, pki = self.cluster, self.cluster.pki
        arguments: list[object] = ["--kubeconfig", cluster.folder / "kube-controller-manager.kubeconfig"]
        arguments += ["--secure-port", "0", "--leader-elect=false", "--use-service-account-credentials"]
        arguments += ["--allocate-node-cidrs", "--cluster-cidr", cluster.spec.pods_cidr]
        arguments += ["--root-ca-file", pki / "ca.crt"]
        arguments += ["--service-account-private-key-file", pki / "service-account.key"]
        if not self._nodes_are_real:  # nobody renews their leases
            arguments += ["--controllers", "*,-node-lifecycle-controller"]
        return arguments

    def _scheduler(self) -> list[object]:
        kubeconfig = self.cluster.folder / "kube-scheduler.kubeconfig"
        return ["--kubeconfig", kubeconfig, "--secure-port", "0", "--leader-elect=false"]
