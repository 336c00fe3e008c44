# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges and attachments: agreement with Whereabouts and Multus, and the refusals that spare a pod from failing."""

from __future__ import annotations

import json
import os
import pathlib
from itertools import islice
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multinet.gke.plugins.module_utils.cni import netconf
from ansible_collections.multinet.gke.plugins.module_utils.cni.attachment import RESOURCE_NAME, Attachment
from ansible_collections.multinet.gke.plugins.module_utils.cni.ipam import ranges_of
from ansible_collections.multinet.gke.plugins.module_utils.cni.nodeslices import node_slices
from ansible_collections.multinet.gke.plugins.module_utils.cni.ranges import IPAddress, IPNetwork
from ansible_collections.multinet.gke.plugins.module_utils.errors import InvalidOptions
from ansible_collections.multinet.gke.plugins.modules.nad import SPEC

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = pathlib.Path(os.environ.get("MULTINET_DATA", ROOT.parent / "shared" / "data"))

# Upstream takes these, and the pod gets no address, the wrong one, or none of what was meant.
STRICTER = {
    "ok-basic": "is outside every range",
    "ok-leader": "is outside every range",
    "ok-no-range": "needs range or ranges",
    "ok-unknown-key": 'unknown ipam key "rangeStart" (did you mean "range_start"?)',
}


NEWER = {"whereabouts_version": "v0.9.4"}
NO_IPAM = "config: has no ipam.type, and ipvlan does not start without addresses"


def vectors(name: str) -> list[Any]:
    path = DATA / "vectors" / f"{name}.json"
    if not path.is_file():
        return [pytest.param(None, id=name, marks=pytest.mark.skip(reason=f"no {name}.json: set MULTINET_DATA"))]
    return [pytest.param(vector, id=vector["id"]) for vector in json.loads(path.read_text())]


def attachment(**options: Any) -> Attachment:
    """Return what the module makes of options; the name is my-nad unless given."""
    checked = ArgumentSpecValidator(SPEC["argument_spec"], SPEC["mutually_exclusive"]).validate(
        {"name": "my-nad", **options}
    )
    assert not checked.error_messages
    return Attachment.of(checked.validated_parameters)


def refusals(**options: Any) -> list[tuple[str, str]]:
    """Return path and message of each problem; none: it is accepted."""
    try:
        attachment(**options)
    except InvalidOptions as error:
        return [(problem.path, problem.message) for problem in error.problems]
    return []


def whereabouts(**ipam: Any) -> dict[str, Any]:
    return {"cniVersion": "0.3.1", "type": "ipvlan", "master": "eth1", "ipam": {"type": "whereabouts", **ipam}}


@pytest.mark.parametrize("vector", vectors("ipranges"))
def test_addresses_are_those_of_whereabouts(vector: dict[str, Any]) -> None:
    given, expect = vector["input"], vector["expect"]
    if "could not parse exclude range" in expect.get("alloc_error", ""):
        with pytest.raises(ValueError, match="is not an IP address or CIDR"):
            ranges_of(given["ipam"])
        return
    (found,) = ranges_of(given["ipam"])
    assert (str(found.first), str(found.last)) == (expect["first"], expect["last"])
    assert [found.pool("kube-system", "")["name"]] == expect["pools"]
    reserved = set(given["already_reserved"])
    free = (str(address) for address in found.usable if str(address) not in reserved)
    handed_out = [f"{address}/{found.network.prefixlen}" for address in islice(free, given["request_n"])]
    assert handed_out == expect["seq"]


@pytest.mark.parametrize("vector", vectors("whereabouts_ipam"))
def test_ipam_is_taken_as_whereabouts_takes_it(vector: dict[str, Any]) -> None:
    given = vector["input"]
    config = given["raw"] if "raw" in given else given["config"]
    found = refusals(config=config)
    if not vector["expect"]["valid"]:
        assert found
        return
    if vector["id"] in STRICTER:
        assert STRICTER[vector["id"]] in found[0][1]
    else:
        assert found == []
    parsed = vector["expect"]["parsed"]
    ipam = netconf.ipam_of(config)
    assert [
        {
            "pool_name": each.pool("", ipam.get("network_name", ""))["name"],
            "range": str(each.network),
            "range_start": str(each.start or each.network.network),
            "range_end": str(each.end or "<nil>"),
            "exclude": [str(network) for network in each.exclude] or None,
        }
        for each in ranges_of(ipam)
    ] == (parsed["ipRanges"] or [])


