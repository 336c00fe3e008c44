# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A package that is imported in parts is the real one for everybody who wants more of it."""

from __future__ import annotations

import importlib
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ansible_collections.multinet.gke.plugins.module_utils.light import PARTS, lighten

INIT = "from heavy.part import Part\nfrom heavy.other import *\nran = True\n"


@pytest.fixture
def package(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "heavy").mkdir()
    for name, text in {
        "__init__": INIT,
        "part": "class Part: ...\n",
        "other": "class Other: ...\n",
    }.items():
        (tmp_path / "heavy" / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "heavy"]:
        del sys.modules[name]


@pytest.mark.usefixtures("package")
def test_a_part_is_imported_without_the_rest_and_stays_what_it_is() -> None:
    lighten("heavy")
    part = importlib.import_module("heavy.part").Part
    heavy = importlib.import_module("heavy")
    assert "heavy.other" not in sys.modules
    assert "ran" not in vars(heavy)
    assert heavy.Part is part
    assert heavy.ran
    assert heavy.Other is importlib.import_module("heavy.other").Other
    assert not hasattr(heavy, "nothing")


@pytest.mark.usefixtures("package")
def test_a_submodule_is_found_as_an_attribute_without_the_rest() -> None:
    lighten("heavy")
    heavy = importlib.import_module("heavy")
    assert heavy.part.Part.__module__ == "heavy.part"
    assert "ran" not in vars(heavy)


@pytest.mark.usefixtures("package")
def test_a_package_that_cannot_run_is_not_left_half_done(tmp_path: pathlib.Path) -> None:
    (tmp_path / "heavy" / "broken").mkdir()
    (tmp_path / "heavy" / "broken" / "__init__.py").write_text("began = True\nimport no_such_package\n")
    lighten("heavy.broken")
    heavy, broken = importlib.import_module("heavy"), importlib.import_module("heavy.broken")
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        _ = broken.ended
    assert not hasattr(heavy, "broken")
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        importlib.import_module("heavy.broken")


@pytest.mark.usefixtures("package")
def test_a_package_that_has_run_is_left_alone() -> None:
    heavy = importlib.import_module("heavy")
    lighten("heavy")
    assert importlib.import_module("heavy") is heavy
    assert "__getattr__" not in vars(heavy)


@pytest.mark.usefixtures("package")
def test_a_module_runs_when_it_is_asked_for_something() -> None:
    lighten("heavy.other")
    other = importlib.import_module("heavy.other")
    assert "Other" not in vars(other)
    assert other.Other.__module__ == "heavy.other"
    with pytest.raises(AttributeError, match="nothing"):
        _ = other.nothing


@pytest.mark.usefixtures("package")
def test_what_others_need_at_once_is_taken_from_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PARTS, "heavy", "heavy.part")
    lighten("heavy")
    heavy = importlib.import_module("heavy")
    part = heavy.Part
    assert "ran" not in vars(heavy)
    assert heavy.Other
    assert heavy.Part is part


@pytest.mark.parametrize("name", ["no_such_package", "no_such_package.part"])
def test_who_imports_a_package_that_is_not_there_is_told_so(name: str) -> None:
    lighten(name)
    with pytest.raises(ImportError, match="no_such_package"):
        importlib.import_module(name)


# What others in the same process may do with the packages, before or after us.
OTHERS = """
import google.cloud.compute_v1
from google.cloud import compute_v1
import kubernetes.client
from kubernetes import client, config, dynamic
from kubernetes.client.rest import ApiException
from kubernetes.client import *
import kubernetes.utils
from google.auth import crypt, iam, jwt
assert issubclass(iam.Signer, crypt.Signer) and crypt.Signer is crypt.base.Signer
assert crypt.RSASigner is crypt.rsa.RSASigner and jwt.Credentials.__module__ == "google.auth.jwt"
assert callable(kubernetes.utils.create_from_yaml)
assert compute_v1 is google.cloud.compute_v1 and client is kubernetes.client
assert compute_v1.NetworksClient.__module__ == "google.cloud.compute_v1.services.networks.client"
assert compute_v1.Network is compute_v1.types.Network is compute_v1.types.compute.Network
assert compute_v1.__version__ and kubernetes.__version__ and kubernetes.client.V1Pod and V1Pod
assert issubclass(ApiException, client.exceptions.OpenApiException) and client.ApiException is ApiException
assert set(compute_v1.__all__) <= set(dir(compute_v1))
"""
OURS = """
import sys
from ansible_collections.multinet.gke.plugins.module_utils import libraries
for names in (libraries.COMPUTE, libraries.KUBERNETES):
    assert not libraries.preloaded(names)
networks = libraries.library("google.cloud.compute_v1.services.networks", "")
OurConfiguration = libraries.library("kubernetes.client.configuration", "").Configuration
"""
SAME = """
from google.cloud import compute_v1
import kubernetes.client
assert networks.NetworksClient is compute_v1.NetworksClient
assert OurConfiguration is kubernetes.client.Configuration
"""
LIGHTER = """
assert "google.cloud.compute_v1.services.zones" not in sys.modules
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "order", [OURS + LIGHTER + OTHERS + SAME, OTHERS + OURS + SAME], ids=["we first", "others first"]
)
def test_with_the_real_libraries_everybody_gets_the_same_classes(order: str) -> None:
    subprocess.run([sys.executable, "-c", order], check=True, env={"PYTHONPATH": ":".join(sys.path)})


def test_what_signs_is_not_imported_for_who_has_no_key() -> None:
    """The clients name the classes that sign, so it depends on how google-auth does it."""
    run = """
import sys
from ansible_collections.multinet.gke.plugins.module_utils.libraries import library
for name in ("google.cloud.container_v1", "google.auth.transport.requests", "kubernetes.config.kube_config"):
    library(name, "")
assert "cryptography" not in sys.modules
library("google.auth.jwt", "").Credentials
assert "cryptography" in sys.modules
"""
    subprocess.run([sys.executable, "-c", run], check=True, env={"PYTHONPATH": ":".join(sys.path)})
