# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules promise, in a form that tools read."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes of the collection's modules; a module overrides what differs."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change, without changing it.
    support: full
    details:
      - The same requests are sent, less the writes; RV(actions) and the returned state are those of a real run.
  diff_mode:
    description: Returns what changes, before and after, in the words of the module's options.
    support: full
  idempotent:
    description: A second run with the same options changes nothing and writes nothing.
    support: full
  action_group:
    description: Is part of the action group C(multinet.gke.all), for C(module_defaults).
    support: full
    membership:
      - multinet.gke.all
"""

    # For modules that only read.
    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change, without changing it.
    support: full
    details:
      - This module only reads.
  diff_mode:
    description: Returns what changes, before and after, in the words of the module's options.
    support: N/A
    details:
      - This module only reads.
  idempotent:
    description: A second run with the same options changes nothing and writes nothing.
    support: full
  action_group:
    description: Is part of the action group C(multinet.gke.all), for C(module_defaults).
    support: full
    membership:
      - multinet.gke.all
"""
