"""Addresses, routes that collide with them, and the rules that must go again."""

from __future__ import annotations

import pytest

from devcluster.errors import DevclusterError
from devcluster.layout import BRIDGE, Addresses
from devcluster.network import find_overlap, removals, rules

ADDRESSES = Addresses.from_environment({})


def test_pods_and_services_share_one_network() -> None:
    assert (str(ADDRESSES.pods), str(ADDRESSES.services)) == ("10.213.0.0/17", "10.213.128.0/17")
    assert ADDRESSES.api_server == "https://10.213.0.1:6443"
    assert ADDRESSES.object_store == "http://10.213.0.1:9000"
    assert ADDRESSES.kubernetes_service == "10.213.128.1"


def test_another_network_may_be_named() -> None:
    moved = Addresses.from_environment({"SEGCOMPRESS_NETWORK": "172.20.0.0/16"})
    assert moved.host == "172.20.0.1"
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
        pytest.param([{"dst": "10.213.0.0/17", "dev": BRIDGE}], None, id="our own"),
        pytest.param([{"dst": "10.0.0.0/8", "dev": "tun0"}], "10.0.0.0/8 dev tun0", id="around ours"),
        pytest.param([{"dst": "10.213.128.5", "dev": "tun0"}], "10.213.128.5 dev tun0", id="within ours"),
        pytest.param([{"dst": "unreachable"}], None, id="no destination"),
    ],
)
def test_overlapping_routes(routes: list[dict[str, object]], expected: str | None) -> None:
    assert find_overlap(routes, ADDRESSES) == expected


def test_only_traffic_that_leaves_the_pods_is_masqueraded() -> None:
    masqueraded = [rule for rule in rules(ADDRESSES) if "MASQUERADE" in rule]
    assert masqueraded == [
        ("nat", "SEGC-POSTROUTING", "-s", "10.213.0.0/17", "!", "-d", "10.213.0.0/17", "-j", "MASQUERADE")
    ]


def test_only_the_machine_and_its_pods_reach_the_servers() -> None:
    entering = [rule[2:] for rule in rules(ADDRESSES) if rule[1] == "SEGC-INPUT"]
    assert entering[0] == ("-i", "lo", "-d", "10.213.0.1", "-j", "ACCEPT")
    assert entering[-1] == ("!", "-i", BRIDGE, "-d", "10.213.0.1", "-j", "DROP")
    assert [rule[5] for rule in entering[1:-1]] == ["6443", "9000"]


LISTED = """-P INPUT ACCEPT
-N DOCKER
-N KUBE-FIREWALL
-N KUBE-SERVICES
-A INPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A INPUT -j KUBE-FIREWALL
-A INPUT -j DOCKER
-A KUBE-SERVICES -d 10.213.128.1/32 -j KUBE-FIREWALL
"""


def test_service_chains_go_jumps_first_and_nothing_else_is_touched() -> None:
    assert removals(LISTED) == [
        ["-D", "INPUT", "-m", "comment", "--comment", "kubernetes service portals", "-j", "KUBE-SERVICES"],
        ["-D", "INPUT", "-j", "KUBE-FIREWALL"],
        ["-F", "KUBE-FIREWALL"],
        ["-F", "KUBE-SERVICES"],
        ["-X", "KUBE-FIREWALL"],
        ["-X", "KUBE-SERVICES"],
    ]
