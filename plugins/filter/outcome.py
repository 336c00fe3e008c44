# Copyright (c) 2026 multinet.gke contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of one cluster in a run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: outcome
short_description: What became of one cluster in a run of the collection's playbooks
version_added: 0.1.0
author:
  - multinet.gke contributors (@multinet-gke)
description:
  - Makes one short record of the registered results of a cluster's tasks, for P(multinet.gke.fleet_summary#filter).
options:
  _input:
    description: Registered results, those of loops among them. What was skipped says nothing.
    type: list
    elements: dict
    required: true
  failure:
    description:
      - What failed, if anything did. A dictionary with the name (V(task)), the V(tags) and the V(result) of the task.
    type: dict
"""

EXAMPLES = r"""
- name: Note what became of the cluster
  ansible.builtin.assert:
    that:
      - outcome.changes == ["create network my-vpc"]
      - outcome.failure.at == "Make the node pools (--tags nodepool)"
      - outcome.failure.msg == "no room"
  vars:
    vpc_result:
      actions: [create network my-vpc]
    failure:
      task: Make the node pools
      tags: [nodepool]
      result:
        msg: no room
    outcome: "{{ [vpc_result] | multinet.gke.outcome(failure) }}"
"""

RETURN = r"""
_value:
  description: The record.
  type: dict
  contains:
    changes:
      description: Titles of what was changed, or would be in check mode; each once.
      type: list
      elements: str
    kept:
      description: What was left, and why (RV(multinet.gke.gke_multinet_vpc#module:kept)).
      type: list
      elements: str
    verified:
      description: The outcome of M(multinet.gke.multinet_verify) in one line; empty if it was not run.
      type: str
    failure:
      description:
        - Where it failed (C(at)), and the first line of the message with the remedy (C(msg)); null if it did not.
      type: dict
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var

Result = Mapping[str, Any]

ALSO_DONE = "This run has also done or started: "  # how module_utils/module.py begins its last line
ITEM = "- "  # of a list in a message


def outcome(results: Iterable[Result], failure: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the record of a cluster."""
    everything = [each for result in results for each in _each(result)]
    failed = list(_each(failure["result"])) if failure else []
    # It is kept as a fact, and what APIs have said in it is no template to any version of Ansible.
    record: dict[str, Any] = wrap_var(
        {
            "changes": list(
                dict.fromkeys(title for each in (*everything, *failed) for title in each.get("actions", ()))
            ),
            "kept": list(dict.fromkeys(text for each in everything for text in each.get("kept", ()))),
            "verified": next(
                (str(each["summary"]) for each in everything if "matrix" in each and "summary" in each), ""
            ),
            "failure": {"at": _place(failure), "msg": _message(failed)} if failure else None,
        }
    )
    return record


def _each(result: Result) -> Iterator[Result]:
    """Yield a result, of a loop those of its items."""
    items = result.get("results")
    if isinstance(items, list) and items and all("ansible_loop_var" in each for each in items):
        yield from items
    else:
        yield result


def _place(failure: Mapping[str, Any]) -> str:
    tags = ",".join(tag for tag in failure["tags"] if tag != "always")
    return f"{failure['task']} (--tags {tags})" if tags else str(failure["task"])


def _message(failed: Iterable[Result]) -> str:
    """Return of a message that has several lines the first, and the last if that is none of a list: the remedy."""
    messages = [str(each.get("msg", "")) for each in failed if each.get("failed", True)]
    first, *others = [line for line in "\n".join(messages).splitlines() if line and not line.startswith(ALSO_DONE)] or [
        "no message"
    ]
    return f"{first} ... {others[-1]}" if others and not others[-1].startswith(ITEM) else first


class FilterModule:
    """Ansible's way to find filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"outcome": outcome}
