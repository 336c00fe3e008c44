# SPDX-License-Identifier: Apache-2.0
"""The command `gkelab`: Google Kubernetes Engine on one machine."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from gkelab import __version__, environment, fault, logs, status
from gkelab.asked import asked
from gkelab.checks import check
from gkelab.engine import EngineError
from gkelab.fabric.network import MODES
from gkelab.hints import command
from gkelab.lifecycle import Lifecycle
from gkelab.machines import ENGINES
from gkelab.machines.engines import FullEngine
from gkelab.output import Progress, show, table
from gkelab.state import Lab, LabError, default_folder
from gkelab.supplies import Supplies, cache_folder
from gkelab.supplies.cache import SupplyError
from gkelab.times import since

NOTHING_RUNS = 3  # exit code of status, as of `systemctl status`
NEXT = """\
The lab is up: Google's APIs answer on {url} (project test-project, zone us-central1-c).
  eval "$({env})"     variables for gcloud, kubectl, Ansible and Google's clients
  {status}            what runs; also: logs, requests, fault, network, kill-node
  {down}              end everything and forget it\
"""


def up(args: argparse.Namespace, lab: Lab) -> int:
    """Start the lab, or repair it."""
    settings = Lifecycle(lab, Progress()).up(args.engine, args.port, args.time_factor)
    options = () if lab.folder == Lab(default_folder()).folder else ("--dir", str(lab.folder))
    show(NEXT.format(url=settings.url, **{name: command(name, *options) for name in ("env", "status", "down")}))
    return 0


def down(_: argparse.Namespace, lab: Lab) -> int:
    """End everything and forget the lab."""
    progress = Progress()
    if Lifecycle(lab, progress).down():
        progress.say(f"down: nothing of the lab in {lab.folder} is left")
    else:
        progress.say(f"there is no lab in {lab.folder}: nothing to do")
    return 0


def show_status(_: argparse.Namespace, lab: Lab) -> int:
    """Show clusters, nodes, processes and ports."""
    if not lab.exists:
        show(f"there is no lab in {lab.folder}")
        return NOTHING_RUNS
    text, runs = status.report(lab)
    show(text)
    return 0 if runs else NOTHING_RUNS


def show_environment(_: argparse.Namespace, lab: Lab) -> int:
    """Print shell commands that set what clients need."""
    show(environment.exports(lab))
    return 0


def show_logs(args: argparse.Namespace, lab: Lab) -> int:
    """Print one log, or the names of all."""
    lab.settings()
    if args.name:
        with logs.find(lab, args.name).open("rb") as log:
            sys.stdout.flush()
            shutil.copyfileobj(log, sys.stdout.buffer)
    else:
        show("\n".join(logs.known(lab)))
    return 0


def show_requests(args: argparse.Namespace, lab: Lab) -> int:
    """Print what the APIs were asked, and by whom."""
    lab.settings()
    lines = asked(lab, writes=args.writes, since=args.since)
    show(table([("TIME", "API", "STATUS", "VERB", "WHAT", "FAULT", "BY"), *lines]))
    return 0


def kill_node(args: argparse.Namespace, lab: Lab) -> int:
    """Lose a node as a failing machine would."""
    node = _full(lab).kill_node(args.name)
    show(f"{node.name} of {node.cluster} is lost; `{command('start-node', node.name)}` brings it back")
    return 0


def start_node(args: argparse.Namespace, lab: Lab) -> int:
    """Boot a lost node again."""
    node = _full(lab).start_node(args.name)
    show(f"{node.name} of {node.cluster} is Ready")
    return 0


def network(args: argparse.Namespace, lab: Lab) -> int:
    """Show the networks' settings, counters and drops; change mode or MTU of one."""
    fabric = _full(lab).fabric
    state = fabric.state()
    if args.name:
        names = [name for name in state if args.name in (name, name.rpartition("/")[2])]
        if len(names) != 1:
            raise LabError(f"there is no one network {args.name}, only {', '.join(state) or 'none'}")
        state = fabric.set_mode(names[0], args.mode) if args.mode else state
        state = fabric.set_mtu(names[0], args.mtu) if args.mtu else state
        state = {names[0]: state[names[0]]}
    elif args.mode or args.mtu:
        raise LabError("--mode and --mtu want the NAME of a network before them")
    show(json.dumps(state, indent=2))
    return 0