@pytest.mark.parametrize("vector", vectors("nad_config"))
def test_config_is_read_as_multus_reads_it(vector: dict[str, Any]) -> None:
    given, expect = vector["input"], vector["expect"]
    if "error" in expect:
        with pytest.raises(ValueError, match=r"config|plugins"):
            netconf.parse(given["spec_config"])
        return
    found = netconf.named(netconf.parse(given["spec_config"]), given["nad_name"])
    assert found == json.loads(expect["bytes"])
    assert found["name"] == expect["cni_name"]
    assert ("type" not in found) == expect["conflist"]


@pytest.mark.parametrize(
    ("options", "path", "message"),
    [
        (
            {"range": "SECONDARY_RANGE_NAME"},
            "range",
            'range "SECONDARY_RANGE_NAME" is not a CIDR (a.b.c.d/n) or start-end/prefix; '
            "to use a named secondary range set secondary_range",
        ),
        (
            {"range": "pod-range"},
            "range",
            'range "pod-range" is not a CIDR (a.b.c.d/n) or start-end/prefix; '
            "to use a named secondary range set secondary_range",
        ),
        ({"range": "172.16.1.0"}, "range", 'range "172.16.1.0" has no prefix length'),
        ({"range": "10.0.0.1-10.0.0.5"}, "range", 'range "10.0.0.1-10.0.0.5" has no prefix length'),
        (
            {"range": "172.16.1.0/31"},
            "range",
            'range "172.16.1.0/31" has no usable addresses (needs /30 or /126 or wider)',
        ),
        (
            {"range": "fd00::/127"},
            "range",
            'range "fd00::/127" has no usable addresses (needs /30 or /126 or wider)',
        ),
        (
            {"range": "2001:db8::/30"},
            "range",
            'range "2001:db8::/30": prefixes wider than /64 corrupt whereabouts offsets',
        ),
        (
            {"ranges": [{"range": "10.0.0.0/24", "range_start": "foo"}]},
            "ranges[0].range_start",
            'range_start "foo" is not an IP address',
        ),
        (
            {"ranges": [{"range": "10.0.0.0/24", "range_end": "10.0.1.5"}]},
            "ranges[0].range_end",
            'range_end "10.0.1.5" is outside 10.0.0.0/24',
        ),
        (
            {"ranges": [{"range": "10.0.0.0/24", "range_start": "10.0.0.9", "range_end": "10.0.0.5"}]},
            "ranges[0].range_start",
            'range_start "10.0.0.9" is after range_end "10.0.0.5"',
        ),
        ({"range": "10.0.0.9-10.0.0.5/24"}, "range", 'range_start "10.0.0.9" is after range_end "10.0.0.5"'),
        (
            {"range": "192.168.1.5-192.168.2.25/28"},
            "range",
            'range start "192.168.1.5" is outside 192.168.2.16/28',
        ),
        (
            {"range": "10.0.0.0/24", "exclude": ["10.0.0.1", "x"]},
            "exclude[1]",
            'exclude "x" is not an IP address or CIDR',
        ),
        (
            {"range": "10.0.0.0/24", "exclude": ["10.1.0.0/24"]},
            "exclude[0]",
            'exclude "10.1.0.0/24" does not intersect 10.0.0.0/24',
        ),
        ({"range": "10.0.0.0/30", "exclude": ["10.0.0.0/24"]}, "exclude", "exclude leaves no usable address"),
        ({"range": "10.0.0.0/24", "gateway": "x"}, "gateway", 'gateway "x" is not an IP address'),
        ({"range": "10.0.0.0/24", "gateway": "10.0.1.1"}, "gateway", 'gateway "10.0.1.1" is outside every range'),
        (
            {"range": "10.0.0.0/24", "gateway": "10.0.0.0"},
            "gateway",
            'gateway "10.0.0.0" is the network address of 10.0.0.0/24',
        ),
        (
            {"range": "10.0.0.0/24", "gateway": "10.0.0.255"},
            "gateway",
            'gateway "10.0.0.255" is the broadcast address of 10.0.0.0/24',
        ),
        ({}, "range", "ipam.type whereabouts needs range or ranges"),
        (
            {"range": "10.0.0.0/24", "network_name": "Net_A"},
            "network_name",
            'network_name "Net_A" would make an invalid IPPool name "Net_A-10.0.0.0-24"',
        ),
        ({"range": "::/64"}, "network_name", 'IPPool name "---64" is not a valid object name; set network_name'),
        ({"range": "10.0.0.0/24", "routes": [{"dst": "10.1.0.0"}]}, "routes[0].dst", "has no prefix length"),
        ({"range": "10.0.0.0/24", "routes": [{"dst": "x"}]}, "routes[0].dst", "is not a CIDR (a.b.c.d/n)"),
        (
            {"range": "10.0.0.0/24", "routes": [{"dst": "10.1.0.0/16", "gw": "x"}]},
            "routes[0].gw",
            "is not an IP address",
        ),
        (
            {"range": "10.0.0.0/24", "master": "eth0"},
            "master",
            "is the nodes' primary interface; additional networks begin with eth1 (allow_primary_master lets it pass)",
        ),
        (
            {"range": "10.0.0.0/24", "master": "eth 1"},
            "master",
            "is not an interface name: 1 to 15 characters without / and spaces",
        ),
        ({"range": "10.0.0.0/24", "mtu": 20}, "mtu", "must be between 68 and 65535"),
        (
            {"range": "10.0.0.0/24", "name": "my.nad"},
            "name",
            'name "my.nad" cannot be used in the comma form of k8s.v1.cni.cncf.io/networks',
        ),
        (
            {"range": "10.0.0.0/24", "name": "my_nad"},
            "name",
            "is no name for an attachment: a-z, 0-9 and -, at most 63 characters",
        ),
        ({"config": {}}, "config", 'config needs "type" or "plugins"'),
        ({"config": {"plugins": []}}, "config", "plugins must not be empty"),
        ({"config": {"plugins": [{"type": "ipvlan"}, {}]}}, "config", 'plugins[1] has no "type"'),
        (
            {"config": {"type": "ipvlan", "plugins": [{"type": "ipvlan"}]}},
            "config",
            'config has both "type" and "plugins"',
        ),
        ({"config": '{"type":"ipvlan","type":"ipvlan"}'}, "config", 'config has duplicate key "type"'),
        (
            {"config": {"type": "ipvlan", "mode": "bridge"}},
            "config.mode",
            "value of mode must be one of: l2, l3, l3s",
        ),
        (
            {"config": {"type": "ipvlan", "ipam": {"type": "dhcp"}}},
            "config.ipam.type",
            'ipam.type must be whereabouts, got "dhcp"',
        ),
        (
            {"config": {"type": "ipvlan", "ipam": {"range": "10.0.0.0/24"}}},
            "config.ipam.type",
            'ipam.type must be whereabouts, got ""',
        ),
        (
            {"config": whereabouts(range="10.0.0.0/24", rangeStart="10.0.0.5")},
            "config.ipam.rangeStart",
            'unknown ipam key "rangeStart" (did you mean "range_start"?)',
        ),
        (
            {"config": {"plugins": [{"type": "tuning"}, whereabouts(ipRanges=[{"range": "10.0.0.0"}])]}},
            "config.plugins[1].ipam.ipRanges[0].range",
            'range "10.0.0.0" has no prefix length',
        ),
        (
            {"config": whereabouts(range="10.0.0.0/24", enable_overlapping_ranges="yes please")},
            "config.ipam.enable_overlapping_ranges",
            "must be true or false",
        ),
        ({"config": whereabouts(ipRanges=["10.0.0.0/24"])}, "config.ipam.ipRanges[0]", "must be an object"),
        (
            {
                "config": {
                    **whereabouts(ipRanges=[{"range": "10.0.0.0/24"}, {"range": "10.0.1.0/24"}]),
                    "cniVersion": "0.2.0",
                }
            },
            "config.ipam.range",
            "cni_version 0.2.0 allows one address per family",
        ),
        (
            {
                "config": {
                    **whereabouts(range="10.0.0.0/24", addresses=[{"address": "10.0.0.5/24"}]),
                    "cniVersion": "0.2.0",
                }
            },
            "config.ipam.range",
            "cni_version 0.2.0 allows one address per family",
        ),
        (
            {
                "config": {
                    **whereabouts(range="fd00::/64", addresses=[{"address": "fd00::5/64"}]),
                    "cniVersion": "0.2.0",
                }
            },
            "config.ipam.range",
            "cni_version 0.2.0 allows one address per family",
        ),
        (
            {"config": whereabouts(range="10.0.0.0/24", node_slice_size="/28")},
            "config.ipam.node_slice_size",
            "node_slice_size needs whereabouts >= 0.8.0",
        ),
        (
            {"config": whereabouts(range="10.0.0.0/24", node_slice_size="x"), **NEWER},
            "config.ipam.node_slice_size",
            '"x" is not a prefix length',
        ),
        (
            {"config": whereabouts(range="10.0.0.0", node_slice_size="/28"), **NEWER},
            "config.ipam.range",
            'range "10.0.0.0" has no prefix length',
        ),
        (
            {"range": "10.0.0.0/24", "ipam": {"node_slice_size": "/22"}, **NEWER},
            "ipam.node_slice_size",
            "/22 is wider than range /24",
        ),
        (
            {"range": "fd00::/64", "ipam": {"node_slice_size": "/80"}, **NEWER},
            "ipam.node_slice_size",
            '"/80" is not a prefix length',
        ),
        (
            {"range": "fd00::/64", "ipam": {"node_slice_size": "/30"}, **NEWER},
            "ipam.node_slice_size",
            "node_slice_size is not supported for IPv6",
        ),
        (
            {"range": "10.0.0.0/24", "ipam": {"node_slice_size": "/31"}, **NEWER},
            "ipam.node_slice_size",
            "slices of /31 have no usable addresses (need /30 or wider)",
        ),
        (
            {
                "ipam": {"ranges": [{"range": "10.0.0.0/24"}, {"range": "10.0.1.0/24"}], "node_slice_size": "/28"},
                **NEWER,
            },
            "ipam.node_slice_size",
            "node_slice_size works with one range only",
        ),
        (
            {"range": "10.0.0.5-10.0.0.9/24", "ipam": {"node_slice_size": "/28"}, **NEWER},
            "ipam.node_slice_size",
            'range "10.0.0.5-10.0.0.9/24" is not a CIDR (a.b.c.d/n); node slices need a network address',
        ),
        (
            {"range": "10.0.0.0/24", "type": "macvlan"},
            "type",
            "macvlan does not work on GKE: Google delivers to its own MAC addresses only; "
            "use ipvlan, or set allow_macvlan",
        ),
        (
            {"range": "10.0.0.0/24", "type": "macvlan", "allow_macvlan": True, "mode": "l2"},
            "mode",
            "is a mode of ipvlan; macvlan has others, write them with config",
        ),
        ({"range": "10.0.0.0/24", "chain": [{"sysctl": {}}]}, "chain[0]", 'chain[0] has no "type"'),
        (
            {"range": "10.0.0.0/24", "chain": [{"type": "sbr", "ipam": {}}]},
            "chain[0].ipam",
            "Whereabouts reads the ipam of the first plugin only",
        ),
        ({"range": "10.0.0.0/24", "capabilities": {"ips": "yes"}}, "capabilities.ips", "must be true or false"),
        (
            {"range": "10.0.0.0/24", "cni_name": "my net"},
            "cni_name",
            "is no name of a CNI configuration: letters, digits, _, . and -",
        ),
        (
            {"range": "10.0.0.0/24", "resource_name": "a/b", "annotations": {RESOURCE_NAME: "a/c"}},
            "resource_name",
            f"annotations.{RESOURCE_NAME} says otherwise",
        ),
        (
            {"range": "10.0.0.0/24", "ipam": {"ranges": [{"range": "10.0.1.0/24"}]}},
            "range",
            "stands beside ipam.ranges; write all ranges there",
        ),
        (
            {"secondary_range": "pods", "subnetwork": "s", "ipam": {"ranges": [{"range": "10.0.1.0/24"}]}},
            "secondary_range",
            "stands beside ipam.ranges; write all ranges there",
        ),
        (
            {"secondary_range": "pods"},
            "secondary_range",
            "needs subnetwork, whose range it is, or secondary_ranges, which say what it is",
        ),
        (
            {"secondary_range": "pods", "secondary_ranges": [{"name": "a", "ip_cidr_range": "10.0.0.0/24"}]},
            "secondary_range",
            "is not among secondary_ranges (a)",
        ),
        (
            {"secondary_range": "a", "secondary_ranges": [{"name": "a", "ip_cidr_range": "10.0.0.0/31"}]},
            "secondary_range",
            'range "10.0.0.0/31" has no usable addresses (needs /30 or /126 or wider)',
        ),
        (
            {"ipam": {"ranges": [{"range": "10.0.0.0/24", "range_start": "x"}]}},
            "ipam.ranges[0].range_start",
            'range_start "x" is not an IP address',
        ),
        (
            {"ipam": {"type": "none"}},
            "ipam.type",
            "ipvlan does not start without addresses: take whereabouts or static",
        ),
        ({"ipam": {"type": "static"}}, "ipam.addresses", "ipam.type static needs addresses, or the capability ips"),
        (
            {"ipam": {"type": "static", "addresses": [{"address": "10.0.0.5"}]}},
            "ipam.addresses[0].address",
            "has no prefix length",
        ),
        (
            {"range": "10.0.0.0/24", "ipam": {"addresses": [{"address": "10.0.0.5/24", "gateway": "x"}]}},
            "ipam.addresses[0].gateway",
            "is not an IP address",
        ),
        (
            {"ipam": {"type": "static", "addresses": [{"address": "10.0.0.5/24"}], "gateway": "10.0.0.1"}},
            "ipam.gateway",
            "says nothing with ipam.type static",
        ),
        (
            {"ipam": {"type": "static", "addresses": [{"address": "10.0.0.5/24"}]}, "range": "10.0.0.0/24"},
            "range",
            "says nothing with ipam.type static",
        ),
        (
            {"config": {**whereabouts(range="10.0.0.0/24"), "Mode": "l2"}},
            "config.Mode",
            'unknown ipvlan key "Mode" (did you mean "mode"?)',
        ),
        ({"config": '{"type": 5}'}, "config", "config.type must be a text, not 5"),
        ({"config": '{"plugins": [{"type": "a", "ipam": []}]}'}, "config", "plugins[0].ipam must be an object, not []"),
        ({"config": '{"type": "a", "mtu": NaN}'}, "config", "config is not a JSON object: NaN is no number"),
        ({"config": "[1]"}, "config", "config is not a JSON object: it is [1]"),
        ({"config": '"text"'}, "config", 'config is not a JSON object: it is "text"'),
    ],
)
@pytest.mark.shows("E7")
def test_refusal(options: dict[str, Any], path: str, message: str) -> None:
    assert refusals(**options) == [(path, message)]


