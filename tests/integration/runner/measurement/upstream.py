"""PaddleSeg's own evaluation, one picture at a time, put together from its own functions."""

from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
import paddle
from numpy.typing import NDArray
from paddleseg.core.infer import reverse_transform
from paddleseg.cvlibs import manager
from paddleseg.transforms import Compose
from paddleseg.utils import metrics
from PIL import Image

from segcompress_api.dataset import Dataset
from segcompress_runner.inputs.lists import Sample
from segcompress_runner.measurement.evaluation import Predict


@dataclass(frozen=True)
class Figures:
    """What paddleseg.core.val.evaluate would return, and the areas behind it."""

    miou: float
    class_iou: tuple[float, ...]
    accuracy: float
    areas: NDArray[np.int64]
    """3 x classes: intersection, prediction, label."""


def evaluate(predict: Predict, samples: tuple[Sample, ...], dataset: Dataset, mode: str) -> Figures:
    """Evaluate as paddleseg/core/val.py does; `mode` interpolates (bilinear for scores, nearest for ids)."""
    compose = Compose(
        [manager.TRANSFORMS[t.type](**t.arguments()) for t in dataset.val_transforms], img_channels=3
    )
    total = np.zeros((3, dataset.num_classes), np.int64)
    for sample in samples:
        data = compose({"img": str(sample.image), "trans_info": [], "gt_fields": []})
        scores = paddle.to_tensor(predict(data["img"][np.newaxis].astype(np.float32)))
        scores = reverse_transform(scores, data["trans_info"], mode=mode)
        ids = paddle.argmax(scores, axis=1, keepdim=True, dtype="int32") if mode == "bilinear" else scores
        label = paddle.to_tensor(np.asarray(Image.open(sample.mask)).astype(np.int64)[np.newaxis, np.newaxis])
        total += _areas(ids, label, dataset)
    tensors = [paddle.to_tensor(row) for row in total]
    class_iou, miou = metrics.mean_iou(*tensors)
    accuracy, _, _ = metrics.class_measurement(*tensors)
    return Figures(float(miou), tuple(float(iou) for iou in class_iou), float(accuracy), total)


def _areas(ids: Any, label: Any, dataset: Dataset) -> NDArray[np.int64]:
    # calculate_area concatenates scalars, which Paddle 2.6.2 refuses: it wants them stacked.
    with mock.patch.object(paddle, "concat", paddle.stack):
        areas = metrics.calculate_area(ids, label, dataset.num_classes, ignore_index=dataset.ignore_index)
    return np.stack([area.numpy() for area in areas])
