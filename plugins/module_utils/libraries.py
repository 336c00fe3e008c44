# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Importing the client libraries: late, fast, and with a failure that says what to install.

They are imported when they are first needed, because Ansible imports modules in places that do not have them
(documentation, sanity tests), and because each costs 0.1 to 1.4 s of CPU: a module pays for what it uses. Half of that
is the garbage collector walking thousands of message classes, so it is off during the import and told to leave them
alone afterwards: google.cloud.compute_v1 takes 0.66 s in place of 1.36 s, and the start of direct execution, which goes
on with files of ours, 0.3 s less. What lives at that moment, Ansible's own start included, is still freed when nobody
refers to it; only circles of it that come apart later stay until the process ends. Workers, which are forks, share its
memory as long as no collector writes to it. Packages that import all of themselves are imported in parts (light.py).
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

from . import light
from .errors import MissingLibrary

# What is imported of which package, for those who import ahead.
RANGES = {"netaddr": "netaddr"}
CONTAINER = {
    **RANGES,
    "google.cloud.container_v1": "google-cloud-container",
    "google.auth.transport.requests": "google-auth",
    "google.oauth2.credentials": "google-auth",
    "google.oauth2.service_account": "google-auth",
    "google.auth.crypt.rsa": "google-auth",
    "google.rpc.code_pb2": "googleapis-common-protos",
}
COMPUTE = {
    **CONTAINER,
    "google.cloud.compute_v1.services.firewalls": "google-cloud-compute",
    "google.cloud.compute_v1.services.networks": "google-cloud-compute",
    "google.cloud.compute_v1.services.subnetworks": "google-cloud-compute",
}
MACHINES = {**CONTAINER, "google.cloud.compute_v1.services.instances": "google-cloud-compute"}
# What reads kubeconfigs takes nearly as long as all the rest (pydantic and oauthlib, which no file needs), so those pay
# ahead only who say before the first task that they have one: where the option takes it from, too.
_KUBECONFIG = {"kubernetes.config.kube_config": "kubernetes", "yaml": "PyYAML"}
KUBERNETES = {
    **CONTAINER,
    "kubernetes.client.configuration": "kubernetes",
    "kubernetes.client.rest": "kubernetes",
    **(_KUBECONFIG if os.environ.get("K8S_AUTH_KUBECONFIG") else {}),
}
KUBERNETES_EXEC = {**KUBERNETES, "websocket": "websocket-client"}


def library(name: str, package: str) -> Any:
    """Return an imported library.

    :param name: what to import, "google.cloud.container_v1"; of the packages in light.py a part.
    :param package: what to install if it is missing, "google-cloud-compute".
    :raises MissingLibrary: with the command that installs it.
    """
    if name in sys.modules:
        return importlib.import_module(name)  # which waits, if another thread is at it
    collecting = gc.isenabled()
    gc.disable()
    try:
        found = light.imported(name)
    except ImportError as error:
        raise MissingLibrary(package, sys.executable, str(error)) from error
    finally:
        if collecting:
            gc.enable()
    gc.freeze()
    return found


def preloaded(libraries: Mapping[str, str]) -> str:
    """Import libraries ahead; return the package of the first that is missing, empty if none is.

    :param libraries: names of what to import, and the packages that they are in.
    """
    try:
        for name, package in libraries.items():
            library(name, package)
    except MissingLibrary as missing:
        return missing.package
    return ""
