"""Command lines and configuration of the node: containerd, kubelet, kube-proxy, and the pod network.

Pure: from paths and addresses to `Program`s.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devcluster.certs import KeyPair, kubeconfig
from devcluster.layout import BRIDGE, KUBELET_ROOT, NODE, RUNTIME_DIR, Addresses, Layout
from devcluster.ports import LOOPBACK
from devcluster.probes import CommandProbe, HttpProbe
from devcluster.processes import Program

if TYPE_CHECKING:
    from pathlib import Path

    from devcluster.controlprograms import Plane

POD_NETWORK = "segcompress-dev"
CONTAINERD_SOCKET = RUNTIME_DIR / "containerd.sock"
REGISTRY_PORT = 5000
PAUSE_IMAGE = "segcompress.dev/pause:1"
KUBELET_HEALTH_PORT = 23248
PROXY_METRICS_PORT = 23249
PROXY_HEALTH_PORT = 23256


@dataclass(frozen=True)
class Tools:
    """Programs of the machine's own packages."""

    runc: Path
    cni: Path


def containerd(layout: Layout, addresses: Addresses, tools: Tools) -> Program:
    """Return containerd with the container runtime interface and our pod network."""
    config = layout.config / "containerd.toml"
    return Program(
        name="containerd",
        argv=(str(layout.bin / "containerd"), f"--config={config}", "--log-level=warn"),
        probe=CommandProbe((str(layout.bin / "ctr"), f"--address={CONTAINERD_SOCKET}", "version")),
        files={
            config: containerd_config(layout, tools),
            layout.config / "cni" / "10-bridge.conflist": cni_config(addresses),
            **registry_config(layout, addresses),
        },
    )


def containerd_config(layout: Layout, tools: Tools) -> str:
    """Return containerd's settings."""
    return f"""version = 3
root = "{layout.state / "containerd"}"
state = "{RUNTIME_DIR / "containerd"}"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.tracing.processor.v1.otlp"]

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.shim.v1.manager"]
  socket_dir = "{RUNTIME_DIR / "s"}"

[plugins."io.containerd.internal.v1.opt"]
  path = "{layout.state / "containerd-opt"}"

{_images_config(layout)}
{_runtime_config(layout, tools)}"""


def _images_config(layout: Layout) -> str:
    plugin = "io.containerd.cri.v1.images"
    return f"""[plugins."{plugin}"]
  snapshotter = "overlayfs"
  [plugins."{plugin}".pinned_images]
    sandbox = "{PAUSE_IMAGE}"
  [plugins."{plugin}".registry]
    config_path = "{_registries(layout)}"
"""


def _runtime_config(layout: Layout, tools: Tools) -> str:
    plugin = "io.containerd.cri.v1.runtime"
    return f"""[plugins."{plugin}"]
  # A machine without CAP_SYS_RESOURCE cannot lower oom_score_adj below its own.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."{plugin}".cni]
    bin_dirs = ["{tools.cni}"]
    conf_dir = "{layout.config / "cni"}"
  [plugins."{plugin}".containerd]
    default_runtime_name = "runc"
    [plugins."{plugin}".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      runtime_path = "{layout.bin / "containerd-shim-runc-v2"}"
      [plugins."{plugin}".containerd.runtimes.runc.options]
        BinaryName = "{tools.runc}"
        Root = "{RUNTIME_DIR / "runc"}"
        SystemdCgroup = false
"""


def registry_config(layout: Layout, addresses: Addresses) -> dict[Path, str]:
    """Return how the node finds a registry on the machine, by the name under which the machine knows it."""
    server = f"{addresses.machine}:{REGISTRY_PORT}"
    names = (server, f"localhost:{REGISTRY_PORT}")
    return {_registries(layout) / name / "hosts.toml": f'server = "http://{server}"\n' for name in names}


def _registries(layout: Layout) -> Path:
    return layout.config / "registries"


def cni_config(addresses: Addresses) -> str:
    """Return the pod network: one bridge, whose address is the node's."""
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isDefaultGateway": True,
        "hairpinMode": True,
        "ipMasq": False,  # there is nowhere else to go
        "ipam": {
            "type": "host-local",
            "dataDir": str(RUNTIME_DIR / "leases"),
            "ranges": [[{"subnet": str(addresses.pods), "rangeStart": addresses.first_pod}]],
        },
    }
    return json.dumps({"cniVersion": "1.0.0", "name": POD_NETWORK, "plugins": [bridge]}, indent=2)