def test_an_old_version_of_cni_has_one_address_of_each_family() -> None:
    both = whereabouts(range="10.0.0.0/24", addresses=[{"address": "fd00::5/64"}])
    assert refusals(config={**both, "cniVersion": "0.2.0"}) == []


@pytest.mark.parametrize("ranges", ["10.0.0.0/24", 5, {"range": "10.0.0.0/24"}, ["10.0.0.0/24"]])
def test_ranges_that_are_no_list_of_objects_are_refused(ranges: object) -> None:
    with pytest.raises(ValueError, match="ipRanges must be a list of objects"):
        ranges_of({"ipRanges": ranges})


def test_config_that_is_no_json_is_refused_with_the_parsers_words() -> None:
    ((path, message),) = refusals(config='{"ipam": {"range": SECONDARY_RANGE_NAME}}')
    assert path == "config"
    assert message.startswith("config is not a JSON object: Expecting value")


def test_all_problems_at_once() -> None:
    paths = [path for path, _ in refusals(name="a.b", master="eth0", mtu=1, range="x", gateway="y", network_name="N")]
    assert paths == ["name", "master", "mtu", "range", "gateway"]


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        ({"range": "172.16.1.77/24"}, 'range "172.16.1.77/24": host bits ignored, allocation starts at 172.16.1.1'),
        (
            {"range": "10.0.0.0/24", "gateway": "10.0.0.1", "exclude_gateway": False},
            'gateway "10.0.0.1" is not excluded: Whereabouts hands it out to a pod like any other address',
        ),
        (
            {"config": whereabouts(range="10.0.0.0/24", rangeStart="10.0.0.5"), "strict": False},
            'config.ipam.rangeStart: unknown ipam key "rangeStart" (did you mean "range_start"?); '
            "it is ignored when a pod starts",
        ),
        (
            {"config": {"type": "ipvlan", "ipam": {"type": "whereabouts", "range": "10.0.0.0/24"}}},
            "config: has no master, so ipvlan takes the interface of the default route: on GKE, eth0",
        ),
        (
            {"config": {**whereabouts(range="10.0.0.0/24"), "master": "eth0"}},
            "config.master: eth0 is the nodes' primary interface",
        ),
        ({"config": {"type": "ipvlan", "master": "eth1"}}, NO_IPAM),
        (
            {"config": {**whereabouts(range="10.0.0.0/24"), "type": "macvlan"}},
            "config.type: macvlan does not work on GKE: Google delivers to its own MAC addresses only",
        ),
        (
            {"config": {"plugins": [whereabouts(range="10.0.0.0/24"), {"type": "x", "ipam": {"type": "static"}}]}},
            "config.plugins[1].ipam: Whereabouts reads that of plugins[0] only",
        ),
        (
            {"range": "10.0.0.0/24", "ipam": {"leader_renew_deadline": 1500}},
            "ipam.leader_renew_deadline: leader election needs leader_lease_duration (1500) > "
            "leader_renew_deadline (1500) > 1.2 * leader_retry_period (500) > 0",
        ),
        ({"range": "10.0.0.5-10.0.0.9/24"}, None),
        ({"range": "10.0.0.0/24", "gateway": "10.0.0.1"}, None),
    ],
)
def test_warning(options: dict[str, Any], warning: str | None) -> None:
    assert list(attachment(**options).warnings) == ([warning] if warning else [])


