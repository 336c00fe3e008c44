# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that are no options: where they are found, and in which forms they are hidden."""

from __future__ import annotations

import base64
import errno
import json

import pytest
from ansible.module_utils.common.parameters import remove_values
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multinet.gke.plugins.module_utils import secrecy
from ansible_collections.multinet.gke.plugins.module_utils.answers import cut, shortened


def test_a_secret_is_hidden_as_it_is_in_urls_and_in_json() -> None:
    assert secrecy.forms(['a/long"secret']) == {'a/long"secret', "a%2Flong%22secret", 'a/long\\"secret'}


@pytest.mark.parametrize("indent", [None, 1])
def test_a_document_is_hidden_in_the_words_of_who_took_it_for_a_path(indent: int | None) -> None:
    key = json.dumps({"private_key": "-----BEGIN PRIVATE KEY-----\nmost-of-the-key\n"}, indent=indent)
    said = str(OSError(errno.ENAMETOOLONG, "File name too long", key))
    assert "most-of-the-key" in said
    assert "most-of-the-key" not in remove_values(said, secrecy.forms([key]))


def test_each_line_of_a_document_is_hidden_and_what_is_short_is_not() -> None:
    found = secrecy.forms(["first line of it\nsecond line of it\nend", None, "", "short"])
    assert {"first line of it", "second line of it"} <= found
    assert not {"end", "short", ""} & found


@pytest.mark.parametrize(
    ("address", "login", "password"),
    [
        ("http://me:a-password@proxy.example:3128", "me:a-password", "a-password"),
        ("http://me:a%23password@proxy.example", "me:a#password", "a#password"),
        ("http://me:a@p#ss/word@proxy.example", "me:a@p#ss/word", "a@p#ss/word"),
        ("https://me@proxy.example", "me", ""),
        ("me:a-password@proxy.example:3128", "me:a-password", "a-password"),
        ("//me:a-password@proxy.example", "me:a-password", "a-password"),
        ("me:a://password@proxy.example", "me:a://password", "a://password"),
    ],
)
def test_the_login_of_an_address_is_found(address: str, login: str, password: str) -> None:
    found = set(secrecy.logins(address))
    assert {password, base64.b64encode(login.encode()).decode()} <= found
    assert not any(secret and secret in secrecy.without_login(address) for secret in found)


@pytest.mark.parametrize("address", ["https://proxy.example:3128", "proxy:3128", "", None, "http://[::1]:8001"])
def test_there_may_be_none(address: str | None) -> None:
    assert list(secrecy.logins(address)) == []
    assert secrecy.without_login(address or "") == (address or "")


def test_the_proxies_of_the_environment_are_addresses_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://me:a-password@proxy.example")
    assert "a-password" in set(secrecy.strays({}))


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("/etc/kubeconfig", False),
        ("~/a {strange} name", False),
        (None, False),
        ('{"users": []}', True),
        ("{'users': []}", True),  # as Ansible writes a dictionary where a path belongs
        ("users:\n- name: me", True),
        ("-----BEGIN PRIVATE KEY-----", True),
        ('/folder/{"type": "service_account"}', True),  # as Ansible makes a path of it for a plugin
        ("/folder/{ 'type': 'service_account'}", True),
        ("/folder/-----BEGIN PRIVATE KEY-----", True),
    ],
)
def test_a_document_in_place_of_a_path_is_refused_and_not_quoted(value: str | None, is_one: bool) -> None:
    problems = list(secrecy.documents({"kubeconfig": value}))
    assert [problem.path for problem in problems] == ["kubeconfig"] * is_one
    assert not [problem for problem in problems if str(value) in str(problem)]
    assert (value in set(secrecy.strays({"kubeconfig": value}))) == is_one


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("http://192.0.2.1", True),
        ("HTTP://api.example", True),
        ("http://", True),
        ("http://127.0.0.1:8001", False),
        ("http://[::1]:8001", False),
        ("http://localhost:8001", False),
        ("https://192.0.2.1", False),
        ("api.example", False),
    ],
)
def test_what_is_sent_without_tls_stays_on_this_machine(address: str, is_open: bool) -> None:
    assert secrecy.is_open(address) == is_open


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), min_size=1), st.integers(1, 100))
def test_no_word_is_cut_in_two(words: list[str], longest: int) -> None:
    text = " ".join(words)
    shown = cut(text, longest)
    assert len(shown) <= longest + len("...")
    assert set(shown.removesuffix("...").split()) <= set(words)
    assert shown == text or shown.endswith("...")


def test_a_server_does_not_write_to_a_terminal() -> None:
    assert shortened("\x1b]0;title\x07gone\r\nsecond line\x9b2J", "it") == "]0;titlegone\nsecond line2J"


def test_a_signed_assertion_is_never_shown() -> None:
    header, claims = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":1}', b'{"iss":2}'))
    assert shortened(f"grant&assertion={header}.{claims}.c2ln-_bmF0dXJl&x", "it") == "grant&assertion=********&x"
