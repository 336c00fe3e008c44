# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges, by tables and against a model that counts addresses one by one."""

from __future__ import annotations

import importlib.util
import sys
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.multinet.gke.plugins.module_utils.cni import ranges
from ansible_collections.multinet.gke.plugins.module_utils.errors import MissingLibrary, Problems

V4 = st.builds(
    lambda first, prefix: ip_network((first, prefix), strict=False), st.integers(0, 2**32 - 1), st.integers(0, 32)
)
V6 = st.builds(
    lambda first, prefix: ip_network((first, prefix), strict=False), st.integers(0, 2**128 - 1), st.integers(0, 128)
)
# So near to each other that they often share addresses, and small enough to count them.
NEAR = st.builds(
    lambda first, prefix: ip_network((0x0A000000 + first, prefix), strict=False),
    st.integers(0, 63),
    st.integers(27, 32),
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a CIDR (a.b.c.d/n)"),
        ("10.0.1", "is not a CIDR (a.b.c.d/n)"),
        ("10.0.1.0/33", "is not a CIDR (a.b.c.d/n)"),
        ("10.0.1.0/", "is not a CIDR (a.b.c.d/n)"),
        ("10.0.1.0", 'has no prefix length; write for example "10.0.1.0/24"'),
        ("10.0.1.0/255.255.255.0", "needs a prefix length, not a mask; write 10.0.1.0/24"),
        ("10.0.1.7/24", "has host bits set; write 10.0.1.0/24"),
        ("fd00::1/64", "has host bits set; write fd00::/64"),
    ],
)
def test_what_is_no_network_is_told_what_would_be_right(text: str, message: str) -> None:
    problems = Problems()
    assert ranges.check_cidr(problems, "range", text) is None
    assert [(each.path, each.value, each.message) for each in problems] == [("range", text, message)]


@given(st.one_of(V4, V6))
def test_a_network_is_read_as_it_is_written(network: Any) -> None:
    parsed = ranges.parse_cidr(str(network))
    assert (parsed.first, parsed.last) == (int(network[0]), int(network[-1]))
    assert (parsed.version, parsed.prefixlen) == (network.version, network.prefixlen)


@given(st.one_of(V4, V6), st.data())
def test_host_bits_are_taken_off(network: Any, data: st.DataObject) -> None:
    inside = int(network[0]) + data.draw(st.integers(0, network.num_addresses - 1))
    text = f"{type(network[0])(inside)}/{network.prefixlen}"
    assert ranges.parse_masked(text) == ranges.parse_cidr(str(network))
    if ip_interface(text).ip != network[0]:
        with pytest.raises(ValueError, match="has host bits set"):
            ranges.parse_cidr(text)


@pytest.mark.parametrize(
    "text", ["", "x", "10.0.1", "10.0.1/24", "10.0.1.0/x", "10.0.1.0/", "10.0.1.0/-1", "10.0.1.0/33"]
)
def test_what_is_no_address_has_no_network(text: str) -> None:
    with pytest.raises(ValueError, match="is not an IP address or CIDR"):
        ranges.parse_masked(text)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_an_address_has_one_spelling(address: Any) -> None:
    assume(not getattr(address, "ipv4_mapped", None) and int(address) >> 32)  # those have a spelling of their own
    assert ranges.spelled(address.exploded) == str(address)
    assert ranges.parse_address(str(address)) == ranges.parse_address(address.exploded)


def test_an_address_that_none_can_read_is_refused() -> None:
    assert ranges.spelled("10.0.1.7") == "10.0.1.7"
    with pytest.raises(ValueError, match="is not an IP address"):
        ranges.spelled("10.0.1.0/24")
    with pytest.raises(ValueError, match="is not an IP address"):
        ranges.spelled("10.0.1")


@given(st.lists(NEAR, max_size=6))
def test_ranges_overlap_if_an_address_is_in_both(networks: list[Any]) -> None:
    named = [(f"ranges[{index}]", network) for index, network in enumerate(networks)]
    expected = [
        (name, other)
        for index, (name, network) in enumerate(named)
        for other, others in named[index + 1 :]
        if set(network) & set(others)
    ]
    found = ranges.overlapping((name, ranges.parse_cidr(str(network))) for name, network in named)
    assert [(name, other) for name, other, _network, _others in found] == expected


def test_the_two_families_share_no_address() -> None:
    low = [("a", ranges.parse_cidr("0.0.0.0/0")), ("b", ranges.parse_cidr("::/0"))]
    assert int(ip_address("::1")) in range(low[0][1].first, low[0][1].last)
    assert list(ranges.overlapping(low)) == []


@pytest.mark.parametrize("parse", [ranges.parse_cidr, ranges.parse_masked, ranges.parse_address])
def test_a_missing_library_is_named_when_it_is_needed(parse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "NETADDR_ERROR", "No module named 'netaddr'")
    with pytest.raises(MissingLibrary, match="pip install netaddr") as raised:
        parse("10.0.1.0")
    assert raised.value.details() == {"missing_library": "netaddr"}


def test_without_the_library_the_file_is_imported_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Ansible does where it reads the documentation only."""
    monkeypatch.setitem(sys.modules, "netaddr", None)
    spec = importlib.util.find_spec(ranges.__name__)
    assert spec
    assert spec.loader
    without = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(without)
    assert set(dir(without)) >= set(ranges.__all__)
    with pytest.raises(MissingLibrary, match="pip install netaddr"):
        without.parse_cidr("10.0.1.0/24")
