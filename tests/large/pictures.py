"""Street-sized pictures of three classes, generated: a band of each, and noise."""

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = 3
HEIGHT, WIDTH = 512, 1024
TRAIN, VAL = 4, 2


def write_dataset(folder: Path) -> None:
    """Write pictures of bands whose borders differ from one to the next, with masks and lists."""
    random = np.random.default_rng(3)
    rows = np.arange(HEIGHT)
    lines = []
    for number in range(TRAIN + VAL):
        borders = np.sort(random.integers(HEIGHT // 8, HEIGHT - HEIGHT // 8, CLASSES - 1))
        bands = np.digitize(rows, borders).astype(np.uint8)
        mask = np.repeat(bands[:, np.newaxis], WIDTH, axis=1)
        noise = random.integers(0, 60, (HEIGHT, WIDTH, 3))
        Image.fromarray((noise + 90 * mask[..., np.newaxis]).astype(np.uint8)).save(folder / f"{number}.png")
        Image.fromarray(mask).save(folder / f"{number}-mask.png")
        lines.append(f"{number}.png {number}-mask.png\n")
    (folder / "train.txt").write_text("".join(lines[:TRAIN]))
    (folder / "val.txt").write_text("".join(lines[TRAIN:]))
