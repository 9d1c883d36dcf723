"""Our side: `python -m bench.training.ours train CASE OUT` or `… evaluate CASE MODEL`; prints JSON."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.training.case import BATCH, DATA, MODEL, NAMES, SEED, Case, model_in

from segcompress_runner.memory import memory_of
from segcompress_runner.threads import set_threads

THREADS = set_threads(os.environ)


def train(case: Case, out: Path) -> dict[str, Any]:
    """Train as a run does, and save under `out`."""
    from segcompress_runner import workers

    workers.prepare()  # as a run has done by then
    from segcompress_api.act_settings import ModelFileNames, settings_of
    from segcompress_api.strategy import Strategy
    from segcompress_runner.compression.training import Training, compress
    from segcompress_runner.inputs.dataset import Pictures, read_lists
    from segcompress_runner.inputs.model import inspect_model
    from segcompress_runner.progress import Silent
    from segcompress_runner.stages import quick_opener

    model = model_in(MODEL)
    lists = read_lists(DATA, case.dataset)
    training = Training(
        model=model,
        info=inspect_model(model),
        settings=settings_of(Strategy.model_validate(case.strategy), ModelFileNames(*NAMES)),
        pictures=Pictures(lists.train, case.dataset.train_transforms, mode="train", seed=SEED),
        evaluate=_evaluation(case),
        batch_size=BATCH,
        seed=SEED,
        threads=THREADS,
        reading=memory_of(os.environ).reading,
        device="CPU",
        stop=lambda: False,
        progress=Silent(),
        quick=quick_opener(THREADS),
    )
    done = compress(training, out)
    return {"miou": done.best.miou, "iterations": done.iterations}


def evaluate(case: Case, folder: Path) -> dict[str, Any]:
    """Evaluate a model in Paddle Inference, as a run evaluates the baseline."""
    from segcompress_runner.inputs.dataset import read_lists
    from segcompress_runner.measurement import variants
    from segcompress_runner.measurement.parallel import Work, processes_for
    from segcompress_runner.measurement.runtimes.session import predictor

    candidate = variants.Candidate(model_in(folder), quantised=False)
    variant = variants.variants(candidate, "PaddleInference", "CPU", quantises=False)[0]
    work = Work(len(read_lists(DATA, case.dataset).val), THREADS, variant.size_bytes)
    processes = processes_for(work, THREADS, memory_of(os.environ).processes)
    with variants.opened(variant, THREADS, processes) as session:
        scores = _evaluation(case, processes)(predictor(session))
    return {
        "confusion": scores.confusion,
        "images_per_second": scores.images_per_second,
        "miou": scores.miou,
    }


def _evaluation(case: Case, predictors: int = 1) -> Callable[..., Any]:
    from segcompress_runner.inputs.dataset import Pictures, read_lists
    from segcompress_runner.measurement.evaluation import Options
    from segcompress_runner.measurement.evaluation import evaluate as score

    memory = memory_of(os.environ)
    pictures = Pictures(read_lists(DATA, case.dataset).val, case.dataset.val_transforms, mode="val")
    options = Options(
        workers=THREADS, memory=memory.evaluation, reading=memory.reading, predictors=predictors
    )
    return lambda predict: score(predict, pictures, case.dataset, options)


if __name__ == "__main__":
    what, name, folder = sys.argv[1:]
    print(json.dumps({"train": train, "evaluate": evaluate}[what](Case(name), Path(folder))))
