"""Our own certificate authority, by the openssl program.

Keys are elliptic (P-256), leaves live a year and are issued again when they come near their end or when what
they should say has changed. Nothing here knows which component uses which certificate.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devcluster.errors import DevclusterError
from devcluster.layout import CONTEXT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LEAF_DAYS = 365
AUTHORITY_DAYS = 3650
RENEW_BEFORE_S = 30 * 24 * 3600


@dataclass(frozen=True)
class Leaf:
    """What a certificate says: who it is, its groups (organisations), and the addresses that it serves."""

    name: str
    common_name: str
    groups: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeyPair:
    """Files of a certificate and its private key."""

    certificate: Path
    key: Path


def subject(leaf: Leaf) -> str:
    """Return the subject in openssl's notation, with its separators escaped."""
    parts = [("O", group) for group in leaf.groups] + [("CN", leaf.common_name)]
    return "".join(f"/{kind}={_escape(value)}" for kind, value in parts)


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("/", "\\/").replace("+", "\\+")


def extensions(leaf: Leaf) -> str:
    """Return the X.509 extensions: a client always, a server too where it has addresses."""
    usages = "clientAuth,serverAuth" if leaf.addresses else "clientAuth"
    lines = [
        "basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature",
        f"extendedKeyUsage={usages}",
    ]
    if leaf.addresses:
        names = (f"{'IP' if _is_address(address) else 'DNS'}:{address}" for address in leaf.addresses)
        lines.append(f"subjectAltName={','.join(names)}")
    return "\n".join(lines) + "\n"


def _is_address(text: str) -> bool:
    return text.replace(".", "").isdigit()


class Authority:
    """The authority of one control plane; its files lie in `folder` and are the owner's alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = KeyPair(folder / "ca.crt", folder / "ca.key")

    @property
    def certificate(self) -> Path:
        """What clients trust."""
        return self._own.certificate

    @property
    def fingerprint(self) -> str:
        """Changes whenever the authority was made anew."""
        return hashlib.sha256(self.certificate.read_bytes()).hexdigest()

    def create(self) -> None:
        """Make the authority where there is none or it comes near its end."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o711)  # keys in it are the owner's alone
        if _is_fresh(self._own.certificate) and self._own.key.exists():
            return
        make_key(self._own.key)
        days = str(AUTHORITY_DAYS)
        name = "/CN=segcompress-devcluster"
        request = ("req", "-x509", "-new", "-key", str(self._own.key), "-subj", name, "-days", days)
        usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
        _openssl(*request, *usage, "-out", str(self._own.certificate))

    def issue(self, leaf: Leaf) -> KeyPair:
        """Return a valid certificate that says `leaf`, making it where needed."""
        pair = KeyPair(self._folder / f"{leaf.name}.crt", self._folder / f"{leaf.name}.key")
        stamp = self._folder / f"{leaf.name}.json"
        wanted = json.dumps([subject(leaf), extensions(leaf), self.fingerprint])
        if (
            stamp.exists()
            and stamp.read_text() == wanted
            and pair.key.exists()
            and _is_fresh(pair.certificate)
        ):
            return pair
        self._sign(leaf, pair)
        stamp.write_text(wanted)
        return pair

    def _sign(self, leaf: Leaf, pair: KeyPair) -> None:
        make_key(pair.key)
        request, config = pair.key.with_suffix(".csr"), pair.key.with_suffix(".ext")
        config.write_text(extensions(leaf))
        _openssl("req", "-new", "-key", str(pair.key), "-subj", subject(leaf), "-out", str(request))
        authority = ("-CA", str(self._own.certificate), "-CAkey", str(self._own.key))
        validity = ("-days", str(LEAF_DAYS), "-extfile", str(config))
        _openssl("x509", "-req", "-in", str(request), *authority, *validity, "-out", str(pair.certificate))
        request.unlink()
        config.unlink()


def make_key(path: Path) -> None:
    """Write a new private key that the owner alone may read."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(path))


def make_signing_keys(folder: Path) -> KeyPair:
    """Return the pair that signs service-account tokens: public half, private half."""
    pair = KeyPair(folder / "service-accounts.pub", folder / "service-accounts.key")
    if not (pair.certificate.exists() and pair.key.exists()):
        make_key(pair.key)
        _openssl("pkey", "-in", str(pair.key), "-pubout", "-out", str(pair.certificate))
    return pair


def kubeconfig(server: str, authority: Path, pair: KeyPair, context: str = CONTEXT) -> str:
    """Return a kubeconfig that holds everything it needs."""
    cluster = f"{{server: {server}, certificate-authority-data: {_encoded(authority)}}}"
    user = f"{{client-certificate-data: {_encoded(pair.certificate)}, client-key-data: {_encoded(pair.key)}}}"
    return "\n".join(
        (
            "apiVersion: v1",
            "kind: Config",
            f"current-context: {context}",
            "clusters:",
            f"- name: {context}",
            f"  cluster: {cluster}",
            "users:",
            f"- name: {context}",
            f"  user: {user}",
            "contexts:",
            f"- name: {context}",
            f"  context: {{cluster: {context}, user: {context}}}",
            "",
        )
    )


def write_private(path: Path, text: str) -> None:
    """Write a file that the owner alone may read, leaving it alone where it says this already."""
    if path.exists() and path.read_text() == text:
        return
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _is_fresh(certificate: Path) -> bool:
    if not certificate.exists():
        return False
    check = ("openssl", "x509", "-checkend", str(RENEW_BEFORE_S), "-noout", "-in", str(certificate))
    return subprocess.run(check, capture_output=True, check=False).returncode == 0


def _openssl(*arguments: str) -> None:
    done = subprocess.run(("openssl", *arguments), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DevclusterError(f"openssl {_first(arguments)} failed: {done.stderr.strip()}")


def _first(arguments: Iterable[str]) -> str:
    return next(iter(arguments))
