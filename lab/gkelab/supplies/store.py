# SPDX-License-Identifier: Apache-2.0
"""All supplies by name, in the order in which they depend on each other."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from gkelab.supplies import contents, disk, programs, tree
from gkelab.supplies.cache import Say, SupplyError


def cache_folder() -> Path:
    """Return where supplies are kept: $GKELAB_CACHE, or gkelab in the user's cache folder (XDG)."""
    own = os.environ.get("GKELAB_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gkelab"


class Supplies:
    """What an engine needs, made when it is asked for and not there."""

    def __init__(self, cache: Path, say: Say) -> None:
        self.cache = cache
        self._say = say

    @functools.cached_property
    def kubernetes(self) -> Path:
        """The folder with kube-apiserver, kube-controller-manager, kube-scheduler, kubelet and kubectl."""
        return programs.build(self.cache, "kubernetes", self._say)

    @functools.cached_property
    def gateway(self) -> Path:
        """The program that joins a VPC to the control plane's host."""
        return programs.build(self.cache, "gateway", self._say) / "gateway"

    @functools.cached_property
    def tree(self) -> Path:
        """The nodes' root."""
        return tree.build(self.cache, self._say)

    @property
    def etcd(self) -> Path:
        """The etcd program."""
        return self.tree / "usr/bin/etcd"

    @functools.cached_property
    def _archives(self) -> contents.Archives:
        return contents.build(
            self.cache,
            contents.Programs(
                tree=self.tree,
                multus=programs.build(self.cache, "multus", self._say),
                whereabouts=programs.build(self.cache, "whereabouts", self._say),
                newer_whereabouts=programs.build(self.cache, "whereabouts-0.9", self._say),
            ),
            self._say,
        )

    @property
    def images(self) -> Path:
        """The archive with all images."""
        return self._archives.every

    @functools.cached_property
    def disk(self) -> Path:
        """The disk that nodes start from."""
        return disk.build(self.cache, self.tree, self._archives.on_board, self._say)

    def fetch(self, engine: str) -> None:
        """Make everything that an engine needs."""
        if engine == "api":
            return
        needed: list[Path] = [self.etcd, self.kubernetes]
        if engine == "full":
            needed += [self.gateway, self.disk]
        missing = [str(path) for path in needed if not path.exists()]
        if missing:
            raise SupplyError(f"the cache is damaged: {', '.join(missing)} should be there; delete {self.cache}")
