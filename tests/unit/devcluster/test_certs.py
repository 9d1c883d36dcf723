"""Certificates say who somebody is and where they serve; openssl makes them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from devcluster.certs import (
    Authority,
    Leaf,
    extensions,
    kubeconfig,
    make_signing_keys,
    subject,
    write_private,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        pytest.param(Leaf("a", "admin"), "/CN=admin", id="name alone"),
        pytest.param(
            Leaf("n", "system:node:x", ("system:nodes",)), "/O=system:nodes/CN=system:node:x", id="group"
        ),
        pytest.param(Leaf("s", "a/b+c"), r"/CN=a\/b\+c", id="separators are escaped"),
    ],
)
def test_subject_in_notation_of_openssl(leaf: Leaf, expected: str) -> None:
    assert subject(leaf) == expected


def test_only_who_has_addresses_may_serve() -> None:
    assert "serverAuth" not in extensions(Leaf("a", "admin"))
    served = extensions(Leaf("s", "server", addresses=("10.0.0.1", "localhost")))
    assert "extendedKeyUsage=clientAuth,serverAuth" in served
    assert "subjectAltName=IP:10.0.0.1,DNS:localhost" in served


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path / "pki")
    made.create()
    return made


def described(certificate: Path) -> str:
    command = ("openssl", "x509", "-noout", "-text", "-in", str(certificate))
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_issued_certificate_is_trusted_and_says_its_leaf(authority: Authority) -> None:
    pair = authority.issue(Leaf("admin", "the-admin", ("system:masters",)))
    check = ("openssl", "verify", "-CAfile", str(authority.certificate), str(pair.certificate))
    assert subprocess.run(check, check=False, capture_output=True).returncode == 0
    assert "O = system:masters, CN = the-admin" in described(pair.certificate)


def test_keys_are_the_owners_alone(authority: Authority, tmp_path: Path) -> None:
    pair = authority.issue(Leaf("admin", "admin"))
    signing = make_signing_keys(tmp_path)
    for key in (pair.key, signing.key):
        assert key.stat().st_mode & 0o777 == 0o600


def test_an_unchanged_leaf_is_kept_and_a_changed_one_issued_again(authority: Authority) -> None:
    leaf = Leaf("server", "server", addresses=("127.0.0.1",))
    first = authority.issue(leaf).certificate.read_bytes()
    assert authority.issue(leaf).certificate.read_bytes() == first
    moved = Leaf("server", "server", addresses=("127.0.0.2",))
    assert authority.issue(moved).certificate.read_bytes() != first


def test_a_new_authority_renews_what_the_old_one_signed(authority: Authority) -> None:
    leaf = Leaf("admin", "admin")
    old, fingerprint = authority.issue(leaf).certificate.read_bytes(), authority.fingerprint
    authority.certificate.unlink()
    authority.create()
    assert authority.fingerprint != fingerprint
    assert authority.issue(leaf).certificate.read_bytes() != old


def test_kubeconfig_holds_everything(authority: Authority) -> None:
    yaml = pytest.importorskip("yaml")
    pair = authority.issue(Leaf("admin", "admin"))
    read = yaml.safe_load(kubeconfig("https://10.0.0.1:6443", authority.certificate, pair))
    assert read["current-context"] == read["contexts"][0]["name"] == "segcompress-dev"
    assert read["clusters"][0]["cluster"]["server"] == "https://10.0.0.1:6443"
    assert read["users"][0]["user"].keys() == {"client-certificate-data", "client-key-data"}


def test_private_files_are_written_only_where_they_differ(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_private(path, "one")
    before = path.stat()
    write_private(path, "one")
    assert path.stat().st_ino == before.st_ino
    write_private(path, "two")
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o600
