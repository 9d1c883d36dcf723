"""Processes that evaluate batches: the figures of one process, bit for bit, and their errors."""

import multiprocessing
import os
import signal
import threading
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from integration.runner.measurement.tiny import Shape, tiny_dataset, tiny_model
from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.evaluation import Options, evaluate
from segcompress_runner.measurement.parallel import ParallelSession
from segcompress_runner.measurement.runtimes.paddle_inference import PaddleSession
from segcompress_runner.measurement.runtimes.row import Candidate
from segcompress_runner.measurement.runtimes.session import predictor
from segcompress_runner.measurement.variants import opened, variants


@pytest.fixture
def batch(pictures: Pictures) -> NDArray[np.float32]:
    return np.stack([pictures[index][0] for index in range(5)])


def parallel(model: ModelFiles, processes: int = 2) -> closing[ParallelSession]:
    return closing(ParallelSession(partial(PaddleSession, model), processes))


@pytest.mark.parametrize("kind", ["float", "quantised"])
def test_processes_predict_the_same_bits_as_one_process_on_any_threads(
    request: pytest.FixtureRequest, batch: NDArray[np.float32], kind: str
) -> None:
    quantises = kind == "quantised"
    candidate = Candidate(request.getfixturevalue("quantised" if quantises else "model"), quantises)
    for variant in variants(candidate, "PaddleInference", "CPU", quantises=quantises):
        expected = variant.open(1).run(batch)
        for threads, processes in ((2, 1), (2, 2), (4, 2), (3, 3)):
            with opened(variant, threads, processes) as session:
                assert np.array_equal(session.run(batch), expected)
                assert np.array_equal(session.run(batch[:1]), expected[:1])


@pytest.mark.parametrize("size", [1, 3])
def test_a_model_of_fixed_batch_gives_the_same_bits(
    tmp_path: Path, model: ModelFiles, batch: NDArray[np.float32], size: int
) -> None:
    with parallel(tiny_model(tmp_path, Shape(batch=size))) as session:
        assert np.array_equal(predictor(session)(batch), PaddleSession(model).run(batch))


@pytest.mark.parametrize(("predictors", "size"), [(2, 1), (2, 2), (3, 4)])
def test_an_evaluation_has_the_same_matrix(
    model: ModelFiles, pictures: Pictures, predictors: int, size: int
) -> None:
    dataset = tiny_dataset()
    alone = evaluate(predictor(PaddleSession(model)), pictures, dataset, Options(4, 0))
    with parallel(model, predictors) as session:
        options = Options(size, 2, predictors=predictors)
        scores = evaluate(predictor(session), pictures, dataset, options)
    assert scores.confusion == alone.confusion


def test_batches_are_predicted_at_the_same_time(model: ModelFiles, pictures: Pictures) -> None:
    met = threading.Barrier(2, timeout=30)
    with parallel(model) as session:  # a session of one process must not be run by two threads
        predict = predictor(session)

        def meeting(x: NDArray[np.float32]) -> NDArray[np.float32]:
            met.wait()
            return predict(x)

        evaluate(meeting, pictures.first(4), tiny_dataset(), Options(1, 0, predictors=2))


def test_batches_that_memory_does_not_hold_together_are_predicted_in_turn(
    model: ModelFiles, pictures: Pictures
) -> None:
    free = threading.Lock()
    predict = predictor(PaddleSession(model))

    def alone(x: NDArray[np.float32]) -> NDArray[np.float32]:
        assert free.acquire(blocking=False)
        try:
            return predict(x)
        finally:
            free.release()

    evaluate(alone, pictures, tiny_dataset(), Options(1, 0, memory=1, predictors=2))


def test_a_model_that_cannot_be_loaded_is_told_by_its_own_error(tmp_path: Path, model: ModelFiles) -> None:
    params = tmp_path / "model.pdiparams"
    params.write_bytes(model.params.read_bytes()[:-9])
    with pytest.raises(InvalidInputError, match=r"model\.pdiparams: at parameter conv2d_3\.w_0"):
        ParallelSession(partial(PaddleSession, ModelFiles(model.program, params)), 2)
    assert multiprocessing.active_children() == []


def test_pictures_that_the_model_refuses_are_told_by_its_own_error(
    model: ModelFiles, batch: NDArray[np.float32]
) -> None:
    with parallel(model) as session, pytest.raises(InvalidInputError, match="valTransforms must give"):
        session.run(batch[:, :2])


def test_a_process_that_was_killed_is_a_want_of_memory(model: ModelFiles, batch: NDArray[np.float32]) -> None:
    with parallel(model) as session:
        for worker in multiprocessing.active_children():
            os.kill(worker.pid or 0, signal.SIGKILL)
        with pytest.raises(MemoryError, match=r"^a process that evaluates pictures was killed$"):
            session.run(batch)


def test_processes_end_with_the_session(model: ModelFiles) -> None:
    with parallel(model, 3):
        assert len(multiprocessing.active_children()) == 3
    assert multiprocessing.active_children() == []