def kubelet(layout: Layout, plane: Plane, client: KeyPair, server: KeyPair) -> Program:
    """Return the kubelet of the one node."""
    config, access = layout.config / "kubelet.json", layout.config / "kubelet.kubeconfig"
    return Program(
        name="kubelet",
        argv=(
            str(layout.bin / "kubelet"),
            f"--config={config}",
            f"--kubeconfig={access}",
            f"--hostname-override={NODE}",
            f"--node-ip={plane.host}",
            f"--root-dir={KUBELET_ROOT}",
            f"--cert-dir={layout.state / 'kubelet-pki'}",
        ),
        probe=HttpProbe(f"http://{LOOPBACK}:{KUBELET_HEALTH_PORT}/healthz"),
        files={
            config: json.dumps(kubelet_config(layout, plane, server), indent=2),
            access: kubeconfig(plane.url, plane.identities.authority, client),
            _resolver(layout): "options timeout:1 attempts:1\n",  # the cluster has no name server
        },
        inputs=(plane.identities.fingerprint,),
    )


def _resolver(layout: Layout) -> Path:
    return layout.config / "resolv.conf"


def kubelet_config(layout: Layout, plane: Plane, server: KeyPair) -> dict[str, object]:
    """Return the kubelet's settings."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": plane.host,
        "healthzBindAddress": LOOPBACK,
        "healthzPort": KUBELET_HEALTH_PORT,
        "tlsCertFile": str(server.certificate),
        "tlsPrivateKeyFile": str(server.key),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(plane.identities.authority)},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{layout.name}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "makeIPTablesUtilChains": False,
        "oomScoreAdj": 0,
        "resolvConf": str(_resolver(layout)),
        "podLogsDir": str(layout.logs / "pods"),
        "volumePluginDir": str(layout.state / "kubelet-plugins"),
        "seccompDefault": True,
        **_KEEP_IMAGES,
        "registerWithTaints": [],
        "maxPods": 110,
    }


_KEEP_IMAGES = {
    "evictionHard": {
        "memory.available": "100Mi",
        "nodefs.available": "1%",
        "nodefs.inodesFree": "1%",
        "imagefs.available": "1%",
        "imagefs.inodesFree": "1%",
    },
    "imageGCHighThresholdPercent": 100,
    "imageGCLowThresholdPercent": 99,
    "imagePullCredentialsVerificationPolicy": "NeverVerify",
}
"""Eviction starts only when the disk is all but full, and images are never collected: a development machine
is often at 80 % use, and an image that was loaded by hand cannot be pulled again. For the same reason it is
not verified either (KEP-2535): once an equal image came from a registry, the kubelet would pull this one too.
"""


def kube_proxy(layout: Layout, plane: Plane, client: KeyPair, pods: str) -> Program:
    """Return kube-proxy, which makes the services' addresses answer."""
    config, access = layout.config / "kube-proxy.json", layout.config / "kube-proxy.kubeconfig"
    return Program(
        name="kube-proxy",
        argv=(str(layout.bin / "kube-proxy"), f"--config={config}"),
        probe=HttpProbe(f"http://{LOOPBACK}:{PROXY_HEALTH_PORT}/healthz"),
        files={
            config: json.dumps(kube_proxy_config(access, pods, plane.host), indent=2),
            access: kubeconfig(plane.url, plane.identities.authority, client),
        },
        inputs=(plane.identities.fingerprint,),
    )


def kube_proxy_config(access: Path, pods: str, host: str) -> dict[str, object]:
    """Return kube-proxy's settings; limits of connection tracking are left as they are."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(access)},
        "hostnameOverride": NODE,
        "bindAddress": LOOPBACK,
        "mode": "iptables",
        "clusterCIDR": pods,
        "nodePortAddresses": [f"{host}/32"],
        # A pod that calls a service on its own bridge gets its answer through the node again.
        "iptables": {"masqueradeAll": True, "localhostNodePorts": False},
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
        "oomScoreAdj": 0,
        "healthzBindAddress": f"{LOOPBACK}:{PROXY_HEALTH_PORT}",
        "metricsBindAddress": f"{LOOPBACK}:{PROXY_METRICS_PORT}",
    }
