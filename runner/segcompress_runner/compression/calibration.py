"""A step that trains nothing: pictures go through the float model, and tell the scales of the quantised one.

Pictures are those of the training list in an order that the seed decides, as the training transforms make
them; a batch is as small as the model allows, since all that it computes is looked at.
"""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray

from segcompress_api.act_settings import QuantPostSettings
from segcompress_runner.compression import loader, saving
from segcompress_runner.compression.final_layers import final_outputs
from segcompress_runner.compression.graph import Loaded, load
from segcompress_runner.compression.order import Order
from segcompress_runner.compression.slim import remove_fetch_node
from segcompress_runner.compression.static_graph import static_graph, without_prints
from segcompress_runner.compression.steps import Graphs
from segcompress_runner.compression.steps.quant_post import QuantPost
from segcompress_runner.compression.task import Compressed, Training
from segcompress_runner.compression.teacher import without_feed
from segcompress_runner.compression.winner import Evaluation
from segcompress_runner.errors import PreemptedError
from segcompress_runner.measurement.runtimes.session import predictor
from segcompress_runner.progress import Stage


def calibrate(training: Training, settings: QuantPostSettings, into: Path) -> Compressed:
    """Quantise the model by what it computes of the pictures, and save it under `into`."""
    started = time.monotonic()
    step = QuantPost(settings)
    with static_graph(device=training.device, threads=training.threads, seed=training.seed) as executor:
        loaded = load(training.model, executor)
        inference = loaded.program.clone(for_test=True)
        graphs = Graphs(_up_to_last_layers(loaded.program), inference, paddle.static.global_scope())
        with without_prints():
            names = step.insert(graphs, executor)
        size = training.info.input_shape[0]
        session = _Session(executor, loaded, graphs.train, size if size > 0 else None)
        _observe(training, session, step, names)
        step.settle(graphs, executor)
        scores = training.evaluate(predictor(replace(session, program=graphs.inference)))
        training.progress.note(f"calibrated: mIoU {scores.miou:.4f}")
        with without_prints():
            step.finalise(graphs, executor)
            files = saving.save(saving.graph_of(graphs.inference), graphs.inference, into, executor)
    evaluation = Evaluation(iteration=0, miou=scores.miou, ratio=None, eligible=True)
    return Compressed(files, scores, 0, (evaluation,), (), 0, time.monotonic() - started)


def _up_to_last_layers(program: Any) -> Any:
    """Return the program without what comes behind its last layers: that stays in float, as in a training."""
    nodes = list(final_outputs(program))
    without_feed(program)
    remove_fetch_node(program)
    return program.clone(for_test=True)._prune(nodes)  # noqa: SLF001  # no public way


def _observe(training: Training, session: "_Session", step: QuantPost, names: Sequence[str]) -> None:
    """Show `step` what the float model computes of each picture."""
    size = session.batch or 1
    order = Order(len(training.pictures), size, training.seed)
    count = max(step.pictures(len(training.pictures)) // size, 1)
    training.progress.start(Stage.COMPRESS, count)
    feed = loader.batches(training.pictures, order, training.threads, training.reading)
    with contextlib.closing(feed):
        for done, batch in zip(range(1, count + 1), feed, strict=False):
            if training.stop():
                raise PreemptedError(f"stopped by SIGTERM at picture {done * size} of {count * size}")
            for name, values in zip(names, session.computed(batch, names), strict=True):
                step.observe(name, values)
            training.progress.step(done)


@dataclass(frozen=True)
class _Session:
    """A program in an executor, as evaluations want it; `batch` is the size that the model insists on."""

    executor: Any
    loaded: Loaded
    program: Any
    batch: int | None
    precision: str = "f32"

    def run(self, x: NDArray[np.float32]) -> NDArray[Any]:
        """Return the model's output for x."""
        return self.computed(x, [self.loaded.fetch])[0]

    def computed(self, x: NDArray[np.float32], names: Sequence[str]) -> list[NDArray[Any]]:
        """Return the values of variables for x."""
        found = self.executor.run(self.program, feed={self.loaded.feed: x}, fetch_list=list(names))
        return [np.asarray(values) for values in found]