def test_structured_options_make_the_guides_configuration() -> None:
    guide = (
        '{ "cniVersion": "0.3.1", "plugins": [ { "type": "ipvlan", "master": "eth1", "mode": "l2", '
        '"ipam": { "type": "whereabouts", "range": "172.16.1.0/24" } } ] }'
    )
    made = attachment(range="172.16.1.0/24").config
    assert made is not None
    assert netconf.named(netconf.parse(guide), "my-nad") == made


def test_gateway_is_excluded_from_the_range_that_holds_it() -> None:
    options: dict[str, Any] = {"ranges": [{"range": "10.0.0.0/24"}, {"range": "fd00::/64"}], "gateway": "fd00::1"}
    made = attachment(**options).config
    assert made is not None
    assert netconf.ipam_of(made)["ipRanges"] == [
        {"range": "10.0.0.0/24"},
        {"range": "fd00::/64", "exclude": ["fd00::1/128"]},
    ]
    assert options["ranges"][1] == {"range": "fd00::/64"}


SAME = whereabouts(range="172.16.1.0/24")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({**SAME, "name": "my-nad"}, id="name of the attachment"),
        pytest.param({**SAME, "name": ""}, id="empty name"),
        pytest.param({**SAME, "mode": "l2"}, id="default mode"),
        pytest.param(whereabouts(range="172.16.1.77/24"), id="host bits"),
        pytest.param(whereabouts(range="172.16.1.0/24", enable_overlapping_ranges=True), id="default"),
        pytest.param(whereabouts(ipRanges=[{"range": "172.16.1.0/24"}]), id="list of one range"),
        pytest.param(whereabouts(range="172.16.1.1-172.16.1.254/24"), id="all of the range"),
        pytest.param(whereabouts(range="172.16.1.0/24", exclude=[], routes=[]), id="empty lists"),
        pytest.param(dict(reversed(SAME.items())), id="order of keys"),
        pytest.param(
            whereabouts(
                range="172.16.1.0/24", range_start=None, exclude=None, gateway=None, ipRanges=None, routes=None
            ),
            id="null",
        ),
    ],
)
def test_same_meaning(other: dict[str, Any]) -> None:
    assert netconf.same(SAME, other, "my-nad")


