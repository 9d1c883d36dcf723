"""The two identities of a run: which weights it trains, and which figures it measures.

Where, for whom or within which limits a run happens has no part in either. Nothing here reads a file.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from segcompress_api.act_settings import ActSettings, StepSettings
from segcompress_api.dataset import Dataset
from segcompress_api.job import JobSpec
from segcompress_runner.plain import plain
from segcompress_runner.processor import Processor
from segcompress_runner.provenance import Software

_LENGTH = 16
_ADDRESSES = {"config_uri", "weights_uri"}
_NAMES = {"uri", "train_list", "val_list", "label_list"}
"""Fields of a dataset that do not decide its content as a training sees it; files count by their content."""

_LATER: Sequence[tuple[str, Any]] = (("layers", []), ("criterion", "magnitude"))
"""Settings of pruning that came later, with the values that they have where they are not set."""


@dataclass(frozen=True)
class InputDigests:
    """Digests of everything that a run reads, by name; one digest for each name.

    The model's stand in an order of their own: program and parameters, or weights and section.
    """

    model: Mapping[str, str]
    lists: Mapping[str, str]
    pictures: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class RunKeys:
    """What the weights are published under, and below that the figures."""

    model: str
    measurement: str


def model_key(
    spec: JobSpec, settings: ActSettings, inputs: InputDigests, device: str, software: Software
) -> str:
    """Return 16 hex digits that name everything the weights are asked to be.

    The strategy counts by its meaning, so that upstream's old and current spelling, and a configUri, give one
    key. Threads and the processor's model do not count: they change the last bits of a training, not what it
    was asked for, and a run must not train again for being moved to another node.
    """
    dataset, network = spec.dataset, spec.model.paddleseg
    # Where masks are drawn from annotations, the names of the classes say which label is which id.
    names = _NAMES | ({"class_names"} if dataset.format == "PaddleSeg" else set())
    return _key(
        {
            "software": software,
            "device": device,
            "model": list(inputs.model.values()),
            **({} if network is None else {"export": network.model_dump(exclude=_ADDRESSES)}),
            "dataset": dataset.model_dump(exclude=names),
            "lists": [inputs.lists[name] for name in _lists(dataset)],
            "pictures": inputs.pictures,
            "distillation": settings.distillation,
            "steps": [[step.section, _meaning(step)] for step in settings.steps],
            "train": settings.train and replace(settings.train, log_every=0),
            "seed": spec.seed,
        }
    )


def measurement_key(model: str, spec: JobSpec, processor: Processor, threads: int, software: Software) -> str:
    """Return 16 hex digits that name everything that a model's figures and its verdict depend on."""
    # A field that came later counts where it is set, so that older runs are found under the keys they have.
    later = {"exports": spec.exports} if spec.exports else {}
    return _key(
        {
            **later,
            "software": software,
            "model": model,
            "classes": spec.dataset.class_names,
            "benchmark": spec.benchmark,
            "acceptance": spec.acceptance,
            "processor": processor,
            "threads": threads,
        }
    )


def _meaning(step: StepSettings) -> Mapping[str, Any]:
    """Return a step's settings; a field that came later counts where it is set, as above."""
    return {name: value for name, value in plain(step).items() if (name, value) not in _LATER}


def _lists(dataset: Dataset) -> tuple[str, ...]:
    names = (dataset.train_list, dataset.val_list)
    return names if dataset.label_list is None else (*names, dataset.label_list)


def _key(meaning: Mapping[str, Any]) -> str:
    text = json.dumps(plain(meaning), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
