"""A machine beside this one, made of namespaces, where other programs keep files, mounts, rules, processes.

They stand for k3s, Docker, flannel and a kubelet: each has something where our cluster might trip over it.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from demo.target import ROOT
from devcluster import cgroups
from devcluster.layout import Layout

LAID_OUT = """set -eu
mount -t tmpfs tmpfs /run
mkdir /run/cgroup
mount --rbind /sys/fs/cgroup /run/cgroup
mount -t sysfs sysfs /sys
mount --move /run/cgroup /sys/fs/cgroup
rmdir /run/cgroup
for folder in var etc opt; do
    mkdir -p /run/layers/$folder/upper /run/layers/$folder/work
    cd /run/layers/$folder
    mount -t overlay -o lowerdir=/$folder,upperdir=upper,workdir=work overlay /$folder
done
ip link set lo up
exec sleep infinity
"""

STAND_INS = """set -eu
token=$1 data=$2
for folder in /var/lib/kubelet/pods /run/containerd /var/lib/cni/results /etc/cni/net.d /var/log/containers \
    /opt/containerd; do
    mkdir -p "$folder"
    echo "$token" >"$folder/$token.json"
done
mkdir -p /var/lib/kubelet/pods/$token/volumes/data
mount --bind "$data" /var/lib/kubelet/pods/$token/volumes/data
ip link add docker-$token type bridge
ip address add 172.30.$3.1/24 dev docker-$token
ip link set docker-$token up
sysctl -q -w net.ipv4.ip_forward=1
for chain in KUBE-FOREIGN KUBE-ROUTER-INPUT FLANNEL-FWD DOCKER-USER; do
    iptables -w -N $chain-$token
    iptables -w -A $chain-$token -s 172.30.$3.0/24 -j ACCEPT
    iptables -w -A FORWARD -j $chain-$token
done
iptables -w -t nat -N KUBE-SERVICES 2>/dev/null || true
iptables -w -t nat -A KUBE-SERVICES -d 10.43.$3.1/32 -p tcp -m comment --comment "$token" -j RETURN
iptables -w -t nat -A POSTROUTING -s 172.30.$3.0/24 ! -o docker-$token -j MASQUERADE
"""

LOOK = """
find /var/lib/kubelet /var/lib/cni /run /etc/cni /var/log/containers /opt -xdev -path /run/layers -prune \
    -o -printf '%p %y %m %U %s\\n' 2>/dev/null | sort
find /var/lib/kubelet /run/containerd /var/lib/cni /etc/cni /var/log/containers /opt/containerd \
    -type f -exec sha256sum {} + 2>/dev/null | sort
for table in filter nat mangle; do iptables -w -t $table -S; ip6tables -w -t $table -S; done
cut -d' ' -f3- /proc/self/mountinfo
ip -oneline link | cut -d: -f2- | grep -v @ ; ip -oneline -4 address; ip route
for setting in net/ipv4/ip_forward net/ipv4/conf/all/route_localnet vm/overcommit_memory vm/panic_on_oom \
    kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
    echo $setting $(cat /proc/sys/$setting)
done
"""


class Machine:
    """The machine; its cluster's cache lies in `folder` and has the programs of this machine's cache."""

    def __init__(self, folder: Path) -> None:
        cache = folder / "cache"
        cache.mkdir()
        (cache / "bin").symlink_to(Layout.from_environment(os.environ).bin)
        self.layout = Layout(cache)
        self.data = folder / "data"
        self.data.mkdir()
        (self.data / "precious").write_text("not to be lost")
        self._holder: subprocess.Popen[bytes] | None = None
        self._others: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        argv = ("unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", LAID_OUT)
        self._holder = subprocess.Popen(argv)
        while Path(f"/proc/{self._holder.pid}/comm").read_text() != "sleep\n":
            assert self._holder.poll() is None, "the machine could not be made"
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cgroups.kill(cgroups.processes, self.layout.name)  # where the test failed
        cgroups.delete(self.layout.name)
        for process in (*self._others, self._holder):
            if process is not None:
                process.kill()
                process.wait()

    def __call__(self, *argv: str, env: Mapping[str, str] | None = None) -> str:
        """Return what a program prints there."""
        command = (*self._there(), *argv)
        done = subprocess.run(command, env=env, check=False, stdout=subprocess.PIPE, text=True)
        assert done.returncode == 0, f"{argv} ended with exit code {done.returncode}"
        return done.stdout

    def devcluster(self, *args: str) -> None:
        env = {**os.environ, "PYTHONPATH": str(ROOT / "hack"), "SEGCOMPRESS_CACHE": str(self.layout.cache)}
        self(sys.executable, "-m", "devcluster", *args, env=env)

    def settle(self, token: str, number: int) -> None:
        """Let other programs settle there."""
        self("sh", "-c", STAND_INS, "sh", token, str(self.data), str(number))
        for name in ("kubelet", "containerd-shim-runc-v2", "kube-proxy"):
            argv = (*self._there(), "bash", "-c", f"exec -a {name} sleep infinity")
            self._others.append(subprocess.Popen(argv))

    def look_at_others(self) -> list[str]:
        """Return what `look` returns without the cluster's own network, which has its name."""
        return [line for line in self.look() if self.layout.name not in line]

    def look(self) -> list[str]:
        """Return the files, mounts, rules, links and settings there, and how other programs fare."""
        lines = self("sh", "-c", LOOK).splitlines()
        processes = [f"process {each.pid} ends with {each.poll()}" for each in self._others]
        return [*(re.sub(r" \d+:\d+ ", " ", line) for line in lines), *processes]

    def others(self) -> list[int]:
        """Return the processes of other programs."""
        return [process.pid for process in self._others]

    def _there(self) -> tuple[str, ...]:
        assert self._holder is not None
        spaces = f"/proc/{self._holder.pid}/ns"
        return ("nsenter", f"--mount={spaces}/mnt", f"--net={spaces}/net", "--")