def fetch(args: argparse.Namespace, lab: Lab) -> int:
    """Fill the cache, and start nothing."""
    progress = Progress()
    cache = cache_folder()
    for warning in check(args.engine or "full", cache, lab.folder, fresh=True):
        progress.say(f"note: {warning}")
    Supplies(cache, progress.say).fetch(args.engine or "full")
    progress.say(f"all supplies are in {cache}")
    return 0


def _full(lab: Lab) -> FullEngine:
    if lab.settings().engine != "full":
        raise LabError(f"the lab in {lab.folder} has the engine {lab.settings().engine}: only full has real nodes")
    return FullEngine(lab, Supplies(cache_folder(), Progress().say))


def parser() -> argparse.ArgumentParser:
    """Return what the command line may be."""
    result = argparse.ArgumentParser(prog="gkelab", description=__doc__)
    result.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = result.add_subparsers(dest="command", required=True, metavar="COMMAND")
    folder = os.environ.get("GKELAB_DIR") or str(default_folder())

    def add(name: str, function: Callable[[argparse.Namespace, Lab], int]) -> argparse.ArgumentParser:
        purpose = (function.__doc__ or "").strip().rstrip(".")
        one = commands.add_parser(name, help=purpose, description=purpose)
        one.add_argument("--dir", default=folder, help="the lab's folder (default: $GKELAB_DIR, or %(default)s)")
        one.set_defaults(function=function)
        return one

    one = add("up", up)
    one.add_argument("--engine", choices=ENGINES, help="api, control-plane (+ API servers) or full (+ nodes); full")
    one.add_argument("--port", type=_port, help="port of the Google APIs on 127.0.0.1; others follow it (26400)")
    one.add_argument("--time-factor", type=float, help="how long Google's operations take, 1 being as on Google")
    add("down", down)
    add("status", show_status)
    add("env", show_environment)
    add("logs", show_logs).add_argument("name", nargs="?", help="a name of the list, or its end")
    one = add("requests", show_requests)
    one.add_argument("--writes", action="store_true", help="only what asked for a change")
    one.add_argument("--since", type=since, metavar="TIME", help="90s, 10m, 2h (ago), or 2026-01-31T12:00:00Z")
    add("kill-node", kill_node).add_argument("name", help="the Node's name")
    add("start-node", start_node).add_argument("name", help="the Node's name")
    one = add("network", network)
    one.add_argument("name", nargs="?", help="NETWORK or PROJECT/NETWORK")
    one.add_argument("--mode", choices=MODES, help="flat: as the guide promises; strict: Google's alias rules")
    one.add_argument("--mtu", type=int, metavar="BYTES", help="drop larger packets, whatever the nodes' NICs send")
    fault.add_options(add("fault", fault.run))
    add("fetch", fetch).add_argument("--engine", choices=ENGINES, help="full, if not given")
    return result


def _port(text: str) -> int:
    port = int(text)
    if not 1024 <= port <= 65000:
        raise argparse.ArgumentTypeError(f"{port} is not between 1024 and 65000")
    return port


def main() -> None:
    """Run one command; its result is the exit code."""
    args = parser().parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup wants us to go on
            signal.signal(number, signal.default_int_handler)
    try:
        code = args.function(args, Lab(Path(args.dir)))
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        code = 0
    except (LabError, EngineError, SupplyError, OSError) as error:  # OSError: a full disk, a folder that is a file
        sys.stderr.write(f"gkelab: {error}\n")
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
