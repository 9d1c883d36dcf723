"""Presets: a whole strategy, chosen by the model and the amount of data. Pure, so that a report can print it.

Recipes that were published train thousands of iterations by SGD at a rate that fits one model and one loss:
with less data the same rate collapsed the model. Adam's steps are as long whatever the loss is, and these
rates rise from nothing and fall to nothing, over as many iterations as the data is worth.
"""

from dataclasses import dataclass
from typing import Any, Literal

from segcompress_api.errors import InvalidSpecError
from segcompress_api.strategy import Strategy

PresetName = Literal["SparseDistillation", "QuantDistillation", "PostTrainingQuantization", "ChannelPrune"]

FOR_FILES_WITHOUT_A_STRATEGY: PresetName = "QuantDistillation"
"""What an ACT file that names no strategy gets: what ACT chooses for it ends in the same sections."""

_QUANTISABLE = ("conv2d", "depthwise_conv2d", "conv2d_transpose", "mul", "matmul", "matmul_v2")
_SMALL, _LARGE = 100_000, 5_000_000
"""Parameters below which a model has little to spare, and above which it is trained more gently."""

_CALIBRATED = 320
"""Pictures: the histograms of activations hardly change with more."""

_CONVOLUTION = "conv2d"
_SHARE_OF_RAMP = 2
_EVALUATIONS = 10


@dataclass(frozen=True)
class Facts:
    """What a preset looks at.

    `parameters` and `layers` count what has weights, `pointwise` is the share of the weights that 1x1
    convolutions hold, `kinds` names the operators that have weights. `pictures` are those of the training
    list, in batches of `batch_size`.
    """

    parameters: int
    layers: int
    pointwise: float
    kinds: frozenset[str]
    pictures: int
    batch_size: int

    def __str__(self) -> str:
        return f"{self.parameters} parameters in {self.layers} layers and {self.pictures} training pictures"


def preset_strategy(name: PresetName, facts: Facts) -> Strategy:
    """Return the sections that the preset stands for; raises InvalidSpecError where it suits no layer."""
    able = (_CONVOLUTION,) if name == "ChannelPrune" else _QUANTISABLE
    kinds = [kind for kind in able if kind in facts.kinds]
    if not kinds:
        raise InvalidSpecError(
            "spec.strategy.preset", f"{name} is for models with layers of type {', '.join(able)}"
        )
    sections: dict[str, Any]
    if name == "PostTrainingQuantization":
        sections = {"QuantPost": _calibration(facts, kinds)}
    elif name == "QuantDistillation":
        train = _training(facts, epochs=10, fewest=100, most=2000, rate=_rate(facts, 0.00005, 0.00002))
        sections = {"QuantAware": {"quantize_op_types": kinds}, "TrainConfig": train}
    else:
        train = _training(facts, epochs=20, fewest=400, most=9000, rate=_rate(facts, 0.001, 0.0002))
        pruning = _channels(facts) if name == "ChannelPrune" else _pruning(facts, train["train_iter"])
        sections = {**pruning, "TrainConfig": train}
    return Strategy.model_validate(sections, by_name=False)


def _calibration(facts: Facts, kinds: list[str]) -> dict[str, Any]:
    return {
        "algo": "hist",
        "batch_size": 1,
        "batch_nums": min(facts.pictures, _CALIBRATED),
        "quantize_op_types": kinds,
    }


def _pruning(facts: Facts, iterations: int) -> dict[str, Any]:
    """Return a ramp over the first half; three quarters of the weights fall, of small models a half."""
    ramp = iterations // _SHARE_OF_RAMP
    section: dict[str, Any] = {
        "prune_strategy": "gmp",
        "ratio": 0.75 if facts.parameters >= _SMALL else 0.5,
        "local_sparsity": True,
        "gmp_config": {
            "pruning_iterations": ramp,
            "pruning_steps": min(100, ramp // 20),
            "initial_ratio": 0.15,
        },
    }
    # Runtimes with sparse kernels have them for 1x1 convolutions.
    only = {"prune_params_type": "conv1x1_only"} if facts.pointwise >= 0.5 else {}  # noqa: PLR2004
    return {"UnstructurePrune": section | only}


def _channels(facts: Facts) -> dict[str, Any]:
    """Return a cut of every convolution: a quarter of its channels falls, of small models an eighth."""
    return {"ChannelPrune": {"pruned_ratio": 0.25 if facts.parameters >= _SMALL else 0.125}}


def _training(facts: Facts, *, epochs: int, fewest: int, most: int, rate: float) -> dict[str, Any]:
    """Return a training over so many epochs, within bounds."""
    iterations = min(max(epochs * max(facts.pictures // facts.batch_size, 1), fewest), most)
    return {
        "train_iter": iterations,
        "eval_iter": -(-iterations // _EVALUATIONS),
        "learning_rate": {
            "type": "OneCycleLR",
            "max_learning_rate": rate,
            "total_steps": iterations,
            "divide_factor": 10.0,
            "end_learning_rate": rate / 100,
        },
        "optimizer_builder": {"optimizer": {"type": "Adam"}},
    }


def _rate(facts: Facts, usual: float, gentle: float) -> float:
    """Return the highest learning rate: the gentle one for large models."""
    return usual if facts.parameters < _LARGE else gentle
