# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of the same name, run directly where that is possible."""

from __future__ import annotations

from ansible_collections.multinet.gke.plugins.module_utils import libraries
from ansible_collections.multinet.gke.plugins.plugin_utils.direct import DirectAction


class ActionModule(DirectAction):
    """Runs multinet.gke.multinet_pod."""

    MODULE = "multinet_pod"
    LIBRARIES = libraries.KUBERNETES
