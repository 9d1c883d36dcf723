"""The network between machine, node and pods.

The node has a network of its own with one bridge, on which it, every pod and the machine meet. The machine's
end of the cable is all that the machine gets: its packet rules and its forwarding stay as they are, so that
pods reach the machine and nothing beyond it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster.commands import run, succeeds
from devcluster.layout import BRIDGE, Addresses

if TYPE_CHECKING:
    from collections.abc import Sequence

CABLE = "machine"  # the other end of the cable, inside
BRIDGE_ADDRESS = "02:00:00:5e:9c:00"
"""Without an address of its own a bridge takes the lowest of its ports', which come and go with the pods.

The machine would send to the one before for as long as it takes it for reachable, half a minute.
"""


def inside_commands(addresses: Addresses) -> str:
    """Return what the `ip` program is to do in the node's network."""
    return f"""link set lo up
link add {BRIDGE} address {BRIDGE_ADDRESS} type bridge
address add {addresses.node}/{addresses.pods.prefixlen} dev {BRIDGE}
link set {BRIDGE} up
link set {CABLE} master {BRIDGE}
link set {CABLE} up
"""


def outside_commands(name: str, pid: int, addresses: Addresses) -> str:
    """Return what the `ip` program is to do on the machine, for the network that process `pid` is in."""
    return f"""link add {name} type veth peer name {CABLE} netns {pid}
address add {addresses.machine}/{addresses.pods.prefixlen} dev {name}
link set {name} up
route add {addresses.services} via {addresses.node} dev {name}
"""


def connect(name: str, pid: int, addresses: Addresses) -> None:
    """Join the machine with the network that process `pid` is in; `name` is the machine's end."""
    disconnect(name)
    run(("ip", "-batch", "-"), fed=outside_commands(name, pid, addresses))
    run(("nsenter", f"--net=/proc/{pid}/ns/net", "ip", "-batch", "-"), fed=inside_commands(addresses))


def disconnect(name: str) -> None:
    """Remove the cable; where the node's network is gone, it went with it."""
    if is_connected(name):
        succeeds(("ip", "link", "delete", name))  # it may go at this very moment: the check after says


def is_connected(name: str) -> bool:
    """Say whether the machine's end is there."""
    return (Path("/sys/class/net") / name).exists()


def overlapping_route(own: Sequence[str], addresses: Addresses) -> str | None:
    """Return a route of the machine, other than by our `own` interfaces, that claims addresses of ours."""
    listed = json.loads(run(("ip", "-json", "-4", "route")))
    return find_overlap(listed, own, addresses)


def find_overlap(routes: list[dict[str, object]], own: Sequence[str], addresses: Addresses) -> str | None:
    """Return the first route within or around our networks; the default route does not count."""
    for route in routes:
        destination = str(route.get("dst", "default"))
        if destination == "default" or route.get("dev") in own:
            continue
        try:
            network = type(addresses.pods)(destination)
        except ValueError:
            continue
        if network.overlaps(addresses.pods) or network.overlaps(addresses.services):
            return f"{destination} dev {route.get('dev')}"
    return None
