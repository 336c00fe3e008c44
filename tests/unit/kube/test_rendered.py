# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ansible_collections.multinet.gke.plugins.module_utils.kube.rendered import rendered


def test_what_is_rendered_changes_nothing_and_warns() -> None:
    heard: list[str] = []
    context: Any = SimpleNamespace(warn=heard.append)
    result = rendered("nad", {"name": "my-nad"}, [{"kind": "Pod"}], ["a doubt"], context)
    assert result == {"changed": False, "actions": [], "nad": {"name": "my-nad"}, "manifest": [{"kind": "Pod"}]}
    assert heard == ["a doubt"]


def test_what_only_looks_at_the_options_shows_no_document() -> None:
    nobody: Any = None  # nothing to say
    assert "manifest" not in rendered("nad", {}, None, [], nobody)
