"""Which software computes a result: a digest of our own source files, and the versions of the packages.

Nothing here imports what it describes: a run that is published already is found before Paddle is imported.
"""

import hashlib
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import segcompress_api

RUNNER_VERSION = "0.1.0"
"""The project's version, for people; results are distinguished by the digests below."""

WEIGHTS_CODE = (
    "segcompress_api/act_settings.py",
    "segcompress_api/distillation_settings.py",
    "segcompress_api/optimisation.py",
    "segcompress_api/presets.py",
    "segcompress_api/quantisation_sections.py",
    "segcompress_api/step_settings.py",
    "segcompress_api/strategy.py",
    "segcompress_api/structured_sections.py",
    "segcompress_api/structured_settings.py",
    "segcompress_api/train_settings.py",
    "segcompress_runner/child.py",
    "segcompress_runner/compression/",
    "segcompress_runner/inputs/",
    "segcompress_runner/measurement/ahead.py",
    "segcompress_runner/measurement/confusion.py",
    "segcompress_runner/measurement/evaluation.py",
    "segcompress_runner/measurement/loading.py",
    "segcompress_runner/measurement/model_output.py",
    "segcompress_runner/measurement/probes.py",
    "segcompress_runner/measurement/resizing.py",
    "segcompress_runner/measurement/runtimes/onnx_runtime.py",
    "segcompress_runner/measurement/runtimes/session.py",
    "segcompress_runner/measurement/two_of_four.py",
    "segcompress_runner/outputs/onnx_export.py",
    "segcompress_runner/stages.py",
    "segcompress_runner/workers.py",
)
"""Files and folders that decide which weights are published: the training, and the evaluation in it.

A unit test follows the imports of the training and fails where one of them is missing here.
"""

WEIGHTS_PACKAGES = (
    "paddlepaddle",
    "paddlepaddle-gpu",
    "nvidia-cublas-cu11",
    "nvidia-cudnn-cu11",
    "paddleslim",
    "paddleseg",
    "onnx",
    "paddle2onnx",
    "onnxruntime",
    "numpy",
    "opencv-python-headless",
    "pillow",
)
_SOURCES = {".py", ".html", ".css", ".js"}
_ONNX = ("onnx", "paddle2onnx")
PACKAGES_OF: Mapping[str, tuple[str, ...]] = {
    "PaddleInference": (),
    "ONNXRuntime": (*_ONNX, "onnxruntime"),
    "ONNX": (*_ONNX, "onnxruntime"),
    "OpenVINO": (*_ONNX, "openvino"),
    "MNN": (*_ONNX, "mnn"),
}
"""What measures on a runtime or makes an export, by its name in the spec. Only what a run uses counts, so
that another runtime, or its next version, makes no other run's figures out of date."""


@dataclass(frozen=True)
class Software:
    """A digest of source code, and the versions of the packages that it computes with."""

    code: str
    packages: Mapping[str, str]


@dataclass(frozen=True)
class Provenance:
    """What trains a model, and what measures it; the latter holds the former."""

    weights: Software
    measurement: Software


def installed(used: Iterable[str] = ()) -> Provenance:
    """Return what this process would compute with; `used` names runtimes and exports as a spec does."""
    measuring = dict.fromkeys(package for name in used for package in PACKAGES_OF[name])
    sources = source_digests([Path(segcompress_api.__file__).parent, Path(__file__).parent])
    python = {"python": platform.python_version()}
    return Provenance(
        weights=Software(weights_code(sources), versions(WEIGHTS_PACKAGES)),
        measurement=Software(_digest(sources), python | versions((*WEIGHTS_PACKAGES, *measuring))),
    )


def source_digests(packages: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of every source file, by its path from its package on: `package/module.py`.

    Neither where a package lies nor any time stamp or byte code has a say.
    """
    return {
        path.relative_to(package.parent).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for package in packages
        for path in package.rglob("*")
        if path.suffix in _SOURCES
    }


def weights_code(sources: Mapping[str, str]) -> str:
    """Return the digest of those sources that decide which weights are published."""
    return _digest({name: digest for name, digest in sources.items() if name.startswith(WEIGHTS_CODE)})


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of those of `packages` that are installed."""
    found = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _digest(sources: Mapping[str, str]) -> str:
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(sources.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
