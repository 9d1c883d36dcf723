"""Where to deploy the compressed model: one runtime, and the code that runs the published files there."""

from dataclasses import dataclass

from segcompress_api.benchmark import RuntimeName
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.benchmark import Comparison
from segcompress_runner.measurement.runtimes.table import RUNTIMES
from segcompress_runner.measurement.variants import Device, way_of
from segcompress_runner.outputs.artefacts import ARTEFACTS
from segcompress_runner.outputs.file_names import PARAMS, PROGRAM


@dataclass(frozen=True)
class Recommendation:
    """A variant on a runtime, with its own figures, the files that it loads, and how to load them.

    `code` reads `picture` (1 x 3 x H x W, float32) and sets `output`.
    """

    runtime: RuntimeName
    variant: str
    device: Device
    int8: bool
    precision: str
    p50_ms: float
    speedup: float
    miou: float
    how: str
    files: tuple[str, ...]
    code: str


def recommendation(compared: Comparison, model: ModelFiles, threads: int) -> Recommendation:
    """Return what to do in order to deploy the variant of `model` that a comparison puts first."""
    chosen = compared.deployed
    way, artefact = way_of(chosen.runtime, chosen.variant), RUNTIMES[chosen.runtime].artefact
    code = way.code(model)
    return Recommendation(
        runtime=chosen.runtime,
        variant=chosen.variant,
        device=chosen.device,
        int8=chosen.int8,
        precision=chosen.precision,
        p50_ms=chosen.p50_ms,
        speedup=compared.speedup,
        miou=chosen.miou,
        how=way.how(model),
        files=(PROGRAM, PARAMS) if artefact is None else ARTEFACTS[artefact].files,
        code=f"threads = {threads}\n{code}" if way.device == "CPU" else code,
    )
