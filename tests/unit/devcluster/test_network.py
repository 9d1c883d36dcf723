"""Addresses, routes that collide with them, and the one cable to the machine."""

from __future__ import annotations

import pytest

from devcluster.errors import DevclusterError
from devcluster.layout import Addresses
from devcluster.network import BRIDGE_ADDRESS, find_overlap, inside_commands, outside_commands

ADDRESSES = Addresses.from_environment({})
NAME = "segc-0a1b2c"


def test_pods_and_services_share_one_network() -> None:
    assert (str(ADDRESSES.pods), str(ADDRESSES.services)) == ("10.213.0.0/17", "10.213.128.0/17")
    assert ADDRESSES.api_server == "https://10.213.0.1:6443"
    assert ADDRESSES.object_store == "http://10.213.0.1:9000"
    assert ADDRESSES.kubernetes_service == "10.213.128.1"


def test_another_network_may_be_named() -> None:
    moved = Addresses.from_environment({"SEGCOMPRESS_NETWORK": "172.20.0.0/16"})
    assert (moved.node, moved.machine, moved.first_pod) == ("172.20.0.1", "172.20.0.2", "172.20.0.3")
    assert str(moved.services) == "172.20.128.0/17"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("10.213.0.0/24", "too small; expected /20 or larger", id="small"),
        pytest.param("10.213.0.1/16", "has host bits set; expected a network like", id="an address"),
        pytest.param("yes", "expected a network like 10.213.0.0/16", id="nonsense"),
    ],
)
def test_a_bad_network_is_refused_by_its_variable(text: str, expected: str) -> None:
    with pytest.raises(DevclusterError, match=r"^SEGCOMPRESS_NETWORK: ") as caught:
        Addresses.from_environment({"SEGCOMPRESS_NETWORK": text})
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        pytest.param([{"dst": "default", "dev": "eth0"}], None, id="default route"),
        pytest.param([{"dst": "192.0.2.0/24", "dev": "eth0"}], None, id="elsewhere"),
        pytest.param([{"dst": "10.213.0.0/17", "dev": NAME}], None, id="our own"),
        pytest.param(
            [{"dst": "10.213.0.0/17", "dev": "segc-ffffff"}],
            "10.213.0.0/17 dev segc-ffffff",
            id="another cluster's",
        ),
        pytest.param([{"dst": "10.0.0.0/8", "dev": "tun0"}], "10.0.0.0/8 dev tun0", id="around ours"),
        pytest.param([{"dst": "10.213.128.5", "dev": "tun0"}], "10.213.128.5 dev tun0", id="within ours"),
        pytest.param([{"dst": "unreachable"}], None, id="no destination"),
    ],
)
def test_overlapping_routes(routes: list[dict[str, object]], expected: str | None) -> None:
    assert find_overlap(routes, [NAME], ADDRESSES) == expected


def test_the_machine_gets_one_interface_and_the_ways_by_it() -> None:
    lines = outside_commands(NAME, 7, ADDRESSES).splitlines()
    assert len(lines) == 4
    assert all(NAME in line for line in lines)
    assert lines[0].endswith("netns 7")
    assert lines[-1] == f"route add 10.213.128.0/17 via 10.213.0.1 dev {NAME}"


def test_the_node_has_no_way_beyond_the_bridge() -> None:
    assert "route" not in inside_commands(ADDRESSES)


def test_the_bridge_keeps_one_address_whatever_pods_come_and_go() -> None:
    assert f"link add segc0 address {BRIDGE_ADDRESS} type bridge" in inside_commands(ADDRESSES).splitlines()
