# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib

import pytest

from cloud import Cloud
from gcloud import PROGRAM, Gcloud


@pytest.fixture
def gcloud(cloud: Cloud, tmp_path: pathlib.Path) -> Gcloud:
    """Google's own command line, in this test's project."""
    if PROGRAM is None:
        pytest.skip("gcloud is not on PATH")
    return Gcloud(cloud, tmp_path)