def test_null_says_nothing() -> None:
    keys = ("range_start", "exclude", "ipRanges", "addresses", "routes", "enable_overlapping_ranges", "gateway")
    assert refusals(config=whereabouts(range="10.0.0.0/24", **dict.fromkeys(keys))) == []
    assert refusals(config=whereabouts(ipRanges=[{"range": "10.0.0.0/24", "range_end": None, "exclude": None}])) == []


def test_lists_that_are_sets() -> None:
    first = whereabouts(range="10.0.0.0/24", exclude=["10.0.0.1", "10.0.0.8/30"], routes=[{"dst": "a"}, {"dst": "b"}])
    second = whereabouts(
        range="10.0.0.0/24", exclude=["10.0.0.9/30", "10.0.0.1/32"], routes=[{"dst": "b"}, {"dst": "a"}]
    )
    assert netconf.same(first, second, "x")


def test_form_of_numbers() -> None:
    assert netconf.same(netconf.parse('{"type":"a","mtu":1500.0}'), netconf.parse('{"type":"a","mtu":1500}'), "x")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({**SAME, "name": "other"}, id="another name"),
        pytest.param({**SAME, "mode": "l3"}, id="another mode"),
        pytest.param({"cniVersion": "0.3.1", "plugins": [SAME]}, id="list of one plugin"),
        pytest.param(whereabouts(range="172.16.1.0/25"), id="another prefix"),
        pytest.param(whereabouts(range="172.16.1.0/24", enable_overlapping_ranges=False), id="not the default"),
        pytest.param(whereabouts(range="172.16.1.0/24", exclude=["172.16.1.1"]), id="excluded"),
        pytest.param(whereabouts(ipRanges=[{"range": "172.16.1.0/24"}, {"range": "fd00::/64"}]), id="another range"),
        pytest.param(whereabouts(range="pods"), id="unusable"),
        pytest.param(whereabouts(range=5), id="wrong type"),
    ],
)
def test_other_meaning(other: dict[str, Any]) -> None:
    assert not netconf.same(SAME, other, "my-nad")


