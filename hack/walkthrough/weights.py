"""The sample model's weights as PaddleSeg's training saves them: `weights.py MODEL_FOLDER FILE.pdparams`.

The sample is published as an inference model. Its parameters are those of the network under their variables'
names, which a network built anew gets again; so they can be read back into it without a training.
"""

import sys
import warnings
import zlib  # noqa: F401 - before paddle, or a later use of zlib may crash the process
from pathlib import Path

import numpy as np
import paddle
from numpy.typing import NDArray

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from paddleseg.models import PPHumanSegLite

CLASSES = 2
_ENDS = ("feed", "fetch")


def main(model: Path, to: Path) -> None:
    """Write the state of the network whose inference model lies in the folder."""
    paddle.seed(0)
    network = PPHumanSegLite(num_classes=CLASSES)
    values = parameters(model)
    for tensor in network.state_dict().values():
        # A few layers take part in no output. They are in a network's state, and in no inference model.
        if tensor.name in values:
            tensor.set_value(values.pop(tensor.name))
    if values:
        raise ValueError(f"{model}: has parameters that PP-HumanSeg-Lite lacks: {', '.join(values)}")
    paddle.save(network.state_dict(), str(to))


def parameters(model: Path) -> dict[str, NDArray[np.float32]]:
    """Return the parameters of an inference model by the names of their variables."""
    paddle.enable_static()
    program, _, _ = paddle.static.load_inference_model(
        str(model / "model"), paddle.static.Executor(paddle.CPUPlace())
    )
    kept = [one for one in program.list_vars() if one.persistable and one.name not in _ENDS]
    found = {one.name: np.array(one.get_value()) for one in kept}
    paddle.disable_static()
    return found


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
