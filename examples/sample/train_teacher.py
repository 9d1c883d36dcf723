"""Train a PP-HumanSeg-Lite on a dataset in PaddleSeg's layout and export it: the model to compress.

Runs on a CPU in a few minutes. The folder gets model.pdmodel, model.pdiparams and teacher.json: the figures,
and what they depend on, by which a second run knows that nothing is left to do.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pairs import IGNORED, Pair, augment, digest, resize
from schedule import SIZE, picture_size, remaining_seconds
from segcompress_api.dataset import Dataset
from segcompress_runner.errors import RunError
from segcompress_runner.inputs.checks import check_pictures
from segcompress_runner.inputs.lists import Lists, Sample, read_lists
from segcompress_runner.progress import Silent

_KEPT_PAIRS = 2000
_REPORT_EVERY = 10
_REPORT_SECONDS = 5.0
_BAD_INPUT = 2
_RECIPE = 1
"""Raised whenever training changes, so that no caller takes an older recipe's teacher for this one's."""


@dataclass(frozen=True)
class Settings:
    """What the command line asks for."""

    dataset: Path
    out: Path
    iterations: int
    batch: int
    seed: int


class TrainingPairs:
    """Pairs to train on, small; the first 2000 are kept in memory, the rest read again when needed."""

    def __init__(self, samples: tuple[Sample, ...]) -> None:
        self._samples = samples
        self._kept: dict[int, Pair] = {}

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Pair:
        if index in self._kept:
            return self._kept[index]
        pair = self._read(index)
        if len(self._kept) < _KEPT_PAIRS:
            self._kept[index] = pair
        return pair

    def _read(self, index: int) -> Pair:
        from segcompress_runner.inputs.dataset import read_image, read_mask

        sample = self._samples[index]
        whole = Pair(read_image(sample).astype(np.uint8), read_mask(sample).astype(np.uint8))
        return resize(whole, SIZE)


class Progress:
    """Prints a line every ten iterations and at least every five seconds."""

    def __init__(self, iterations: int) -> None:
        self._iterations = iterations
        self._started = self._printed = time.monotonic()

    def __call__(self, done: int, loss: float) -> None:
        """Report that `done` iterations are over, the last with this loss."""
        now = time.monotonic()
        if done % _REPORT_EVERY and done < self._iterations and now - self._printed < _REPORT_SECONDS:
            return
        self._printed = now
        spent = now - self._started
        left = remaining_seconds(done, self._iterations, spent)
        figures = f"loss {loss:.3f}  {done / max(spent, 1e-6):.1f} it/s  ETA {left:.0f} s"
        print(f"teacher: step {done}/{self._iterations}  {figures}", flush=True)


def draw_batches(pairs: TrainingPairs, settings: Settings) -> Iterator[list[Pair]]:
    """Yield one augmented batch an iteration; every pair comes once before any comes again."""
    rng = np.random.Generator(np.random.PCG64(settings.seed))
    order: list[int] = []
    for iteration in range(settings.iterations):
        size = picture_size(iteration, settings.iterations)
        while len(order) < settings.batch:
            order += rng.permutation(len(pairs)).tolist()
        chosen, order = order[: settings.batch], order[settings.batch :]
        yield [augment(pairs[index], size, rng) for index in chosen]


def describe_dataset(root: Path) -> Dataset:
    """Return the dataset as a job would name it: two classes, resized and normalised."""
    resized = ({"type": "Resize", "target_size": [SIZE, SIZE]}, {"type": "Normalize"})
    return Dataset.model_validate(
        {
            "uri": root.resolve().as_uri(),
            "numClasses": 2,
            "ignoreIndex": IGNORED,
            "trainTransforms": resized,
            "valTransforms": resized,
        }
    )


def check_dataset(settings: Settings, dataset: Dataset) -> Lists:
    """Return the lists of a sound dataset.

    Raises RunError naming the first file at fault: missing, unreadable, of another size, with a wrong id.
    """
    lists = read_lists(settings.dataset, dataset)
    count = f"{len(lists.train)} + {len(lists.val)}"
    print(f"teacher: checking {count} pictures of {settings.dataset}", flush=True)
    check_pictures(lists, dataset, Silent())
    return lists


def identify(settings: Settings, lists: Lists) -> dict[str, object]:
    """Return what a teacher depends on, but for this machine: two runs that agree in it need be done once."""
    files = [path for sample in (*lists.train, *lists.val) for path in (sample.image, sample.mask)]
    return {
        "recipe": _RECIPE,
        "iterations": settings.iterations,
        "batch": settings.batch,
        "seed": settings.seed,
        "datasetSha256": digest(files),
        "trainPictures": len(lists.train),
        "valPictures": len(lists.val),
    }


def find_trained(out: Path, identity: dict[str, object]) -> dict[str, object] | None:
    """Return the figures of the teacher that `out` holds already, if it is the one that would be trained."""
    try:
        figures = json.loads((out / "teacher.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    complete = all((out / name).is_file() for name in ("model.pdmodel", "model.pdiparams"))
    same = isinstance(figures, dict) and all(figures.get(key) == value for key, value in identity.items())
    return figures if complete and same else None


def train_teacher(settings: Settings, dataset: Dataset, lists: Lists) -> dict[str, float | list[float]]:
    """Train, measure as a job's baseline is measured, export; return the figures."""
    import teacher
    from segcompress_runner.inputs.dataset import Pictures
    from segcompress_runner.measurement.evaluation import evaluate

    started = time.monotonic()
    cv2.setNumThreads(1)
    network = teacher.make_network(settings.seed)
    batches = draw_batches(TrainingPairs(lists.train), settings)
    teacher.train(network, batches, settings.iterations, Progress(settings.iterations))
    print(f"teacher: measuring on {len(lists.val)} pictures", flush=True)
    pictures = Pictures(lists.val, dataset.val_transforms, mode="val")
    scores = evaluate(lambda inputs: teacher.predict(network, inputs), pictures, dataset)
    teacher.export(network, settings.out)
    return {
        "miou": round(scores.miou, 6),
        "classIou": [round(share, 6) for share in scores.class_iou],
        "seconds": round(time.monotonic() - started, 1),
    }


def read_settings(arguments: list[str] | None) -> Settings:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="folder with train.txt and val.txt")
    parser.add_argument("out", type=Path, metavar="OUT_DIR", help="folder to write the model to")
    parser.add_argument("--iterations", type=int, default=420, help="training steps (default 420)")
    parser.add_argument("--batch", type=int, default=8, help="pictures in a step (default 8)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same model (default 0)")
    options = parser.parse_args(arguments)
    if options.iterations < 1 or options.batch < 2 or options.seed < 0:  # noqa: PLR2004
        parser.error("--iterations must be at least 1, --batch at least 2, --seed at least 0")
    return Settings(**vars(options))


def main(arguments: list[str] | None = None) -> int:
    """Train as the command line says, unless that is done already; return the exit code."""
    settings = read_settings(arguments)
    dataset = describe_dataset(settings.dataset)
    try:
        lists = check_dataset(settings, dataset)
    except RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return _BAD_INPUT
    identity = identify(settings, lists)
    known = find_trained(settings.out, identity)
    if known is not None:
        print(f"teacher: {settings.out} holds it already, mIoU {known['miou']}")
        return 0
    figures = train_teacher(settings, dataset, lists)
    text = json.dumps({**figures, **identity}, indent=2) + "\n"
    (settings.out / "teacher.json").write_text(text, encoding="utf-8")
    print(f"teacher: mIoU {figures['miou']}, written to {settings.out} after {figures['seconds']} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
