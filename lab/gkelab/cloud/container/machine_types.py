# SPDX-License-Identifier: Apache-2.0
"""What a machine type's name says: family, vCPUs, and from them the number of NICs."""

from __future__ import annotations

import re

_SHARED_CORE = {
    "e2-micro": 2,
    "e2-small": 2,
    "e2-medium": 2,
    "f1-micro": 1,
    "g1-small": 1,
}
_PREDEFINED = re.compile(r"[a-z][a-z0-9]*-[a-z]+(?:-[a-z]+)?-(\d+)(?:-.*)?")
_CUSTOM = re.compile(r"(?:[a-z][a-z0-9]*-)?custom-(\d+)-\d+(?:-ext)?")
_GPU = re.compile(r"(?:a2|a3|a4)-\w+gpu-\d+g.*")
MAX_NICS = 8
_HYPERDISK_ONLY = {"n4", "c4", "c4a", "c4d", "n4d", "m4"}


def family(machine_type: str) -> str:
    """Return the family, "e2" of e2-medium; types called custom-N-M are n1."""
    prefix = machine_type.partition("-")[0]
    return "n1" if prefix == "custom" else prefix


def vcpus(machine_type: str) -> int | None:
    """Return the number of vCPUs, None if the name is not that of a machine type."""
    if machine_type in _SHARED_CORE:
        return _SHARED_CORE[machine_type]
    match = _CUSTOM.fullmatch(machine_type) or _PREDEFINED.fullmatch(machine_type)
    if match is not None:
        return int(match[1])
    return 12 if _GPU.fullmatch(machine_type) else None  # the smallest of these families has twelve


def max_nics(machine_type: str) -> int:
    """Return how many NICs an instance of this type can have.

    Compute documentation: two with up to two vCPUs, then one per vCPU, eight at most.
    """
    number = vcpus(machine_type) or 2
    return max(2, min(MAX_NICS, number))


def default_disk_type(machine_type: str) -> str:
    """Return the boot disk's type if none is asked for (recorded: pd-balanced, hyperdisk-balanced for n4)."""
    return "hyperdisk-balanced" if family(machine_type) in _HYPERDISK_ONLY else "pd-balanced"
