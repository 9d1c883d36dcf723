"""Reads objects of a cluster with `kubectl`: with the user's own permissions, without a client library."""

import subprocess
from collections.abc import Sequence

from segcompress_runner.errors import InvalidInputError, InvalidSettingError


def get(arguments: Sequence[str], namespace: str | None, context: str | None) -> str:
    """Return the JSON that `kubectl get` prints; raises InvalidInputError with the last line of its error."""
    options = [
        *(("--namespace", namespace) if namespace else ()),
        *(("--context", context) if context else ()),
    ]
    command = ["kubectl", "get", *options, "--output", "json", *arguments]
    try:
        ended = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    except FileNotFoundError:
        raise InvalidSettingError(
            "kubectl: is not on PATH; run it elsewhere and name its output with --from"
        ) from None
    if ended.returncode:
        words = ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"]
        raise InvalidInputError(f"kubectl get {' '.join(arguments)}: {words[-1]}")
    return ended.stdout
