"""The identity of a run: what it computes, not where, for whom or how long it may take.

Two specs with one key give the same result, so the second need not run. Nothing here reads a file.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segcompress_api.act_settings import ActSettings
from segcompress_api.job import JobSpec
from segcompress_runner.plain import plain

RUNNER_VERSION = "0.1.0"
"""Version of the code that makes results. The image carries no package metadata that could be asked."""

_LENGTH = 16


@dataclass(frozen=True)
class InputDigests:
    """Digests of everything that a run reads, by name; one digest for each name."""

    model: Mapping[str, str]
    lists: Mapping[str, str]
    pictures: Sequence[tuple[str, str]]


def run_key(spec: JobSpec, settings: ActSettings, inputs: InputDigests, device: str) -> str:
    """Return 16 hex digits of SHA-256 over the canonical JSON of what the run computes.

    Runtime (but for the device), output, storage and limits do not count; the strategy counts by its meaning,
    so that upstream's old and current spelling, and a configUri, give one key.
    """
    meaning = {
        "runner": RUNNER_VERSION,
        "device": device,
        "model": {**spec.model.inference.model_dump(mode="json", exclude={"uri"}), "digests": inputs.model},
        "dataset": spec.dataset.model_dump(mode="json", exclude={"uri"}),
        "lists": inputs.lists,
        "pictures": inputs.pictures,
        "strategy": {**plain(settings), "notes": None},
        "benchmark": spec.benchmark.model_dump(mode="json"),
        "acceptance": spec.acceptance.model_dump(mode="json"),
        "seed": spec.seed,
    }
    text = json.dumps(plain(meaning), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
