# SPDX-License-Identifier: Apache-2.0
"""The tree that the nodes see as their root, from Debian packages, without root and without installing them.

apt checks the packages' signatures and downloads them, dpkg-deb unpacks them, no maintainer script runs. The control
plane takes its etcd from the same tree, and user-mode-linux is in it, too.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from gkelab.supplies.cache import Say, SupplyError, entry, key_of, remove
from gkelab.supplies.running import run

PACKAGES = (
    "busybox-static",
    "containerd",
    "containernetworking-plugins",
    "crun",
    "e2fsprogs",
    "etcd-server",
    "iptables",
    "user-mode-linux",
)
# Dependencies that only maintainer scripts and tools nobody calls here have. busybox stands in for the small tools.
UNUSED = (
    "adduser",
    "debconf",
    "dpkg",
    "init-system-helpers",
    "lsb-base",
    "passwd",
    "perl",
    "perl-base",
    "runc",
    "sysvinit-utils",
    "tar",
)
UNUSED_PREFIXES = ("libfile-", "libnumber-", "libpam", "libperl", "libtext-", "perl-modules")
FOLDERS = ("dev", "etc", "home", "lab", "mnt", "proc", "root", "run", "sys", "tmp", "usr/local/sbin", "usr/local/bin")
UNREAD = ("doc", "locale", "man", "lintian")
# What the tree's own init program does; the rest is in the node's folder, see machines/guest/init.sh.
INIT = """\
#!/bin/sh
export PATH=/usr/sbin:/usr/bin
mount -t hostfs none /lab
exec sh /lab/init.sh
"""
OS_RELEASE = Path("/etc/os-release")
LDCONFIG = "/sbin/ldconfig"  # of the machine, where it need not be on the PATH


def key() -> str:
    """Return what the tree depends on: this recipe and the release whose packages apt would take."""
    release = OS_RELEASE.read_text() if OS_RELEASE.exists() else ""
    return key_of([*PACKAGES, *UNUSED, *UNUSED_PREFIXES, *FOLDERS, *UNREAD, INIT, LDCONFIG, release])


def build(cache: Path, say: Say) -> Path:
    """Return the tree, after unpacking it if it is not there."""

    def make(folder: Path) -> None:
        work = folder / "work"
        for name in ("state/lists/partial", "cache/archives/partial", "packages"):
            (work / name).mkdir(parents=True)
        say("fetching Debian packages for the nodes (apt checks their signatures; nothing is installed)")
        apt(work, "update")
        chosen = choice(simulation(work))
        packages = work / "packages"
        apt(work, "download", *chosen, cwd=packages)
        size = sum(package.stat().st_size for package in packages.glob("*.deb")) / 1e6
        say(f"unpacking {len(chosen)} packages ({size:.0f} MB)")
        tree = folder / "tree"
        unpack(packages, tree)
        finish(tree)
        remove(work)

    return entry(cache, f"tree/{key()}", make, say) / "tree"


def apt(work: Path, *args: str, cwd: Path | None = None) -> str:
    """Run apt-get with a state of its own, in which no package is installed; return what it prints."""
    options = (
        f"Dir::State={work}/state",
        "Dir::State::status=/dev/null",
        f"Dir::Cache={work}/cache",
        "APT::Install-Recommends=0",
        "APT::Sandbox::User=",  # as root, apt would become a user who may not write here
        "Acquire::Languages=none",
    )
    command = ["apt-get", "-q", *(part for option in options for part in ("-o", option)), *args]
    return run(command, cwd=cwd, environment={"LC_ALL": "C"})


def simulation(work: Path) -> str:
    """Return what `apt-get -s install` would do for our packages."""
    try:
        return apt(work, "-s", "-y", "install", *PACKAGES)
    except SupplyError as error:
        missing = unknown(str(error))
        if not missing:
            raise
        raise SupplyError(
            f"apt knows no package {', '.join(missing)}: the lab's nodes need Debian's package sources (Debian 12 is "
            "tested)"
        ) from error


def unknown(complaint: str) -> list[str]:
    """Return the packages that apt-get says it does not have."""
    found = re.findall(r"Unable to locate package (\S+)|Package '(\S+)' has no installation candidate", complaint)
    return sorted({one or other for one, other in found})


def choice(simulated: str) -> list[str]:
    """Return the packages to download as NAME=VERSION, out of what `apt-get -s install` would install.

    Its lines read `Inst NAME (VERSION ORIGIN [ARCHITECTURE])`. Fifteen or so that nothing here calls are left out.
    """
    chosen = []
    for line in simulated.splitlines():
        words = line.split()
        if words[:1] == ["Inst"] and not is_unused(words[1]):
            version = next(word for word in words[2:] if word.startswith("("))
            chosen.append(f"{words[1]}={version.lstrip('(')}")
    return chosen


def is_unused(package: str) -> bool:
    """Tell whether no program of the lab needs this package; newer releases end some names with t64."""
    return package.removesuffix("t64") in UNUSED or package.startswith(UNUSED_PREFIXES)


def unpack(packages: Path, tree: Path) -> None:
    """Unpack all packages of a folder over each other."""
    for name in ("bin", "sbin", "lib", "lib64"):  # merged as on every Debian; no package brings these links
        (tree / "usr" / name).mkdir(parents=True)
        (tree / name).symlink_to(f"usr/{name}")
    for name in FOLDERS:
        (tree / name).mkdir(parents=True, exist_ok=True)
    for package in sorted(packages.glob("*.deb")):
        # dpkg-deb -x would replace the links by folders
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as archive:
            run(["tar", "-x", "--no-same-owner", "--keep-directory-symlink", "-C", tree], stdin=archive.stdout)
        if archive.returncode:
            raise SupplyError(f"{package.name} could not be unpacked")


def finish(tree: Path) -> None:
    """Write what maintainer scripts would have written, as far as a node needs it."""
    for name in UNREAD:
        shutil.rmtree(tree / "usr/share" / name, ignore_errors=True)
    for applet in run([tree / "bin/busybox", "--list-full"]).split():
        link = tree / "usr" / applet.removeprefix("usr/")
        if not link.exists() and not link.is_symlink():
            link.symlink_to("/usr/bin/busybox")
    (tree / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (tree / "etc/group").write_text("root:x:0:\n")
    (tree / "init").write_text(INIT)
    (tree / "init").chmod(0o755)
    # Without this list, each start of a program looks for its libraries in a dozen folders that are not there.
    run([LDCONFIG, "-X", "-r", tree])