RANGE = whereabouts(range="172.16.1.0/24")["ipam"]


@pytest.mark.parametrize(
    ("options", "plugins"),
    [
        (
            {
                "master": "eth0",
                "allow_primary_master": True,
                "link_in_container": True,
                "mtu": 1400,
                "capabilities": {"ips": True},
                "ipam": {"type": "static", "routes": [{"dst": "10.0.0.0/8"}], "dns": {"nameservers": ["10.0.0.53"]}},
            },
            [
                {
                    "type": "ipvlan",
                    "master": "eth0",
                    "mode": "l2",
                    "linkInContainer": True,
                    "mtu": 1400,
                    "capabilities": {"ips": True},
                    "ipam": {
                        "type": "static",
                        "routes": [{"dst": "10.0.0.0/8"}],
                        "dns": {"nameservers": ["10.0.0.53"]},
                    },
                }
            ],
        ),
        (
            {"type": "macvlan", "allow_macvlan": True, "ipam": {"type": "none"}, "chain": [{"type": "sbr"}]},
            [{"type": "macvlan", "master": "eth1"}, {"type": "sbr"}],
        ),
        (
            {
                "range": "172.16.1.0/24",
                "exclude": ["172.16.1.9"],
                "ipam": {
                    "gateway": "172.16.1.1",
                    "addresses": [{"address": "10.0.0.5/24"}],
                    "node_slice_size": "/28",
                    "leader_lease_duration": 3000,
                    "log_level": "debug",
                },
                **NEWER,
            },
            [
                {
                    "type": "ipvlan",
                    "master": "eth1",
                    "mode": "l2",
                    "ipam": {
                        "type": "whereabouts",
                        "range": "172.16.1.0/24",
                        "exclude": ["172.16.1.9", "172.16.1.1/32"],
                        "gateway": "172.16.1.1",
                        "addresses": [{"address": "10.0.0.5/24"}],
                        "node_slice_size": "/28",
                        "leader_lease_duration": 3000,
                        "log_level": "debug",
                    },
                }
            ],
        ),
        (
            {"secondary_range": "pods", "secondary_ranges": [{"name": "pods", "ip_cidr_range": "172.16.1.0/24"}]},
            [{"type": "ipvlan", "master": "eth1", "mode": "l2", "ipam": RANGE}],
        ),
    ],
)
def test_options_become_plugins(options: dict[str, Any], plugins: list[dict[str, Any]]) -> None:
    made = attachment(**options).config
    assert made == {"cniVersion": "0.3.1", "name": "my-nad", "plugins": plugins}


