# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of all clusters in a run, for people."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_summary
short_description: What became of all clusters in a run of the collection's playbooks, for people
version_added: 0.1.0
author:
  - multinet.gke contributors (@multinet-gke)
description:
  - Says of each cluster what was changed, or where it failed and what helps; which clusters were not begun; and with
    which C(--limit) the run goes on.
options:
  _input:
    description:
      - The variables of all hosts, C(hostvars). Of a cluster's, C(multinet_outcome) is what the filter
        P(multinet.gke.outcome#filter) made; without it the cluster was not begun.
    type: dict
    required: true
  hosts:
    description: Names of the hosts of the run.
    type: list
    elements: str
    required: true
  check:
    description: Whether the run was in check mode, so that the changes are still to come.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Say what became of two clusters
  ansible.builtin.assert:
    that:
      - 'text.splitlines()[0] == "2 clusters: 1 changed, 1 not begun"'
      - 'text.splitlines()[-1] == "To go on: --limit west"'
  vars:
    variables:
      east:
        multinet_outcome: {changes: [create network my-vpc], kept: [], verified: "", failure: null}
      west: {}
    text: "{{ variables | multinet.gke.fleet_summary(['east', 'west']) }}"
"""

RETURN = r"""
_value:
  description: The text, of several lines.
  type: str
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

OUTCOME = "multinet_outcome"
FAILED = "failed"
NOT_BEGUN = "not begun"
WORDS = ("changed", "unchanged", "to be changed", "in step", FAILED, NOT_BEGUN)  # in this order they are counted


def fleet_summary(hostvars: Mapping[str, Any], hosts: Sequence[str], *, check: bool = False) -> str:
    """Return the summary of a run."""
    outcomes = {host: hostvars[host].get(OUTCOME) for host in hosts}
    words = {host: _word(outcome, check) for host, outcome in outcomes.items()}
    found = Counter(words.values())
    counts = ", ".join(f"{found[word]} {word}" for word in WORDS if found[word])
    lines = [f"{len(hosts)} cluster{'s' * (len(hosts) != 1)}: {counts}", ""]
    for host, outcome in outcomes.items():
        lines += _lines(host, words[host], outcome)
    left = [host for host, word in words.items() if word in (FAILED, NOT_BEGUN)]
    if left:
        lines += ["", f"To go on: --limit {','.join(left)}"]
    return "\n".join(lines)


def _word(outcome: Mapping[str, Any] | None, check: bool) -> str:
    if outcome is None:
        return NOT_BEGUN
    if outcome["failure"]:
        return FAILED
    if outcome["changes"]:
        return "to be changed" if check else "changed"
    return "in step" if check else "unchanged"


def _lines(host: str, word: str, outcome: Mapping[str, Any] | None) -> Iterator[str]:
    if outcome is None:
        yield f"{host}: {word}, because others failed before"
        return
    failure, verified = outcome["failure"], outcome["verified"]
    if failure:
        yield f"{host}: {word} at {failure['at']}: {failure['msg']}"
    else:
        yield f"{host}: {word}" + (f"; verified: {verified}" if verified else "")
    yield from (f"    {title}" for title in outcome["changes"])
    yield from (f"    stays: {text}" for text in outcome["kept"])


class FilterModule:
    """Ansible's way to find filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"fleet_summary": fleet_summary}
