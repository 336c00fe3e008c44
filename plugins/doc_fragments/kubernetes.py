# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of module_utils/options.py, kubernetes(); to be used together with the fragment google."""

from __future__ import annotations


class ModuleDocFragment:
    """How a cluster's API server is reached."""

    DOCUMENTATION = r"""
requirements:
  - kubernetes >= 29
options:
  gke_cluster:
    description:
      - The GKE cluster to work on. Google's credentials suffice; nothing is written to disk.
      - Wins over O(host) and O(kubeconfig), which the environment may set for other collections. O(context),
        O(api_key), O(ca_cert), O(client_cert), O(client_key) and O(validate_certs) do not count with it either; the
        cluster's certificate is always verified.
    type: dict
    suboptions:
      name:
        description: Name of the cluster.
        type: str
        required: true
      location:
        description: Zone or region of the cluster.
        type: str
        required: true
      project:
        description: Project of the cluster; O(project) if not set.
        type: str
      endpoint:
        description:
          - Address of the cluster's API server, as M(multinet.gke.gke_multinet_cluster) returns it.
          - If not set, it is looked up, together with O(gke_cluster.ca_data).
          - An empty string says that the cluster is still to be made. In check mode the module then plans against
            nothing and contacts nobody; otherwise that is an error.
        type: str
      ca_data:
        description:
          - The cluster's certificate authority (PEM in base64), from M(multinet.gke.gke_multinet_cluster).
          - Empty for a DNS endpoint, whose certificate is publicly trusted.
        type: str
      endpoint_kind:
        description:
          - Which endpoint is looked up where O(gke_cluster.endpoint) is not set; that of the cluster's public address,
            that of its private address, or its DNS name.
          - If not set, the public address of a cluster that has one, else the private one; the DNS name if it has
            neither.
        type: str
        choices: [public, private, dns]
  kubeconfig:
    description:
      - Path of a kubeconfig file. If the API server refuses its credentials, its token file is read, or its exec plugin
        run, once more.
      - If not set, the value of the environment variable E(K8S_AUTH_KUBECONFIG) is used,
        then the Kubernetes client's default.
    type: path
  context:
    description:
      - The context of the kubeconfig.
      - If not set, the value of the environment variable E(K8S_AUTH_CONTEXT) is used.
    type: str
  host:
    description:
      - Address of an API server, with its scheme (V(https://203.0.113.5)). Wins over O(kubeconfig).
      - If not set, the value of the environment variable E(K8S_AUTH_HOST) is used.
    type: str
  api_key:
    description:
      - Bearer token for the API server. It cannot be renewed, so it must last as long as the task.
      - If not set, the value of the environment variable E(K8S_AUTH_API_KEY) is used.
    type: str
  ca_cert:
    description:
      - Path of a certificate authority for the API server.
      - If not set, the value of the environment variable E(K8S_AUTH_SSL_CA_CERT) is used.
    type: path
    aliases: [ssl_ca_cert]
  client_cert:
    description:
      - Path of a client certificate.
      - If not set, the value of the environment variable E(K8S_AUTH_CERT_FILE) is used.
    type: path
    aliases: [cert_file]
  client_key:
    description:
      - Path of the client certificate's key.
      - If not set, the value of the environment variable E(K8S_AUTH_KEY_FILE) is used.
    type: path
    aliases: [key_file]
  validate_certs:
    description:
      - Whether the API server's certificate is verified; it is unless this, or the kubeconfig, says otherwise.
      - If it is not, the result has a warning.
      - If not set, the value of the environment variable E(K8S_AUTH_VERIFY_SSL) is used.
    type: bool
    aliases: [verify_ssl]
  proxy:
    description:
      - Address of an HTTP proxy for the API server, with its user and password if it asks for them
        (V(http://user:password@proxy.example:3128)). It is not shown.
      - If not set, the value of the environment variable E(K8S_AUTH_PROXY) is used.
    type: str
"""