def test_what_does_not_need_the_range_is_refused_before_it_is_looked_up() -> None:
    options: dict[str, Any] = {"secondary_range": "pods", "subnetwork": "my-subnet"}
    waits = attachment(**options, gateway="172.16.1.1")
    assert waits.secondary_range == "pods"
    found = refusals(**options, master="eth0", gateway="x", exclude=["y"])
    assert [path for path, _message in found] == ["master", "exclude[0]", "gateway"]


def test_what_needs_the_range_is_checked_when_it_is_known() -> None:
    options = {"name": "my-nad", "secondary_range": "pods", "subnetwork": "my-subnet", "gateway": "172.16.1.1"}
    params = ArgumentSpecValidator(SPEC["argument_spec"]).validate(options).validated_parameters
    made = Attachment.of(params, "172.16.1.0/24")
    assert made.secondary_range == ""
    assert netconf.ipam_of(made.config or {})["exclude"] == ["172.16.1.1/32"]
    with pytest.raises(InvalidOptions, match="outside every range"):
        Attachment.of(params, "172.16.2.0/24")


def test_names() -> None:
    assert attachment(name="my.nad", allow_dotted_name=True, range="10.0.0.0/24").annotation == "default/my.nad"
    named = attachment(cni_name="dp", resource_name="gke.io/x", annotations={"a": "b"}, range="10.0.0.0/24")
    assert named.config is not None
    assert (named.config["name"], named.annotations) == ("dp", {"a": "b", RESOURCE_NAME: "gke.io/x"})


@pytest.mark.parametrize("vector", vectors("node_slices"))
def test_ranges_are_divided_as_whereabouts_divides_them(vector: dict[str, Any]) -> None:
    """Where upstream says nothing (an unreadable size) or panics (IPv6), there is an error."""
    given_range, size, expect = vector["input"]["range"], vector["input"]["node_slice_size"], vector["expect"]
    if not expect.get("count"):
        with pytest.raises(ValueError, match=r"range|prefix length|IPv6"):
            node_slices(given_range, size)
        return
    found = [str(each) for each in node_slices(given_range, size)]
    assert len(found) == expect["count"]
    wanted = expect.get("slices") or expect["first"]
    assert found[: len(wanted)] == wanted
    assert found[-1] == expect.get("last", wanted[-1])


# Small ranges, written in every way, so that all addresses can be looked at one by one.
BASE = int(IPAddress("10.20.30.0"))
OFFSETS = st.integers(0, 63)


