# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No result of a module has a secret in it, whatever the server does that it was sent to, and however it was given."""

from __future__ import annotations

import base64
import json
import pathlib
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from calls import GOOGLE, KUBERNETES, WITHOUT
from canaries import NOT_SENT, TO_GOOGLE, TO_KUBERNETES, Secrets, private_lines
from hostile import MOODS, TRIED_AGAIN, listening
from installed import Modules

# What is tried again, for a minute if nothing says how long, is for those modules that are told how long.
CELLS = [
    (module, mood, way_in)
    for module, options in {**GOOGLE, **KUBERNETES}.items()
    for mood in MOODS
    if mood not in TRIED_AGAIN or "wait_timeout" in options
    for way_in in (TO_GOOGLE if module in GOOGLE else TO_KUBERNETES)
]


@pytest.mark.sample(40, "results with canaries")
@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_no_result_has_a_secret(
    modules: Modules, secrets_given: Secrets, tmp_path: pathlib.Path, cell: tuple[str, str, str]
) -> None:
    module, mood, way_in = cell
    with listening(mood, secrets_given.minted, None if module in GOOGLE else tmp_path) as hostile:
        found = secrets_given.to_google if module in GOOGLE else secrets_given.to_kubernetes
        given = next(each for each in found(hostile) if each.name == way_in)
        options = {**GOOGLE, **KUBERNETES}[module] | given.options
        for way in ("direct", "module"):
            result = modules.run(module, options, given.environment, check=mood == "403", way=way)
            assert not secrets_given.canaries.found(json.dumps(result)), (way, result)
        assert bool(hostile.asked) == (way_in not in NOT_SENT)


def test_a_module_without_credentials_shows_none_of_the_environment(
    modules: Modules, secrets_given: Secrets, tmp_path: pathlib.Path
) -> None:
    environment = {"GCP_ACCESS_TOKEN": secrets_given.token, "K8S_AUTH_API_KEY": secrets_given.api_key}
    for module, options in WITHOUT.items():
        for way in ("direct", "module"):
            result = modules.run(module, options, environment, check=True, way=way)
            assert not secrets_given.canaries.found(json.dumps(result)), (module, way)


def planted(secret: str) -> Iterator[str]:
    """Yield what a leak of a secret may look like."""
    line = private_lines(secret)[0]
    yield from (secret, line, quote(line), json.dumps({"a": secret}), line[5:17])
    for before in ("", "me:", "Bearer "):
        yield base64.b64encode(f"{before}{line}".encode()).decode()


def test_a_secret_is_found_in_each_of_its_forms(secrets_given: Secrets) -> None:
    """A leak that is planted is seen: the text itself, in a URL, in JSON, in base64, and a piece of twelve letters."""
    canaries = secrets_given.canaries
    for name, secret in canaries.secrets.items():
        for form in planted(secret):
            assert canaries.found(f"it says: {form} and goes on") == {name}, (name, form)
    assert canaries.found("nothing of interest " * 100) == set()
