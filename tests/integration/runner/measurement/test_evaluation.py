import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from numpy.typing import NDArray

from integration.runner.measurement import upstream
from integration.runner.measurement.tiny import Shape, tiny_dataset, tiny_model, tiny_pictures
from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.lists import Sample
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement import confusion
from segcompress_runner.measurement.boundary import Boundaries, BoundaryIou
from segcompress_runner.measurement.evaluation import Options, Scores, evaluate
from segcompress_runner.measurement.model_output import OutputNotFiniteError
from segcompress_runner.measurement.runtimes.paddle_inference import paddle_predictor

NORMALIZE = {"type": "Normalize"}
FITTED: list[dict[str, Any]] = [
    {"type": "ResizeByLong", "long_size": 32},
    {"type": "Padding", "target_size": [32, 32]},
    NORMALIZE,
]
UNEQUAL: list[dict[str, Any]] = [{"type": "ResizeByShort", "short_size": 24}, NORMALIZE]


@contextmanager
def static_mode() -> Iterator[None]:
    paddle.enable_static()
    try:
        yield
    finally:
        paddle.disable_static()


def assert_equal(scores: Scores, reference: upstream.Figures) -> None:
    matrix = np.array(scores.confusion)
    areas = np.stack([np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)])
    assert np.array_equal(areas, reference.areas)
    assert scores.miou == reference.miou
    assert scores.class_iou == reference.class_iou
    assert scores.accuracy == reference.accuracy


@pytest.mark.parametrize(
    "options",
    [Options(1, 0), Options(4, 0), Options(3, 2), Options(16, 3)],
    ids=lambda options: f"batch{options.batch_size}-workers{options.workers}",
)
@pytest.mark.parametrize(
    "transforms",
    [pytest.param(None, id="resize"), pytest.param(FITTED, id="pad")],
)
def test_batches_give_bit_for_bit_what_paddleseg_gives_picture_by_picture(
    model: ModelFiles, samples: tuple[Sample, ...], transforms: list[dict[str, Any]] | None, options: Options
) -> None:
    dataset = tiny_dataset(transforms)
    reference = upstream.evaluate(paddle_predictor(model), samples, dataset, "bilinear")
    scores = evaluate(paddle_predictor(model), tiny_pictures(samples, dataset), dataset, options)
    assert_equal(scores, reference)
    assert scores.images == len(samples)
    assert 0 < scores.miou < 1
    assert scores.class_iou[3] == 0, "no mask holds the last class"


def test_pictures_of_unequal_sizes_share_batches_with_their_like(samples: tuple[Sample, ...]) -> None:
    """A model that takes any size: the green channel's brightness, in four steps, is the class."""
    dataset = tiny_dataset(UNEQUAL)
    batches = []

    def predict(x: Any) -> Any:
        batches.append(x.shape)
        steps = np.linspace(-0.75, 0.75, 4, dtype=np.float32).reshape(1, 4, 1, 1)
        return -np.abs(x[:, 1:2] - steps)

    scores = evaluate(predict, tiny_pictures(samples, dataset), dataset, Options(4, 0))
    assert len({shape[2:] for shape in batches}) == 2
    assert max(shape[0] for shape in batches) > 1
    assert_equal(scores, upstream.evaluate(predict, samples, dataset, "bilinear"))


@pytest.mark.parametrize("options", [Options(4, 0), Options(3, 2), Options(16, 3)])
def test_boundaries_are_the_same_in_any_batch_and_on_any_thread(
    model: ModelFiles, samples: tuple[Sample, ...], options: Options
) -> None:
    dataset = tiny_dataset(UNEQUAL)

    def found(options: Options) -> BoundaryIou:
        boundaries = Boundaries(dataset)
        observed = replace(options, observers=(boundaries.observe,))
        evaluate(paddle_predictor(model), tiny_pictures(samples, dataset), dataset, observed)
        return boundaries.scores()

    assert found(options) == found(Options(1, 0))


@pytest.mark.parametrize("head", ["ids", "ids-with-channel"])
def test_a_model_that_gives_ids_is_resized_to_the_nearest(
    tmp_path: Path, samples: tuple[Sample, ...], pictures: Pictures, head: Any
) -> None:
    predict = paddle_predictor(tiny_model(tmp_path, Shape(head=head)))

    def with_channel(x: Any) -> Any:
        ids = predict(x)
        return ids if ids.ndim == 4 else ids[:, np.newaxis]

    scores = evaluate(predict, pictures, tiny_dataset(), Options(4, 0))
    assert_equal(scores, upstream.evaluate(with_channel, samples, tiny_dataset(), "nearest"))


