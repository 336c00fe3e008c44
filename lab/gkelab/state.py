# SPDX-License-Identifier: Apache-2.0
"""A lab's folder: what lies where in it.

```
lab.json             engine, port and clock of this lab; it makes a folder a lab, and goes last
token                the access token that both APIs take
service-account.json a key file that the Google APIs take
authorized-user.json a user's application default credentials, likewise
grpc.pem grpc.key    the certificate of the gRPC port, which is its own root
kubeconfig           all clusters of the lab
requests.jsonl       what the Google APIs were asked
run/                 one record per process
log/                 output of cloud, fabric and registry
fabric/              sockets of the networks
uml/                 sockets of the kernels
bin/                 kubectl
clusters/PROJECT/LOCATION/NAME/            cluster.json audit.log pki/ etcd/ log/ ...
clusters/PROJECT/LOCATION/NAME/nodes/NODE/ node.json log/ ...
```
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from gkelab.files import write_secret
from gkelab.hints import command

# A unix socket's path has 107 bytes; the longest below the folder is uml/12345678/mconsole.
LONGEST_FOLDER = 80
KIND = "gkelab"  # what lab.json says of itself: another program's file of that name makes no lab
PROJECT, REGION, ZONE = "test-project", "us-central1", "us-central1-c"


class LabError(Exception):
    """A command of gkelab cannot be done; the text says why and what to do."""


@dataclass(frozen=True)
class Settings:
    """What a lab was started with."""

    engine: str
    port: int
    time_factor: float | None = None

    @property
    def address(self) -> str:
        """Host and port of the Google APIs."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where the Google APIs answer."""
        return f"http://{self.address}"


def default_folder() -> Path:
    """Return the folder of the lab that is meant when none is named (XDG)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "gkelab" / "default"


class Lab:
    """The places of one lab."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().resolve()  # one name, as processes are marked with it
        self.token_file = self.folder / "token"
        self.kubeconfig = self.folder / "kubeconfig"
        self.logs = self.folder / "log"
        self.fabric = self.folder / "fabric"
        self.kernels = self.folder / "uml"
        self.bin = self.folder / "bin"
        self.clusters = self.folder / "clusters"
        self._settings = self.folder / "lab.json"

    @property
    def exists(self) -> bool:
        """Tell whether the folder is a lab."""
        try:
            return bool(json.loads(self._settings.read_text())["kind"] == KIND)
        except (FileNotFoundError, NotADirectoryError, ValueError, LookupError, TypeError):
            return False

    @property
    def token(self) -> str:
        """The access token."""
        return self.token_file.read_text().strip()

    def settings(self) -> Settings:
        """Return what the lab was started with."""
        if not self.exists:
            raise LabError(f"there is no lab in {self.folder}: `{command('up')}` starts one")
        try:
            return Settings(**{k: v for k, v in json.loads(self._settings.read_text()).items() if k != "kind"})
        except TypeError as error:  # of another version
            raise LabError(
                f"{self._settings} cannot be read ({error}): `{command('down')}` removes this lab"
            ) from error

    def check_folder(self) -> None:
        """Raise LabError if the folder cannot become a lab."""
        if len(os.fsencode(self.folder)) > LONGEST_FOLDER:
            raise LabError(
                f"the path {self.folder} is too long by {len(os.fsencode(self.folder)) - LONGEST_FOLDER} bytes for the "
                "unix sockets in it: choose another with --dir"
            )
        if not self.exists and self.folder.exists() and any(self.folder.iterdir()):
            raise LabError(f"{self.folder} is not empty and no lab: choose another folder with --dir")

    def create(self, settings: Settings) -> None:
        """Make the folder a lab, or a lab's folder complete again. The token stays as it is."""
        self.check_folder()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        write_secret(self._settings, json.dumps({"kind": KIND, **asdict(settings)}) + "\n")
        if not self.token_file.exists():
            write_secret(self.token_file, secrets.token_urlsafe(32))
        for folder in (self.logs, self.fabric, self.kernels, self.bin, self.clusters):
            folder.mkdir(exist_ok=True)

    def remove(self) -> None:
        """Delete the folder, if it is a lab or empty; what makes it a lab goes last, so this can be done again."""
        for path in self.folder.iterdir() if self.exists else ():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path != self._settings:
                path.unlink()
        self._settings.unlink(missing_ok=True)
        self.folder.rmdir()


def short(name: str) -> str:
    """Return eight characters that stand for a long name where only a short one fits."""
    return hashlib.sha256(name.encode()).hexdigest()[:8]
