"""The bridge between pods and machine, and the few packet rules that are ours.

kube-proxy's own chains are kube-proxy's business; everything here begins with the bridge's name or SEGC.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

from devcluster.commands import run, succeeds
from devcluster.errors import DevclusterError
from devcluster.layout import BRIDGE, Addresses

_ALIAS = Path("/sys/class/net") / BRIDGE / "ifalias"
PORTS = ("6443", "9000")  # API server, object store
TABLES = ("mangle", "nat", "filter")
# Chains of ours: table, chain, and the built-in chain that jumps to it.
CHAINS = (
    ("nat", "SEGC-POSTROUTING", "POSTROUTING"),
    ("filter", "SEGC-FORWARD", "FORWARD"),
    ("filter", "SEGC-INPUT", "INPUT"),
)


def rules(addresses: Addresses) -> tuple[tuple[str, ...], ...]:
    """Return what our chains hold: pods reach the world under the machine's address, and answers return."""
    pods, host = str(addresses.pods), addresses.host
    served = (("-i", BRIDGE, "-p", "tcp", "--dport", port, "-j", "ACCEPT") for port in PORTS)
    return (
        ("nat", "SEGC-POSTROUTING", "-s", pods, "!", "-d", pods, "-j", "MASQUERADE"),
        ("filter", "SEGC-FORWARD", "-i", BRIDGE, "-j", "ACCEPT"),
        ("filter", "SEGC-FORWARD", "-o", BRIDGE, "-j", "ACCEPT"),
        # The machine to itself; pods, whom a firewall that refuses by default would cut off; nobody else.
        ("filter", "SEGC-INPUT", "-i", "lo", "-d", host, "-j", "ACCEPT"),
        *(("filter", "SEGC-INPUT", *rule) for rule in served),
        ("filter", "SEGC-INPUT", "!", "-i", BRIDGE, "-d", host, "-j", "DROP"),
    )


def bridge_owner() -> str | None:
    """Return the state folder that owns the bridge, "" where it names none, None without a bridge."""
    return _ALIAS.read_text().strip() if _ALIAS.exists() else None


def create_bridge(addresses: Addresses, owner: Path) -> None:
    """Make the bridge with the machine's address; `owner` is remembered on it."""
    if bridge_owner() is None:
        run(("ip", "link", "add", BRIDGE, "type", "bridge"))
        run(("ip", "link", "set", BRIDGE, "alias", str(owner)))
    run(("ip", "address", "replace", f"{addresses.host}/{addresses.pods.prefixlen}", "dev", BRIDGE))
    run(("ip", "link", "set", BRIDGE, "up"))


def delete_bridge() -> None:
    """Remove the bridge; pods' ends of it go with their namespaces."""
    if bridge_owner() is not None:
        run(("ip", "link", "delete", BRIDGE))


def apply_rules(addresses: Addresses) -> None:
    """Fill our chains and jump to them, once, in front of the machine's own rules."""
    for table, chain, parent in CHAINS:
        if not succeeds(_iptables(table, "-n", "-L", chain)):
            run(_iptables(table, "-N", chain))
        run(_iptables(table, "-F", chain))
        if not succeeds(_iptables(table, "-C", parent, "-j", chain)):
            run(_iptables(table, "-I", parent, "1", "-j", chain))
    for table, chain, *rule in rules(addresses):
        run(_iptables(table, "-A", chain, *rule))


def delete_rules() -> None:
    """Remove our chains and the jumps to them."""
    for table, chain, parent in CHAINS:
        while succeeds(_iptables(table, "-D", parent, "-j", chain)):
            pass
        if succeeds(_iptables(table, "-F", chain)):
            run(_iptables(table, "-X", chain))


def leftover_rules(*, services: bool) -> list[str]:
    """Return our rules that are still there; with `services` also those of kube-proxy."""
    ours = re.compile(r"\b(KUBE-|SEGC-)" if services else r"\bSEGC-")
    return [line for line in _saved() if ours.search(line)]


def delete_service_chains() -> None:
    """Remove what `kube-proxy --cleanup` leaves: chains that the kubelet of older days shared with it."""
    for program in ("iptables", "ip6tables"):
        for table in TABLES if shutil.which(program) else ():
            command = (program, "-w", "-t", table)
            try:
                listed = run((*command, "-S"))
            except DevclusterError:
                continue  # no IPv6 on this machine, or no such table
            for arguments in removals(listed):
                succeeds((*command, *arguments))


def removals(listed: str) -> list[list[str]]:
    """Return the arguments that remove kube-proxy's chains, and the jumps to them, from what `-S` listed."""
    chains = re.findall(r"^-N (KUBE-\S+)$", listed, re.MULTILINE)
    jumps = re.findall(r"^-A ((?!KUBE-).+ -j KUBE-\S+)$", listed, re.MULTILINE)
    deleted = [["-D", *shlex.split(jump)] for jump in jumps]
    return [*deleted, *(["-F", chain] for chain in chains), *(["-X", chain] for chain in chains)]


def overlapping_route(addresses: Addresses) -> str | None:
    """Return a route of the machine, not of our bridge, that claims addresses of ours."""
    listed = json.loads(run(("ip", "-json", "-4", "route")))
    return find_overlap(listed, addresses)


def find_overlap(routes: list[dict[str, object]], addresses: Addresses) -> str | None:
    """Return the first route within or around our networks; the default route does not count."""
    for route in routes:
        destination = str(route.get("dst", "default"))
        if destination == "default" or route.get("dev") == BRIDGE:
            continue
        try:
            network = type(addresses.pods)(destination)
        except ValueError:
            continue
        if network.overlaps(addresses.pods) or network.overlaps(addresses.services):
            return f"{destination} dev {route.get('dev')}"
    return None


def _iptables(table: str, *arguments: str) -> tuple[str, ...]:
    return ("iptables", "-w", "-t", table, *arguments)


def _saved() -> list[str]:
    lines: list[str] = []
    for program in ("iptables-save", "ip6tables-save"):
        if shutil.which(program):
            try:
                lines += run((program,)).splitlines()
            except DevclusterError:
                continue  # no IPv6 on this machine
    return lines
