"""Command lines and configurations: the settings that matter, and that all stays in our folders."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devcluster import controlprograms, nodeprograms
from devcluster.certs import KeyPair
from devcluster.controlprograms import AUDIT_POLICY, Identities, Plane
from devcluster.layout import RUNTIME_DIR, Addresses, Layout
from devcluster.storeprogram import StoreKeys, load_or_draw_keys, minio

LAYOUT = Layout(Path("/cache"))
ADDRESSES = Addresses.from_environment({})
TOOLS = nodeprograms.Tools(Path("/usr/sbin/runc"), Path("/usr/lib/cni"))


@pytest.fixture
def pair(tmp_path: Path) -> KeyPair:
    (tmp_path / "one.crt").write_text("certificate")
    (tmp_path / "one.key").write_text("key")
    return KeyPair(tmp_path / "one.crt", tmp_path / "one.key")


@pytest.fixture
def plane(pair: KeyPair) -> Plane:
    own = Identities(pair.certificate, "fingerprint", pair, pair, pair, pair, pair)
    return Plane(LAYOUT.bin, LAYOUT.state, LAYOUT.logs, own, ADDRESSES.node, str(ADDRESSES.services))


def test_audit_policy_holds_no_bodies() -> None:
    policy = json.loads(AUDIT_POLICY)
    assert [rule["level"] for rule in policy["rules"]] == ["Metadata"]
    assert policy["omitStages"] == ["RequestReceived"]


def test_api_server_listens_on_the_bridge_alone_with_rbac_and_audit(plane: Plane) -> None:
    argv = controlprograms.api_server(plane).argv
    assert "--bind-address=10.213.0.1" in argv
    assert "--authorization-mode=Node,RBAC" in argv
    assert "--audit-log-path=/cache/cluster/logs/audit.log" in argv
    assert "--kubelet-preferred-address-types=InternalIP" in argv


def test_older_kubernetes_runs_beside_the_same_etcd(plane: Plane) -> None:
    older = replace(plane, kubernetes=LAYOUT.bin / "kubernetes-1.35")
    assert controlprograms.etcd(older).argv[0] == "/cache/bin/etcd"
    assert controlprograms.api_server(older).argv[0] == "/cache/bin/kubernetes-1.35/kube-apiserver"
    assert controlprograms.api_server(plane).argv[0] == "/cache/bin/kube-apiserver"


def test_extra_flags_come_last_and_win(plane: Plane) -> None:
    assert controlprograms.api_server(plane, ["--v=4"]).argv[-1] == "--v=4"


def test_nobody_reaches_etcd_without_a_certificate(plane: Plane) -> None:
    argv = controlprograms.etcd(plane).argv
    assert {"--client-cert-auth", "--peer-client-cert-auth"} <= set(argv)
    addresses = [flag for flag in argv if "-urls=" in flag]
    assert len(addresses) == 4
    assert all("https://127.0.0.1:" in flag for flag in addresses)


def test_controllers_may_be_chosen(plane: Plane, pair: KeyPair) -> None:
    program = controlprograms.controller_manager(plane, pair, ["--controllers=job"])
    assert "--controllers=job" in program.argv
    assert "--bind-address=127.0.0.1" in program.argv


def test_containerd_keeps_its_data_in_the_state_folder() -> None:
    program = nodeprograms.containerd(LAYOUT, ADDRESSES, TOOLS)
    config = tomllib.loads(program.files[LAYOUT.config / "containerd.toml"])
    assert config["version"] == 3
    assert config["root"] == "/cache/cluster/containerd"
    assert config["state"] == str(RUNTIME_DIR / "containerd")
    assert config["plugins"]["io.containerd.internal.v1.opt"]["path"].startswith("/cache/")
    runtime = config["plugins"]["io.containerd.cri.v1.runtime"]
    assert runtime["restrict_oom_score_adj"]
    assert runtime["netns_mounts_under_state_dir"]
    assert runtime["containerd"]["runtimes"]["runc"]["options"]["BinaryName"] == "/usr/sbin/runc"


def test_the_pause_image_is_our_own() -> None:
    config = tomllib.loads(nodeprograms.containerd_config(LAYOUT, TOOLS))
    images = config["plugins"]["io.containerd.cri.v1.images"]
    assert images["pinned_images"] == {"sandbox": nodeprograms.PAUSE_IMAGE}


def test_socket_folders_are_short_enough_for_containerd() -> None:
    # containerd refuses a longer one: 107 bytes less the name that it appends.
    assert len(str(RUNTIME_DIR / "s")) <= 42


def test_pods_leave_by_the_bridge_and_never_get_the_machines_address() -> None:
    config = json.loads(nodeprograms.cni_config(ADDRESSES))
    (bridge,) = config["plugins"]
    assert bridge["isDefaultGateway"]
    assert bridge["ipam"]["ranges"] == [[{"subnet": "10.213.0.0/17", "rangeStart": "10.213.0.3"}]]


def test_a_registry_on_the_machine_has_one_name_for_machine_and_node() -> None:
    files = nodeprograms.registry_config(LAYOUT, ADDRESSES)
    (localhost,) = [path for path in files if path.parent.name == "localhost:5000"]
    assert tomllib.loads(files[localhost]) == {"server": "http://10.213.0.2:5000"}


def test_kubelet_keeps_images_and_tolerates_a_full_disk(plane: Plane, pair: KeyPair) -> None:
    config: dict[str, Any] = nodeprograms.kubelet_config(LAYOUT, plane, pair)
    assert config["imageGCHighThresholdPercent"] == 100
    assert config["imagePullCredentialsVerificationPolicy"] == "NeverVerify"
    assert config["evictionHard"]["nodefs.available"] == "1%"
    assert config["failCgroupV1"] is False
    assert config["seccompDefault"] is True
    assert config["authentication"]["anonymous"]["enabled"] is False
    assert json.loads(nodeprograms.kubelet(LAYOUT, plane, pair, pair).files[LAYOUT.config / "kubelet.json"])


def test_proxy_leaves_limits_alone(plane: Plane, pair: KeyPair) -> None:
    program = nodeprograms.kube_proxy(LAYOUT, plane, pair, str(ADDRESSES.pods))
    config = json.loads(program.files[LAYOUT.config / "kube-proxy.json"])
    assert config["conntrack"]["maxPerCore"] == 0
    assert config["nodePortAddresses"] == ["10.213.0.1/32"]
    assert config["mode"] == "iptables"


def test_object_store_listens_on_one_address_without_console() -> None:
    program = minio(LAYOUT.bin, Path("/data/minio"), "10.213.0.1:9000", StoreKeys("owner", "secret"))
    assert "--address=10.213.0.1:9000" in program.argv
    assert program.environment["MINIO_BROWSER"] == "off"
    assert program.environment["MINIO_ROOT_PASSWORD"] == "secret"
    assert not [argument for argument in program.argv if "secret" in argument or "owner" in argument]


def test_store_keys_are_drawn_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keys = load_or_draw_keys(path)
    assert load_or_draw_keys(path) == keys
    assert load_or_draw_keys(tmp_path / "other.json") != keys
    assert path.stat().st_mode & 0o777 == 0o600
