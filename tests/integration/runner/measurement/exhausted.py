"""Does one thing with pictures while memory is scarce, and prints how each try ended, as a line of JSON.

`exhausted.py FOLDER WHAT MIB…`: each try may take so many MiB more than the process has. What ends is memory
for pictures and values: a run has its libraries by then, and what is small finds room in the heap. Without,
glibc itself ends the process where a thread finds none for its own data. `ENVIRONMENT` is what that takes.
"""

import importlib
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from integration.runner.measurement import cityscapes
from segcompress_runner.endings import failure
from segcompress_runner.inputs.checks import check_sample
from segcompress_runner.measurement.evaluation import Options, evaluate
from segcompress_runner.measurement.runtimes.onnx_runtime import onnx_predictor
from segcompress_runner.measurement.runtimes.openvino_runtime import OpenVinoSession
from segcompress_runner.measurement.runtimes.paddle_inference import paddle_predictor
from segcompress_runner.measurement.runtimes.session import predictor


def decode(folder: Path) -> None:
    """Check that a picture and its mask are whole."""
    check_sample(cityscapes.pictures(folder).samples[0], cityscapes.dataset())


def read(folder: Path) -> None:
    """Read and transform a picture."""
    cityscapes.pictures(folder)[0]


def on_paddle(folder: Path) -> None:
    """Evaluate on Paddle Inference."""
    predict = paddle_predictor(cityscapes.model_files(folder))
    evaluate(predict, cityscapes.pictures(folder), cityscapes.dataset(), Options(1, 0))


def on_onnx(folder: Path) -> None:
    """Evaluate on ONNX Runtime."""
    predict = onnx_predictor(folder / "model.onnx", 1)
    evaluate(predict, cityscapes.pictures(folder), cityscapes.dataset(), Options(1, 0))


def on_openvino(folder: Path) -> None:
    """Evaluate on OpenVINO."""
    predict = predictor(OpenVinoSession(folder / "model.xml", 1))
    evaluate(predict, cityscapes.pictures(folder), cityscapes.dataset(), Options(1, 0))


ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1",  # a thread's own heap reserves 64 MiB of addresses, used or not
    "MALLOC_MMAP_THRESHOLD_": str(2**17),  # what is larger is mapped, and counts against the limit
    "MALLOC_TRIM_THRESHOLD_": str(2**30),  # what is smaller stays in the heap once it is freed
    "PYTHONMALLOC": "malloc",
}
_SMALL, _ROOM = 2**16, 2**24

LIBRARIES = {"on_paddle": "paddle.inference", "on_onnx": "onnxruntime", "on_openvino": "openvino"}

WHAT: dict[str, Callable[[Path], None]] = {
    one.__name__: one for one in (decode, read, on_paddle, on_onnx, on_openvino)
}


def tried(action: Callable[[Path], None], folder: Path, mib: int) -> str:
    """Return the reason that a run would end with, "" where memory sufficed."""
    room = [bytes(_SMALL) for _ in range(_ROOM // _SMALL)]
    del room  # back into the heap
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + mib * 2**20, most))
    try:
        action(folder)
    except Exception as error:  # noqa: BLE001 - as the pod's program does
        result, _ = failure(error)
        return f"{result.reason}: {result.message}"
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    return ""


if __name__ == "__main__":
    where, name, *sizes = sys.argv[1:]
    if name in LIBRARIES:
        importlib.import_module(LIBRARIES[name])
    sys.stdout.write(json.dumps([tried(WHAT[name], Path(where), int(size)) for size in sizes]) + "\n")
