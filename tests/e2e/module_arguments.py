# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's arguments, given to it in this process; before ansible-core 2.17 Ansible has nothing for that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from ansible.module_utils import basic

try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:

    @contextmanager
    def patch_module_args(args: dict[str, Any] | None = None) -> Iterator[None]:
        """Give arguments to each AnsibleModule that is made meanwhile."""
        text = json.dumps({"ANSIBLE_MODULE_ARGS": args or {}})
        with mock.patch.object(basic, "_ANSIBLE_ARGS", text.encode()):
            yield


__all__ = ["patch_module_args"]
