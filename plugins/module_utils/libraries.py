# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Importing the client libraries: late, fast, and with a failure that says what to install.

They are imported when they are first needed, because Ansible imports modules in places that do not have them
(documentation, sanity tests), and because each costs 0.1 to 1.4 s of CPU: a module pays for what it uses. Half of that
is the garbage collector walking thousands of message classes, so it is off during the import and, in a process that is
ours alone, told to leave them alone afterwards (google.cloud.compute_v1: 0.66 s in place of 1.36 s).
"""

from __future__ import annotations

import atexit
import gc
import importlib
import sys
from collections.abc import Mapping
from typing import Any

from .errors import MissingLibrary

# What is imported of which package, for those who import ahead.
RANGES = {"netaddr": "netaddr"}
CONTAINER = {
    **RANGES,
    "google.cloud.container_v1": "google-cloud-container",
    "google.auth.transport.requests": "google-auth",
    "google.oauth2.service_account": "google-auth",
    "google.rpc.code_pb2": "googleapis-common-protos",
}
COMPUTE = {**CONTAINER, "google.cloud.compute_v1": "google-cloud-compute"}
KUBERNETES = {
    **CONTAINER,
    "kubernetes.client.rest": "kubernetes",
    "kubernetes.config": "kubernetes",
    "websocket": "websocket-client",
    "yaml": "PyYAML",
}

process_is_ours = False  # set by module.main(); what else lives in the process must stay within the collector's reach


def library(name: str, package: str) -> Any:
    """Return an imported library.

    :param name: what to import, "google.cloud.compute_v1".
    :param package: what to install if it is missing, "google-cloud-compute".
    :raises MissingLibrary: with the command that installs it.
    """
    if name in sys.modules:
        return sys.modules[name]
    collecting = gc.isenabled()
    gc.disable()
    try:
        found = importlib.import_module(name)
    except ImportError as error:
        raise MissingLibrary(package, sys.executable, str(error)) from error
    finally:
        if collecting:
            gc.enable()
    if process_is_ours:
        gc.freeze()
    return found


def preloaded(libraries: Mapping[str, str]) -> str:
    """Import libraries ahead; return the package of the first that is missing, empty if none is.

    While others live in the process, the collector keeps an eye on all of it. At its end there is nothing left to
    collect for, and to walk through the libraries once more would cost as much as to import them.

    :param libraries: names of what to import, and the packages that they are in.
    """
    try:
        for name, package in libraries.items():
            library(name, package)
    except MissingLibrary as missing:
        return missing.package
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    return ""
