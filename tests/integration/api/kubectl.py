"""What a user's terminal does: kubectl against the test's own API server."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DRY = "--dry-run=server"


@dataclass(frozen=True)
class Answer:
    """Exit code and words of one kubectl call."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Kubectl:
    """kubectl at `program`, for the cluster of `kubeconfig`; `cache` keeps what it learns of the API."""

    program: Path
    kubeconfig: Path
    cache: Path

    def run(self, *arguments: str, stdin: str = "") -> Answer:
        """Run kubectl and return its answer, whichever it is."""
        command = [
            str(self.program),
            f"--kubeconfig={self.kubeconfig}",
            f"--cache-dir={self.cache}",
            *arguments,
        ]
        environment = {**os.environ, "HOME": str(self.cache)}
        done = subprocess.run(
            command, input=stdin, env=environment, capture_output=True, text=True, check=False
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def send(self, verb: str, body: Mapping[str, Any], *flags: str) -> Answer:
        """Run `kubectl VERB -f -` with a manifest."""
        return self.run(verb, "-f", "-", *flags, stdin=json.dumps(body))

    def confirm_refused(self, body: Mapping[str, Any], field: str, words: str) -> None:
        """Check that the API server does not take it, and names the field and what is wrong with it."""
        answer = self.send("create", body, DRY)
        assert answer.code != 0
        assert f"{field}: " in answer.err
        assert words in answer.err

    def patch_status(self, name: str, status: Mapping[str, Any], kind: str = "scj") -> Answer:
        """Merge into the status of a resource, as the operator does."""
        patch = json.dumps({"status": status})
        return self.run("patch", kind, name, "--subresource=status", "--type=merge", f"--patch={patch}")

    def get(self, name: str, kind: str = "scj") -> dict[str, Any]:
        """Return a resource as it is stored."""
        answer = self.run("get", kind, name, "-o", "json")
        assert answer.code == 0, answer.err
        return dict(json.loads(answer.out))
