"""A validation list of Cityscapes' size, and its evaluation in a process of its own."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import cv2
import numpy as np

from segcompress_api.dataset import Dataset
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.lists import Sample
from segcompress_runner.inputs.model import ModelFiles

CLASSES = 19
HEIGHT, WIDTH = 1024, 2048
SIZE = (HEIGHT // 2, WIDTH // 2)
"""What the model takes and gives."""


def write_samples(folder: Path, count: int, *, progressive: bool = False) -> None:
    """Write pictures of coloured blocks; masks hold every class, and ignored pixels."""
    random = np.random.default_rng(5)
    for index in range(count):
        blocks = random.integers(0, 256, (8, 16, 3), np.uint8)
        picture = cv2.resize(blocks, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        mask = np.minimum(picture[..., 0] // 13, CLASSES - 1).astype(np.uint8)
        mask[:40] = 255
        cv2.imwrite(str(folder / f"{index}.jpg"), picture, [cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)])
        cv2.imwrite(str(folder / f"{index}.png"), mask)


def model_files(folder: Path) -> ModelFiles:
    return ModelFiles(folder / "model.pdmodel", folder / "model.pdiparams")


def dataset() -> Dataset:
    transforms = [{"type": "Resize", "target_size": [SIZE[1], SIZE[0]]}, {"type": "Normalize"}]
    return Dataset.model_validate(
        {
            "uri": "file:///nowhere",
            "numClasses": CLASSES,
            "ignoreIndex": 255,
            "trainTransforms": transforms,
            "valTransforms": transforms,
        }
    )


def pictures(folder: Path) -> Pictures:
    samples = [Sample(image, image.with_suffix(".png")) for image in sorted(folder.glob("*.jpg"))]
    return Pictures(samples, dataset().val_transforms, mode="val")


def main() -> None:
    """Evaluate what lies in a folder, and print a line of JSON; arguments: folder, threads, processes."""
    from segcompress_runner.measurement.boundary import Boundaries
    from segcompress_runner.measurement.evaluation import Options, evaluate
    from segcompress_runner.measurement.runtimes.session import predictor
    from segcompress_runner.measurement.variants import Candidate, opened, variants

    folder, threads, processes = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    (variant,) = variants(
        Candidate(model_files(folder), quantised=False), "PaddleInference", "CPU", quantises=False
    )
    options = Options(workers=threads, observers=(Boundaries(dataset()).observe,), predictors=processes)
    with closing(Peak()) as peak, opened(variant, threads, processes) as session:
        scores = evaluate(predictor(session), pictures(folder), dataset(), options)
    sys.stdout.write(json.dumps({"confusion": scores.confusion, "peak_mib": peak.mib}) + "\n")


class Peak:
    """The most memory that this process and those below it held at a time, in MiB, until it is closed.

    Shares of what they have in common (Pss), looked at some times a second.
    """

    def __init__(self) -> None:
        self.mib = 0.0
        self._closed = threading.Event()
        self._looking = threading.Thread(target=self._look)
        self._looking.start()

    def close(self) -> None:
        self._closed.set()
        self._looking.join()

    def _look(self) -> None:
        while not self._closed.wait(0.02):
            self.mib = max(self.mib, sum(map(_mib, _family(os.getpid()))))


def _family(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text().split():
                yield from _family(int(child))


def _mib(pid: int) -> float:
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
    return 0.0


if __name__ == "__main__":
    main()
