"""The models of finished jobs as files for phones, by the command that a user has."""

import subprocess
import sys
from pathlib import Path

from demo.jobs import Resource
from demo.target import Target, cache_folder


def export(job: Resource, target: Target) -> str:
    """Return what `segcompress export` says of a job's model, a complaint included."""
    manifest = job["status"]["artifacts"]["manifest"]["uri"]
    to = cache_folder() / "seed" / f"{job['metadata']['name']}.nb"
    program = Path(sys.executable).with_name("segcompress")
    done = subprocess.run(
        [program, "export", "--format", "paddle-lite", manifest, "-o", str(to)],
        env=dict(target.env),
        check=False,
        capture_output=True,
        text=True,
    )
    told = done.stdout.splitlines()
    return "\n".join(told if done.returncode == 0 else [*told, *done.stderr.splitlines()[-1:]])
