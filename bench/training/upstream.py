"""Upstream's side: PaddleSlim's AutoCompression, driven as its example for segmentation drives it.

    python -m bench.training.upstream train CASE OUT
    python -m bench.training.upstream evaluate CASE MODEL

Prints JSON last. Source: PaddleSlim 2.6.0, example/auto_compression/semantic_segmentation/run.py: loaders
without workers, evaluation of one picture at a time. Batches come in the same order and are flipped alike as
ours, so that both sides learn the same. AutoCompression rewrites the model that it is given: it gets a copy.
"""

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import paddle
from bench.training.case import BATCH, DATA, MODEL, NAMES, SEED, Case, model_in
from paddleseg.core.infer import reverse_transform
from paddleseg.cvlibs import manager
from paddleseg.datasets import Dataset as SegDataset

from segcompress_runner.compression.order import Order
from segcompress_runner.inputs.dataset import Pictures, read_lists


class Trained(paddle.io.Dataset):  # type: ignore[misc]  # Paddle ships no types
    """Pictures by (epoch, index), so that the flips are those of our side."""

    def __init__(self, case: Case) -> None:
        lists = read_lists(DATA, case.dataset)
        self.pictures = Pictures(lists.train, case.dataset.train_transforms, mode="train", seed=SEED)

    def __getitem__(self, key: tuple[int, int]) -> Any:
        epoch, index = key
        return {"img": self.pictures.read(index, epoch)}

    def __len__(self) -> int:
        return len(self.pictures)


class Batches(paddle.io.Sampler):  # type: ignore[misc]  # Paddle ships no types
    """Our order, an epoch each time it is asked."""

    def __init__(self, pictures: int) -> None:
        self.order = Order(pictures, BATCH, SEED)
        self.epoch = 0

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        epoch, self.epoch = self.epoch, self.epoch + 1
        yield from ([(epoch, index) for index in batch] for batch in self.order.epoch(epoch))

    def __len__(self) -> int:
        return self.order.batches_per_epoch


def train(case: Case, out: Path) -> dict[str, Any]:
    """Train as upstream's example does, and save under `out`."""
    from paddleslim.auto_compression import AutoCompression

    dataset = Trained(case)
    loader = paddle.io.DataLoader(
        dataset,
        places=[paddle.CPUPlace()],
        batch_sampler=Batches(len(dataset)),
        num_workers=0,
        return_list=True,
    )

    def feed() -> Iterator[dict[str, Any]]:
        return ({"x": np.array(data["img"])} for data in loader())

    with TemporaryDirectory() as copy:
        shutil.copytree(MODEL, copy, dirs_exist_ok=True)
        compression = AutoCompression(
            model_dir=copy,
            model_filename=NAMES[0],
            params_filename=NAMES[1],
            save_dir=str(out),
            config=case.strategy,
            train_dataloader=feed,
            eval_callback=evaluation(case, []),
        )
        compression.compress()
    return {"miou": float(compression.final_metric)}


def evaluate(case: Case, folder: Path) -> dict[str, Any]:
    """Evaluate an exported model as the example's eval_function does."""
    paddle.enable_static()
    executor = paddle.static.Executor(paddle.CPUPlace())
    program, feeds, fetches = paddle.static.load_inference_model(
        str(model_in(folder).program.with_suffix("")), executor
    )
    areas: list[Any] = []
    started = time.perf_counter()
    miou = evaluation(case, areas)(executor, program, feeds, fetches)
    seconds = time.perf_counter() - started
    return {
        "confusion": _confusion(*areas[:2]),
        "images_per_second": len(_pictures(case)) / seconds,
        "miou": float(miou),
    }


def evaluation(case: Case, areas: list[Any]) -> Callable[..., float]:
    """Return the example's eval_function; `areas` gets what it counted: intersections, predicted, true."""

    def evaluate(executor: Any, program: Any, feeds: Any, fetches: Any) -> float:
        pictures = _pictures(case)
        sampler = paddle.io.BatchSampler(pictures, batch_size=1, shuffle=False, drop_last=False)
        loader = paddle.io.DataLoader(pictures, batch_sampler=sampler, num_workers=0, return_list=True)
        counted: Any = 0
        for data in loader:
            paddle.enable_static()
            label = np.array(data["label"]).astype("int64")
            image = np.array(data["img"])
            (scores,) = executor.run(program, feed={feeds[0]: image}, fetch_list=fetches)
            paddle.disable_static()
            whole = reverse_transform(paddle.to_tensor(scores), _sizes(data["trans_info"]), mode="bilinear")
            ids = paddle.argmax(whole, axis=1, keepdim=True, dtype="int32")
            counted = counted + _areas(ids, paddle.to_tensor(label), pictures)
        areas[:] = list(counted)
        paddle.enable_static()
        common, predicted, true = counted
        return float(np.mean(common / (predicted + true - common)))

    return evaluate


def _areas(ids: Any, label: Any, pictures: Any) -> Any:
    """Return intersections, predicted and true pixels of each class, by upstream's operators.

    `calculate_area` of PaddleSeg 2.8.0 fails on Paddle 2.6.2: it joins sums, which are scalars now.
    """
    counts = label != pictures.ignore_index
    found = []
    for number in range(pictures.num_classes):
        predicted, true = paddle.logical_and(ids == number, counts), label == number
        both = paddle.logical_and(predicted, true)
        found.append([int(paddle.sum(paddle.cast(one, "int64"))) for one in (both, predicted, true)])
    return np.array(found).T


def _sizes(info: Any) -> list[tuple[str, tuple[int, ...]]]:
    """Return what was done to the one picture of a batch, its sizes as numbers."""
    return [(kind[0], tuple(int(np.array(size).item()) for size in sizes)) for kind, sizes in info]


def _pictures(case: Case) -> Any:
    made = [manager.TRANSFORMS[one.type](**one.arguments()) for one in case.dataset.val_transforms]
    return SegDataset(
        mode="val",
        dataset_root=str(DATA),
        transforms=made,
        num_classes=case.dataset.num_classes,
        val_path=str(DATA / case.dataset.val_list),
        ignore_index=case.dataset.ignore_index,
    )


def _confusion(common: Any, predicted: Any) -> list[list[int]]:
    """Return the matrix of two classes, which its diagonal and what was predicted determine.

    Not what is true: upstream counts ignored pixels in none of the other two.
    """
    background, person = map(int, common)
    return [[background, int(predicted[1]) - person], [int(predicted[0]) - background, person]]


if __name__ == "__main__":
    what, name, folder = sys.argv[1:]
    print(json.dumps({"train": train, "evaluate": evaluate}[what](Case(name), Path(folder))))
