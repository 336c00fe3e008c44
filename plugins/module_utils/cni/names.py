# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the objects of an installation are called; for those, too, who look for them and do not make them."""

from __future__ import annotations

NAME = "gke-multinet"
NAMESPACE = "kube-system"  # of all that it needs; Whereabouts keeps its pools there, too
LABEL = "app"  # on everything, with the name of the installation
CONFIG_MAP = "multus-cni-config"
CONFIG_KEY = "cni-conf.json"
SCHEDULE = "whereabouts-config"
SCHEDULE_KEY = "cron-expression"
POOL_LABEL = "cloud.google.com/gke-nodepool"  # of a node: the name of its pool
