# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of module_utils/options.py, wait()."""

from __future__ import annotations


class ModuleDocFragment:
    """Whether and how long a module waits; wait_timeout's default differs, so each module documents it itself."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Wait until what was started has ended.
      - With V(false) the work is only started; the next task on the same resource waits for it.
    type: bool
    default: true
"""
