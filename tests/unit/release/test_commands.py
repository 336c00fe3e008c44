# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command warns of is no part of what it prints; if it fails, all of it is told."""

from __future__ import annotations

import pytest

from release.commands import Failed, run

SCRIPT = "echo '{}'; echo 'this will be removed' >&2; exit "


def test_a_warning_is_not_taken_for_what_was_asked_for() -> None:
    assert run("sh", "-c", SCRIPT + "0") == "{}\n"


def test_a_failure_has_all_that_was_said() -> None:
    with pytest.raises(Failed) as failed:
        run("sh", "-c", SCRIPT + "3")
    assert all(part in str(failed.value) for part in ("{}", "this will be removed", "(3)"))
