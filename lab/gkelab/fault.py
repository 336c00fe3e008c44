# SPDX-License-Identifier: Apache-2.0
"""The command `gkelab fault`: let the Google APIs of a lab fail where they once in a while do."""

from __future__ import annotations

import argparse

from gkelab.admin import ask
from gkelab.cloud.fault_kinds import KINDS
from gkelab.output import show, table
from gkelab.state import Lab, LabError

COLUMNS = ("ID", "KIND", "METHOD", "PATH", "NTH", "TIMES", "SEEN", "FIRED")


def run(args: argparse.Namespace, lab: Lab) -> int:
    """Let calls of the Google APIs fail: add, list and clear faults."""
    if args.action == "add":
        names = ("kind", "method", "path", "nth", "times", "status", "seconds", "code", "message")
        asked = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
        show(ask(lab, "POST", "/lab/faults", asked)["id"])
    elif args.action == "clear":
        if args.id and not args.id.isdecimal():
            raise LabError(f"{args.id} is no fault's id: `gkelab fault list` shows them")
        gone = ask(lab, "DELETE", f"/lab/faults/{args.id}" if args.id else "/lab/faults")["faults"]
        show(f"cleared {len(gone)}")
    else:
        faults = ask(lab, "GET", "/lab/faults")["faults"]
        show(table([COLUMNS, *([_cell(fault[name.lower()]) for name in COLUMNS] for fault in faults)]))
    return 0


def _cell(value: object) -> object:
    return "-" if value == "" else value


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give `gkelab fault` its actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser(
        "add",
        help="add a fault, print its id",
        description="Add a fault; it hits calls of Google's APIs.",
        epilog="kinds: " + "; ".join(f"{kind}: {what}" for kind, what in KINDS.items()),
    )
    add.add_argument("kind", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    add.add_argument("--method", help="GET, POST, PUT, PATCH or DELETE; any, if not given")
    add.add_argument("--path", metavar="REGEX", help="searched in the call's path; any, if not given")
    add.add_argument("--nth", type=int, help="the first matching call that it hits (1)")
    add.add_argument("--times", type=int, help="how many calls in a row it hits; 0: all from then on (1)")
    add.add_argument("--status", type=int, help="of kind status (503)")
    add.add_argument("--seconds", type=float, help="of kind slow (5)")
    add.add_argument("--code", help="of kind operation-error: the error's code; of kind status: the reason")
    add.add_argument("--message", help="the error's text")
    actions.add_parser("list", help="show all, with how many calls each has seen and hit")
    actions.add_parser("clear", help="delete one, or all").add_argument("id", nargs="?", metavar="ID")
