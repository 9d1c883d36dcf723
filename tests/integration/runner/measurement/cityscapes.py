"""A validation list of Cityscapes' size, and its evaluation in a process of its own."""

import json
import sys
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
    """Evaluate what lies in a folder on so many threads, and print a line of JSON; arguments: both."""
    from segcompress_runner.measurement.boundary import Boundaries
    from segcompress_runner.measurement.evaluation import Options, evaluate
    from segcompress_runner.measurement.runtimes.paddle_inference import PaddleOptions, paddle_predictor

    folder, threads = Path(sys.argv[1]), int(sys.argv[2])
    predict = paddle_predictor(model_files(folder), PaddleOptions(threads=2))
    options = Options(workers=threads, observers=(Boundaries(dataset()).observe,))
    scores = evaluate(predict, pictures(folder), dataset(), options)
    status = Path("/proc/self/status").read_text()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    sys.stdout.write(json.dumps({"confusion": scores.confusion, "peak_mib": int(peak) / 1024}) + "\n")


if __name__ == "__main__":
    main()