@pytest.mark.parametrize("batch", [1, 3])
def test_a_model_of_fixed_batch_gives_the_same_figures(
    tmp_path: Path, model: ModelFiles, pictures: Pictures, batch: int
) -> None:
    fixed = tiny_model(tmp_path, Shape(batch=batch))
    expected = evaluate(paddle_predictor(model), pictures, tiny_dataset(), Options(4, 0))
    scores = evaluate(paddle_predictor(fixed), pictures, tiny_dataset(), Options(4, 0))
    assert scores.confusion == expected.confusion


def test_evaluating_in_the_middle_of_a_static_graph_disturbs_nothing(
    model: ModelFiles, pictures: Pictures
) -> None:
    expected = evaluate(paddle_predictor(model), pictures, tiny_dataset())
    with static_mode():
        before = str(paddle.static.default_main_program())
        scores = evaluate(paddle_predictor(model), pictures, tiny_dataset())
        assert not paddle.in_dynamic_mode()
        assert str(paddle.static.default_main_program()) == before
        assert paddle.static.global_scope().find_var("conv2d_0.w_0") is None
    assert paddle.in_dynamic_mode()
    assert scores.confusion == expected.confusion


def test_evaluating_leaves_the_random_generators_alone(model: ModelFiles, pictures: Pictures) -> None:
    states = random.getstate(), str(np.random.get_state())  # noqa: NPY002 - PaddleSeg uses it
    evaluate(paddle_predictor(model), pictures, tiny_dataset(), Options(2, 3))
    assert (random.getstate(), str(np.random.get_state())) == states  # noqa: NPY002


def test_pictures_are_counted_by_several_threads_at_once(
    model: ModelFiles, samples: tuple[Sample, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    alike = tiny_pictures(samples[1:3] + samples[4:6], tiny_dataset())
    met, count = threading.Barrier(2, timeout=30), confusion.count

    def meeting(*arguments: Any) -> Any:
        met.wait()
        return count(*arguments)

    monkeypatch.setattr(confusion, "count", meeting)
    evaluate(paddle_predictor(model), alike, tiny_dataset(), Options(2, 2))


def test_progress_hears_of_every_picture(model: ModelFiles, pictures: Pictures) -> None:
    steps = []

    class Recorder:
        def start(self, *_: Any) -> None:
            raise AssertionError("the caller enters the stage")

        def step(self, done: int, **figures: float) -> None:
            steps.append((done, figures["images_per_second"] > 0))

        def note(self, message: str) -> None:
            raise AssertionError(message)

    evaluate(paddle_predictor(model), pictures, tiny_dataset(), Options(3, 1), Recorder())
    assert steps == [(3, True), (6, True), (7, True)]


@pytest.mark.parametrize("predictors", [1, 2])
def test_no_thread_outlives_an_error_that_somebody_keeps(pictures: Pictures, predictors: int) -> None:
    def broken(_: NDArray[np.float32]) -> NDArray[np.float32]:
        raise ValueError("broken")

    before = threading.enumerate()
    with pytest.raises(ValueError, match="broken") as kept:
        evaluate(broken, pictures, tiny_dataset(), Options(1, 2, predictors=predictors))
    assert kept.tb is not None
    assert threading.enumerate() == before


def test_another_number_of_classes_is_refused(model: ModelFiles, pictures: Pictures) -> None:
    with pytest.raises(InvalidInputError, match=r"has 4 classes .* spec\.dataset\.numClasses is 5"):
        evaluate(paddle_predictor(model), pictures, tiny_dataset(classes=5))


def test_pictures_of_a_size_that_the_model_refuses_are_told(
    model: ModelFiles, samples: tuple[Sample, ...]
) -> None:
    dataset = tiny_dataset([{"type": "Resize", "target_size": [32, 32]}])
    pictures = tiny_pictures(samples, dataset)
    with pytest.raises(InvalidInputError, match="valTransforms"):
        evaluate(lambda x: paddle_predictor(model)(x[:, :2]), pictures, dataset)


def test_a_model_whose_parameters_are_no_numbers_is_refused(tmp_path: Path, pictures: Pictures) -> None:
    def without_numbers(value: NDArray[np.float32]) -> NDArray[np.float32]:
        return value * np.float32(np.nan) if value.ndim == 4 else value

    spoilt = tiny_model(tmp_path, change=without_numbers)
    with pytest.raises(OutputNotFiniteError):
        evaluate(paddle_predictor(spoilt), pictures, tiny_dataset())
