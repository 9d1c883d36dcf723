"""What is measured of a network: its float model, ours in int8, and NNCF's in int8, all as OpenVINO IR."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segcompress_api.act_settings import ModelFileNames, settings_of
from segcompress_api.job import JobSpec
from segcompress_runner.compression.task import Training
from segcompress_runner.compression.training import compress
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.model import ModelFiles, inspect_model
from segcompress_runner.inputs.networks.export import Network, export_network
from segcompress_runner.inputs.networks.section import read_section
from segcompress_runner.measurement.evaluation import Predict, Scores, evaluate
from segcompress_runner.outputs.onnx_export import export_onnx
from segcompress_runner.outputs.openvino_export import export_openvino
from segcompress_runner.progress import Silent

_READING = 2**28
_CHECKED = 1
"""Pictures that QuantPost's own evaluation sees: the bench evaluates what it exports."""


@dataclass(frozen=True)
class Models:
    """IR files of one network."""

    plain: Path
    ours: Path
    nncf: Path


@dataclass(frozen=True)
class Data:
    """What both calibrations look at, and what is evaluated on."""

    calibration: Pictures
    val: Pictures


def make(network: Path, spec: JobSpec, data: Data) -> Models:
    """Export the network in the folder `network`, and quantise it both ways below it."""
    files = _exported(network, spec)
    plain = export_openvino(export_onnx(files, network / "plain.onnx"), network / "plain.xml")
    quantised = _calibrated(files, spec, data, network / "ours")
    onnx_file = export_onnx(quantised, network / "ours" / "model.onnx")
    ours = export_openvino(onnx_file, network / "ours" / "model.xml")
    return Models(plain, ours, _by_nncf(plain, network / "nncf.xml", data.calibration))


def _exported(network: Path, spec: JobSpec) -> ModelFiles:
    """Export the network as a run does."""
    model = spec.model.paddleseg
    if model is None:
        raise ValueError("spec.model.paddleseg must be given")
    section = read_section(model.config_uri, (network / "net.yml").read_bytes(), spec.dataset.num_classes)
    return export_network(Network(model, section), network / "model.pdparams", network / "plain")


def _calibrated(files: ModelFiles, spec: JobSpec, data: Data, into: Path) -> ModelFiles:
    """Quantise as `spec.strategy` says."""
    few = data.val.first(_CHECKED)

    def check(predict: Predict) -> Scores:
        return evaluate(predict, few, spec.dataset)

    training = Training(
        model=files,
        info=inspect_model(files),
        settings=settings_of(spec.strategy, ModelFileNames(files.program.name, files.params.name)),
        pictures=data.calibration,
        evaluate=check,
        batch_size=spec.dataset.batch_size,
        seed=spec.seed,
        threads=1,
        reading=_READING,
        device="CPU",
        stop=lambda: False,
        progress=Silent(),
    )
    return compress(training, into).files


def _by_nncf(plain: Path, to: Path, pictures: Pictures) -> Path:
    """Write NNCF's post-training quantisation of a float model, with its default settings."""
    import nncf
    import openvino

    model = openvino.Core().read_model(plain)
    seen = [np.ascontiguousarray(pictures[index][np.newaxis]) for index in range(len(pictures))]
    quantised = nncf.quantize(model, nncf.Dataset(seen), subset_size=len(seen))
    openvino.save_model(quantised, to, compress_to_fp16=False)
    return to
