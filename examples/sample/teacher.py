"""The teacher's network, its training loop and its export: all that needs Paddle. Import it late.

It exists because PaddleSeg 2.8.0's own training stops with an error on Paddle 2.6.2; its models do not.
"""

import warnings
import zlib  # noqa: F401  before paddle, or a later use of zlib may crash the process
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import paddle
from paddle.nn import functional
from paddleseg.models import PPHumanSegLite

from pairs import IGNORED, Pair, as_input
from schedule import SIZE, learning_rate

CLASSES = 2
INPUT_NAME = "x"
DISTILLED_NODE = "relu_30.tmp_0"
"""What distillation compares: the last activation, before it is scaled up to the picture's size."""

_PEAK_RATE = 2.5e-2
_WEIGHT_DECAY = 0.01
_FIRST_LOGIT_SCALE = 6.0
# Paddle says at each layer of batch normalisation that it does what it always does.
warnings.filterwarnings("ignore", "When training, we now always track global mean and variance", UserWarning)

Report = Callable[[int, float], None]


class Probabilities(paddle.nn.Layer):  # type: ignore[misc]
    """The network as it is deployed: picture in, probability of each class out (n × 2 × height × width)."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Any) -> Any:
        """Return the probabilities."""
        return functional.softmax(self.network(x)[0], axis=1)


def make_network(seed: int) -> Any:
    """Return an untrained network."""
    paddle.seed(seed)
    network = PPHumanSegLite(num_classes=CLASSES)
    initial = paddle.nn.initializer.KaimingNormal()
    for layer in network.sublayers():
        if isinstance(layer, paddle.nn.Conv2D):
            initial(layer.weight)
    # The network ends in batch normalisation and ReLU: logits of spread 1 can never be sure of a pixel, and
    # their scale grows by no more than the learning rate in a step. Starting wider saves many iterations.
    last = network.depthwise_separable2.piontwise_conv._batch_norm  # noqa: SLF001 - upstream names no other way
    paddle.nn.initializer.Constant(_FIRST_LOGIT_SCALE)(last.weight)
    return network


def train(
    network: Any, batches: Iterable[list[Pair]], iterations: int, report: Report, peak: float = _PEAK_RATE
) -> None:
    """Train in place, one batch an iteration; `report` gets the iterations done and the loss after each."""
    network.train()
    weights = network.parameters()
    optimizer = paddle.optimizer.AdamW(peak, parameters=weights, weight_decay=_WEIGHT_DECAY)
    for done, batch in enumerate(batches, 1):
        optimizer.set_lr(learning_rate(done - 1, iterations, peak))
        pictures = paddle.to_tensor(as_input([pair.picture for pair in batch]))
        labels = paddle.to_tensor(np.stack([pair.label for pair in batch]).astype(np.int64))
        loss = segmentation_loss(network(pictures)[0], labels)
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        report(done, float(loss))


def segmentation_loss(logits: Any, labels: Any) -> Any:
    """Return cross-entropy plus one minus the batch's soft IoU, which is what the teacher is measured by."""
    entropy = functional.cross_entropy(logits, labels, axis=1, ignore_index=IGNORED)
    seen = (labels != IGNORED).astype("float32").unsqueeze(1)
    found = functional.softmax(logits, axis=1) * seen
    truth = functional.one_hot(paddle.clip(labels, 0, CLASSES - 1), CLASSES).transpose([0, 3, 1, 2]) * seen
    both = (found * truth).sum([0, 2, 3])
    either = (found + truth).sum([0, 2, 3]) - both
    return entropy + 1 - ((both + 1) / (either + 1)).mean()


def predict(network: Any, pictures: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the probability of each class: n × 3 × height × width pictures -> n × 2 × height × width."""
    network.eval()
    with paddle.no_grad():
        found: npt.NDArray[np.float32] = Probabilities(network)(paddle.to_tensor(pictures)).numpy()
    return found


def export(network: Any, folder: Path) -> None:
    """Write model.pdmodel and model.pdiparams: input `x`, n × 3 × 192 × 192; output n × 2 × 192 × 192."""
    network.eval()
    folder.mkdir(parents=True, exist_ok=True)
    spec = paddle.static.InputSpec([None, 3, SIZE, SIZE], "float32", name=INPUT_NAME)
    static = paddle.jit.to_static(Probabilities(network), input_spec=[spec], full_graph=True)
    paddle.jit.save(static, str(folder / "model"))
    (folder / "model.pdiparams.info").unlink(missing_ok=True)
