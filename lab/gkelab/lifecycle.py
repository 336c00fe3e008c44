# SPDX-License-Identifier: Apache-2.0
"""Starting, repairing and removing a lab."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gkelab import checks, hints
from gkelab.admin import answers, repair
from gkelab.cloud import oauth
from gkelab.fabric.client import FabricClient
from gkelab.locks import locked_folder
from gkelab.machines import ports
from gkelab.machines.cluster import clusters, write_kubeconfig
from gkelab.output import Progress
from gkelab.processes import Processes, Stray, kill, kill_session, marked
from gkelab.state import PROJECT, Lab, LabError, Settings
from gkelab.supplies import Supplies, cache_folder
from gkelab.uml import link
from gkelab.waiting import wait_for

PACKAGE_ROOT = Path(__file__).resolve().parent.parent
DEFAULT = Settings("full", 26400)
STARTED_WITHIN = 30  # seconds
RECOVERED_WITHIN = 600  # seconds; the cloud answers when it has brought its machines back
GONE_WITHIN = 10  # seconds
RECORDED_WITHIN = 0.5  # seconds from a process's start to its record
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Lifecycle:
    """What `up` and `down` do with one lab."""

    def __init__(self, lab: Lab, progress: Progress) -> None:
        self.lab = lab
        self.progress = progress
        self.processes = Processes(lab.folder)
        self.supplies = Supplies(cache_folder(), progress.say)

    def up(self, engine: str | None, port: int | None, time_factor: float | None) -> Settings:
        """Start the lab, or repair it; return its settings. What is None is as the lab has it, or the default."""
        with self._held():
            fresh = not self.lab.exists
            settings = self._settings(engine, port, time_factor)
            before = self._running()
            try:
                self._sweep()
                self._start(settings, fresh=fresh)
            except BaseException as error:  # Ctrl-C above all: nothing that was started may be left
                self._undo(error, before, fresh=fresh)
                raise
        return settings

    def down(self) -> bool:
        """End everything and forget the lab; tell whether there was one."""
        if not self.lab.folder.exists():  # perhaps somebody has deleted the folder of a lab that runs
            found = bool(self.processes.strays())
            self._end_all()
            return found
        if not self.lab.exists and any(self.lab.folder.iterdir()):
            raise LabError(f"{self.lab.folder} is not a lab: it is left as it is")
        with self._held():
            self._remove()
        return True

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the lab's folder, so that no other `up` or `down` is at it."""
        what = f"the lab in {self.lab.folder}"
        while True:
            self.lab.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.ExitStack() as stack:
                try:
                    stack.enter_context(locked_folder(self.lab.folder, what, self.progress.say))
                except FileNotFoundError:  # a `down` has removed it meanwhile
                    continue
                yield
                return

    def _settings(self, engine: str | None, port: int | None, time_factor: float | None) -> Settings:
        """Return the settings to start with; a lab that is there cannot get others."""
        if not self.lab.exists:
            self.lab.check_folder()
            return Settings(engine or DEFAULT.engine, port or DEFAULT.port, time_factor)
        known = self.lab.settings()
        for name, asked in (("engine", engine), ("port", port), ("time_factor", time_factor)):
            if asked not in (None, getattr(known, name)):
                option = name.replace("_", "-")
                raise LabError(
                    f"the lab in {self.lab.folder} has --{option} {getattr(known, name)}, not {asked}: "
                    f"`{hints.command('down')}` first, or use another --dir and --port beside it"
                )
        return known

    def _start(self, settings: Settings, *, fresh: bool) -> None:
        """Start what does not run, in order, and return when all of it is usable."""
        for warning in checks.check(settings.engine, self.supplies.cache, self.lab.folder, fresh=fresh):
            self.progress.say(f"note: {warning}")
        self._check_ports(settings)
        self.lab.create(settings)
        with marked(self.lab.folder):
            self.supplies.fetch(settings.engine)
        self.progress.done("supplies are there")
        if not (self.lab.folder / oauth.FILE).exists():
            oauth.write_service_account(self.lab.folder, settings.url, PROJECT)
        if not (self.lab.folder / oauth.USER_FILE).exists():
            oauth.write_user(self.lab.folder, settings.url)
        for record in self.processes.records():
            if not record.runs:
                self.progress.say(f"{record.name} had ended, it is started again")
        environment = self._python_environment()
        if settings.engine != "api":
            link(self.lab.bin / "kubectl", self.supplies.kubernetes / "kubectl")
            write_kubeconfig(self.lab)
        if settings.engine == "full":
            self._start_networks(settings, environment)
        self._start_cloud(settings, environment)
        if settings.engine != "api":
            number, nodes = repair(self.lab)
            self.progress.done(f"{number} clusters and {nodes} nodes run")

    def _python_environment(self) -> dict[str, str]:
        """Return what our own Python processes need: this package, and compiled code that is kept somewhere.

        Where Python is told not to keep it beside the sources, the cloud would compile Google's client libraries at
        every start, which takes 7 seconds.
        """
        path = os.pathsep.join(filter(None, (str(PACKAGE_ROOT), os.environ.get("PYTHONPATH"))))
        if not sys.dont_write_bytecode:
            return {"PYTHONPATH": path}
        kept = self.supplies.cache / "pycache"
        return {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(kept)}

    def _start_networks(self, settings: Settings, environment: dict[str, str]) -> None:
        fabric = FabricClient(self.lab.fabric)
        if not self._runs("fabric"):
            for place in clusters(self.lab):  # a kernel does not plug its NICs in again: it must boot again
                for name in (f"nodes/{node.name}" for node in place.nodes()):
                    self.processes.stop(place.process(name), patience=0)
                self.processes.stop(place.process("gateway"), patience=0)
            command = [sys.executable, "-m", "gkelab.fabric.server", self.lab.fabric]
            self._launch("fabric", command, environment)
        if not self._runs("registry"):
            port = settings.port + ports.REGISTRY_OFFSET
            command = [sys.executable, "-m", "gkelab.registry", self.supplies.images, port]
            self._launch("registry", command, environment)
        self._wait("fabric", fabric.answers)
        self._wait("registry", lambda: not ports.is_free(settings.port + ports.REGISTRY_OFFSET))
        self.progress.done("networks and image registry answer")

    def _start_cloud(self, settings: Settings, environment: dict[str, str]) -> None:
        if not self._runs("cloud"):
            command = [sys.executable, "-m", "gkelab.cloud", "--dir", self.lab.folder, "--port", settings.port]
            command += ["--grpc-port", settings.port + ports.GRPC_OFFSET, "--engine", settings.engine]
            if settings.time_factor is not None:
                command += ["--time-factor", settings.time_factor]
            self._launch("cloud", command, environment)
        self._wait("cloud", lambda: answers(self.lab), RECOVERED_WITHIN)
        self.progress.done(f"the Google APIs answer on {settings.url}")

    def _launch(self, name: str, command: list[object], environment: dict[str, str]) -> None:
        """Start one of the lab's own processes."""
        self.processes.start(name, command, self._log(name), environment)

    def _running(self) -> dict[str, int]:
        """Return what runs, by name, with its id."""
        return {record.name: record.pid for record in self.processes.records() if record.runs}

    def _runs(self, name: str) -> bool:
        return self.processes.running(name) is not None

    def _log(self, name: str) -> Path:
        return self.lab.logs / f"{name}.log"

    def _wait(self, name: str, condition: Callable[[], bool], seconds: float = STARTED_WITHIN) -> None:
        wait_for(lambda: condition() or not self._runs(name), seconds, 0.05)
        if not (self._runs(name) and condition()):
            last = self._log(name).read_text(errors="replace").strip().splitlines()[-5:]
            raise LabError("\n".join([f"{name} did not start, see {self._log(name)}:", *last]))

    def _check_ports(self, settings: Settings) -> None:
        wanted = [("cloud", settings.port), ("cloud", settings.port + ports.GRPC_OFFSET)]
        if settings.engine == "full":
            wanted.append(("registry", settings.port + ports.REGISTRY_OFFSET))
        for place in clusters(self.lab):
            own = place.ports
            wanted += [(place.process("kube-apiserver"), own.api), (place.process("etcd"), own.etcd)]
        for name, port in wanted:
            if not self._runs(name) and not ports.is_free(port):
                remedy = "end that program" if "/" in name or self.lab.exists else "choose another with --port"
                raise LabError(f"port {port} on 127.0.0.1 is in use by another program, {name} needs it: {remedy}")

    def _sweep(self) -> None:
        """End processes of this lab that are in no record: a crash, or a deleted folder, has left them."""
        lost = self._lost()
        if not lost:
            return
        time.sleep(RECORDED_WITHIN)  # the cloud may just be starting something
        lost &= self._lost()
        kill(lost)
        if not wait_for(lambda: not lost & self._lost(), GONE_WITHIN, 0.05):
            raise LabError(f"these processes of a former lab do not end: {_ids(lost & self._lost())}")
        if lost:
            self.progress.say(f"ended {len(lost)} processes that a crash has left")

    def _lost(self) -> set[Stray]:
        """Return the lab's processes whose session is not one of a recorded process that runs."""
        strays = self.processes.strays()
        known = set(self._running().values())
        return {stray for stray in strays if stray.session not in known}

    def _undo(self, error: BaseException, before: dict[str, int], *, fresh: bool) -> None:
        """Stop what runs now and did not before, whoever started it, and say so."""
        why = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        with _undisturbed():
            started = {name: pid for name, pid in self._running().items() if before.get(name) != pid}
            what = ", ".join(sorted(started))
            if fresh:
                self._remove()
                self.progress.say(f"{why}: {f'stopped {what} again' if what else 'nothing was started'}")
                return
            if "cloud" in started:  # first, so that it starts nothing any more
                self.processes.stop("cloud", patience=2)
                started |= {name: pid for name, pid in self._running().items() if before.get(name) != pid}
            for pid in started.values():
                kill_session(pid)
            wait_for(lambda: not started.items() & self._running().items(), GONE_WITHIN, 0.05)
            self._sweep()
            self.progress.say(f"{why}: stopped again what was started ({what or 'nothing'}); the lab's state is kept")

    def _remove(self) -> None:
        """End every process of the lab and remove its folder."""
        self.processes.stop("cloud", patience=3)  # first, so that it starts nothing any more
        self._end_all()
        self.lab.remove()

    def _end_all(self) -> None:
        """End every process of the lab, those included that they start meanwhile."""

        def ended() -> bool:
            running, strays = self._running(), self.processes.strays()
            for pid in running.values():
                kill_session(pid)
            kill(strays)
            return not running and not strays

        if not wait_for(ended, GONE_WITHIN, 0.05):
            raise LabError(f"these processes do not end: {_ids(self.processes.strays())}; {self.lab.folder} is kept")


def _ids(strays: Iterable[Stray]) -> str:
    return ", ".join(str(stray.pid) for stray in strays)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let nobody interrupt the cleaning up."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in INTERRUPTIONS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
