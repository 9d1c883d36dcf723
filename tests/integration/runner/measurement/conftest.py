"""Paddle's own models and pictures, made once."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

with warnings.catch_warnings():
    # Their sources hold invalid escapes, which Python minds where it compiles them.
    warnings.simplefilter("ignore")
    import paddleseg  # noqa: F401
    import paddleslim  # noqa: F401

from integration.runner.measurement.quantised import quantise
from integration.runner.measurement.tiny import Shape, tiny_dataset, tiny_model, tiny_pictures, tiny_samples
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.lists import Sample
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.runtimes.row import Candidate
from segcompress_runner.outputs.mnn_export import export_mnn
from segcompress_runner.outputs.onnx_export import export_onnx
from segcompress_runner.outputs.openvino_export import export_openvino


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    return tiny_model(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sample, ...]:
    return tiny_samples(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="session")
def pictures(samples: tuple[Sample, ...]) -> Pictures:
    return tiny_pictures(samples, tiny_dataset())


Quantise = Callable[[ModelFiles], ModelFiles]


@pytest.fixture(scope="session")
def calibrated(tmp_path_factory: pytest.TempPathFactory, pictures: Pictures) -> Quantise:
    """Return a function that quantises a model, calibrated on the pictures."""
    images = np.stack([pictures[index][0] for index in range(len(pictures))])
    return lambda model: quantise(model, images, tmp_path_factory.mktemp("quantised"))


@pytest.fixture(scope="session")
def shaped(tmp_path_factory: pytest.TempPathFactory, calibrated: Quantise) -> Callable[[Shape], ModelFiles]:
    """Return a function that makes the quantised model of a shape."""
    return lambda shape: calibrated(tiny_model(tmp_path_factory.mktemp("float"), shape))


@pytest.fixture(scope="session")
def quantised(model: ModelFiles, calibrated: Quantise) -> ModelFiles:
    return calibrated(model)


@pytest.fixture(scope="session")
def joined(shaped: Callable[[Shape], ModelFiles]) -> ModelFiles:
    """Return a quantised model whose values meet between its layers."""
    return shaped(Shape(is_joined=True))


@pytest.fixture(scope="session")
def pooled(shaped: Callable[[Shape], ModelFiles]) -> ModelFiles:
    """Return a quantised model that pools 16 rows into 3 bins, which differ in size."""
    return shaped(Shape(bins=3))


@pytest.fixture(scope="session")
def gated(shaped: Callable[[Shape], ModelFiles]) -> ModelFiles:
    """Return a quantised model that multiplies what its layers give, as PP-MobileSeg does."""
    return shaped(Shape(is_gated=True))


@pytest.fixture(scope="session")
def tripled(shaped: Callable[[Shape], ModelFiles]) -> ModelFiles:
    """Return a quantised model for pictures of any size, with weights that oneDNN reads where they are."""
    return shaped(Shape(size=(-1, -1), is_tripled=True))


@pytest.fixture(scope="session")
def plain_onnx(tmp_path_factory: pytest.TempPathFactory, model: ModelFiles) -> Path:
    return export_onnx(model, tmp_path_factory.mktemp("onnx") / "model.onnx")


@pytest.fixture(scope="session")
def quantised_onnx(tmp_path_factory: pytest.TempPathFactory, quantised: ModelFiles) -> Path:
    return export_onnx(quantised, tmp_path_factory.mktemp("onnx") / "model.onnx")


@pytest.fixture(scope="session")
def plain_ir(tmp_path_factory: pytest.TempPathFactory, plain_onnx: Path) -> Path:
    return export_openvino(plain_onnx, tmp_path_factory.mktemp("ir") / "model.xml")


@pytest.fixture(scope="session")
def quantised_ir(tmp_path_factory: pytest.TempPathFactory, quantised_onnx: Path) -> Path:
    return export_openvino(quantised_onnx, tmp_path_factory.mktemp("ir") / "model.xml")


@pytest.fixture(scope="session")
def plain_mnn(tmp_path_factory: pytest.TempPathFactory, plain_onnx: Path) -> Path:
    return export_mnn(plain_onnx, tmp_path_factory.mktemp("mnn") / "model.mnn")


@pytest.fixture(scope="session")
def plain(model: ModelFiles, plain_onnx: Path, plain_ir: Path, plain_mnn: Path) -> Candidate:
    """Return the float model with all that it can be exported to."""
    exports = {"ONNX": plain_onnx, "OpenVINO": plain_ir, "MNN": plain_mnn}
    return Candidate(model, quantised=False, exports=exports)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def candidates(
    plain: Candidate, quantised: ModelFiles, quantised_onnx: Path, quantised_ir: Path
) -> tuple[Candidate, Candidate]:
    """Return that, and the quantised model likewise."""
    exported = replace(plain, files=quantised, quantised=True)
    return plain, replace(exported, exports={"ONNX": quantised_onnx, "OpenVINO": quantised_ir})
