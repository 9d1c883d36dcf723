"""Make the sample dataset: pictures of drawn persons with exact labels, in PaddleSeg's layout.

It exists so that a newcomer can compress a model without a download or a licence question. A picture depends
on the seed, its split and its number alone: the same seed gives the same bytes (with one version of numpy and
OpenCV), however many pictures are made.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np

from scenes import draw_scene

_SPLITS = {"train": 0, "val": 1}
_JPEG_QUALITY = (70, 95)
_BAD_ARGUMENT = 2


def make_dataset(out: Path, counts: dict[str, int], seed: int, progress: TextIO) -> None:
    """Write images/, annotations/ and a list file for each split named in `counts` (train, val)."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    (out / "annotations").mkdir(exist_ok=True)
    done, total, started = 0, sum(counts.values()), time.monotonic()
    for split, count in counts.items():
        lines = []
        for index in range(count):
            lines.append(_write_pair(out, split, index, seed))
            done += 1
            if done % 50 == 0 or done == total:
                rate = done / max(time.monotonic() - started, 1e-6)
                print(f"sample: {done}/{total} pictures, {rate:.0f}/s", file=progress, flush=True)
        (out / f"{split}.txt").write_text("".join(lines), encoding="utf-8")


def _write_pair(out: Path, split: str, index: int, seed: int) -> str:
    """Draw and write one picture and its label; return its line of the list file."""
    rng = np.random.Generator(np.random.PCG64([seed, _SPLITS[split], index]))
    picture, label = draw_scene(rng)
    image, annotation = f"images/{split}_{index:04}.jpg", f"annotations/{split}_{index:04}.png"
    quality = int(rng.integers(*_JPEG_QUALITY))
    (out / image).write_bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
    (out / annotation).write_bytes(cv2.imencode(".png", label)[1].tobytes())
    return f"{image} {annotation}\n"


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, write the dataset, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write (made if missing)")
    parser.add_argument("--train", type=int, default=200, help="pictures to train on (default 200)")
    parser.add_argument("--val", type=int, default=50, help="pictures to measure on (default 50)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same pictures (default 0)")
    options = parser.parse_args(arguments)
    if options.train < 1 or options.val < 1 or options.seed < 0:
        print("error: --train and --val must be at least 1 and --seed at least 0", file=sys.stderr)
        return _BAD_ARGUMENT
    try:
        make_dataset(options.out, {"train": options.train, "val": options.val}, options.seed, sys.stdout)
    except OSError as error:
        print(f"error: cannot write the dataset to {options.out}: {error.strerror or error}", file=sys.stderr)
        return _BAD_ARGUMENT
    return 0


if __name__ == "__main__":
    sys.exit(main())
