"""Tokens of service accounts: what the API server issues, and what nobody could ask it for."""

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

from integration.operator.api import Api, Body

AUDIENCE = "progress.segcompress.dev"
_HALF = 32
"""Bytes of each of the two numbers of a P-256 signature."""


def issued(api: Api, pod: Body | None, namespace: str = "", audience: str | None = AUDIENCE) -> str:
    """Return a token of the `default` account, bound to `pod` as the kubelet asks for it."""
    namespace = namespace or (pod or {})["metadata"]["namespace"]
    spec: Body = {"audiences": [audience] if audience else [], "expirationSeconds": 3600}
    if pod is not None:
        meta = pod["metadata"]
        spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": meta["uid"]}
    url = f"/api/v1/namespaces/{namespace}/serviceaccounts/default/token"
    return str(api.request("POST", url, {"spec": spec})["status"]["token"])


def signed_again(token: str, key: Path, **claims: Any) -> str:
    """Return the token with some claims changed, under the API server's own signature (ES256, RFC 7518)."""
    header, payload, _ = token.split(".")
    changed = {**json.loads(base64.urlsafe_b64decode(payload + "==")), **claims}
    text = f"{header}.{_encoded(json.dumps(changed).encode())}"
    made = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", str(key)],
        input=text.encode(),
        capture_output=True,
        check=True,
    )
    return f"{text}.{_encoded(_raw(made.stdout))}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _raw(der: bytes) -> bytes:
    """Return the two numbers of a DER signature (SEQUENCE of two short INTEGERs) side by side."""
    first = der[4 : 4 + der[3]]
    second = der[6 + der[3] :]
    return b"".join(number.lstrip(b"\0").rjust(_HALF, b"\0") for number in (first, second))
