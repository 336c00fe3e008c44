# SPDX-License-Identifier: Apache-2.0
"""A Linux kernel as an ordinary process (user-mode-linux): how it is started and told to power off.

What a kernel sees of the host is one folder, which holds links to the tree that is its root and to the programs that
it runs. Arch of the host: x86-64.
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
import socket
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

GUEST = Path(__file__).resolve().parent / "machines" / "guest"
COMMON = (GUEST / "init.sh", GUEST / "containerd.toml")
ROLES = {role: GUEST / f"{role}.sh" for role in ("prepare-disk", "run-node")}
MCONSOLE_MAGIC, MCONSOLE_VERSION = 0xCAFEBABE, 2  # arch/um/drivers/mconsole.h


def write_folder(folder: Path, tree: Path, role: str, environment: Mapping[str, object]) -> None:
    """Write what every kernel needs into its folder, and nothing secret; the environment is its init program's."""
    (folder / "log").mkdir(parents=True, exist_ok=True)
    link(folder / "root", tree)
    for source in (*COMMON, ROLES[role]):
        shutil.copyfile(source, folder / source.name)
    lines = [f"{name}={shlex.quote(str(value))}\n" for name, value in {"ROLE": role, **environment}.items()]
    (folder / "guest.env").write_text("".join(lines))


def link(path: Path, target: Path) -> None:
    """Make a link, or lead an old one elsewhere."""
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def command(
    tree: Path, folder: Path, sockets: Path, name: str, *, memory: int, devices: Sequence[str]
) -> tuple[object, ...]:
    """Return the command that boots a kernel with so many MiB of memory; its console is standard output.

    `sockets`/`name` will hold its management socket: a short path, as those end after 107 bytes. A killed kernel
    leaves that folder, and a new one would then take a random name and hear nothing: it is deleted here.
    """
    shutil.rmtree(sockets / name, ignore_errors=True)
    return (
        tree / "usr/bin/linux.uml",
        f"mem={memory}M",
        f"hostfs={folder}",  # put before the path of every hostfs mount
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=root/",  # not without the slash
        "ro",
        "init=/init",
        "quiet",
        "selinux=0",
        "con=null",
        "con0=null,fd:1",
        f"umid={name}",
        f"uml_dir={sockets}",
        *devices,
    )


def network_device(number: int, cable: Path, mac: str) -> str:
    """Return the boot parameter of a NIC whose cable is a socket of the fabric."""
    return f"vec{number}:transport=bess,dst={cable},depth=64,mac={mac}"


def power_off(sockets: Path, name: str) -> None:
    """Ask a kernel to power off: its init program gets what Ctrl-Alt-Del is on a console."""
    request = struct.pack("=III512s", MCONSOLE_MAGIC, MCONSOLE_VERSION, 3, b"cad")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client, contextlib.suppress(OSError):  # it is gone already
        client.bind("")
        client.sendto(request, str(sockets / name / "mconsole"))