def address(offset: int) -> str:
    return str(IPAddress(BASE + offset))


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """Return a range of at most 64 addresses, and what is left out of it."""
    written: dict[str, Any] = {"range": f"{address(draw(OFFSETS))}/{draw(st.integers(26, 30))}"}
    for key in ("range_start", "range_end"):
        if draw(st.booleans()):
            written[key] = address(draw(OFFSETS))
    excluded = st.builds(lambda offset, prefix: f"{address(offset)}/{prefix}", OFFSETS, st.integers(27, 32))
    return {**written, "exclude": draw(st.lists(excluded, max_size=3))}


def handed_out(entry: dict[str, Any]) -> list[int]:
    """Return the addresses that Whereabouts hands out, by looking at each: the model that the code is held to."""
    network = IPNetwork(entry["range"]).cidr
    lowest, highest = network.first + 1, network.last - 1
    start = int(IPAddress(entry.get("range_start", address(0))))
    first = start if lowest <= start <= highest else lowest
    end = int(IPAddress(entry.get("range_end", address(0))))
    last = end if first <= end <= highest else highest
    excluded = [IPNetwork(text).cidr for text in entry["exclude"]]
    return [
        number for number in range(first, last + 1) if not any(each.first <= number <= each.last for each in excluded)
    ]


@given(entries())
def test_usable_addresses_are_those_of_a_model(entry: dict[str, Any]) -> None:
    (found,) = ranges_of(entry)
    assert [int(each) for each in found.usable] == handed_out(entry)


@pytest.mark.parametrize(
    ("bounds", "first", "last"),
    [
        ({"range_start": "10.0.0.1", "range_end": "10.0.0.254"}, 1, 254),
        ({"range_start": "10.0.0.0", "range_end": "10.0.0.255"}, 1, 254),
        ({"range_start": "10.0.0.254"}, 254, 254),
        ({"range_start": "10.0.0.255"}, 1, 254),
        ({"range_end": "10.0.0.1"}, 1, 1),
        ({"range_end": "10.0.0.0"}, 1, 254),
        ({"range_start": "10.0.0.9", "range_end": "10.0.0.9"}, 9, 9),
        ({"range_start": "10.0.0.9", "range_end": "10.0.0.8"}, 9, 254),
    ],
)
def test_a_bound_counts_that_may_be_handed_out(bounds: dict[str, str], first: int, last: int) -> None:
    (found,) = ranges_of({"range": "10.0.0.0/24", **bounds})
    assert (str(found.first), str(found.last)) == (f"10.0.0.{first}", f"10.0.0.{last}")


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """Return one of few configurations in one of many spellings, so that many mean the same."""
    ipam: dict[str, Any] = {"type": "whereabouts"}
    written = {"range": draw(st.sampled_from(["10.0.0.0/24", "10.0.0.7/24", "10.0.0.1-10.0.0.254/24", "10.0.1.0/24"]))}
    exclude = draw(st.sampled_from([[], ["10.0.0.1", "10.0.0.9"], ["10.0.0.9/32", "10.0.0.1/32"]]))
    written |= {"exclude": exclude} if exclude or draw(st.booleans()) else {}
    ipam |= written if draw(st.booleans()) else {"ipRanges": [written]}
    if draw(st.booleans()):
        ipam["enable_overlapping_ranges"] = draw(st.booleans())
    plugin: dict[str, Any] = {"type": "ipvlan", "ipam": ipam}
    plugin |= draw(st.sampled_from([{}, {"mode": "l2"}, {"mode": "l3"}]))
    name = draw(st.sampled_from([{}, {"name": ""}, {"name": "my-nad"}]))
    return {**name, **plugin} if draw(st.booleans()) else {**name, "plugins": [plugin]}


@given(configs(), configs(), configs())
def test_same_is_an_equivalence(one: dict[str, Any], other: dict[str, Any], third: dict[str, Any]) -> None:
    def same(left: dict[str, Any], right: dict[str, Any]) -> bool:
        return netconf.same(left, right, "my-nad")

    assert same(one, one)
    assert same(one, other) == same(other, one)
    if same(one, other) and same(other, third):
        assert same(one, third)


@given(configs())
def test_the_canonical_text_means_the_same_and_is_its_own(config: dict[str, Any]) -> None:
    text = netconf.canonical(config)
    assert netconf.parse(text) == config
    assert netconf.canonical(netconf.parse(text)) == text
    normal = netconf.normal(config, "my-nad")
    assert netconf.normal(normal, "my-nad") == normal
    assert netconf.same(normal, config, "my-nad")
    assert netconf.pools_of(normal, "x") == netconf.pools_of(config, "x")
