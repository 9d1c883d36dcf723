import re
from pathlib import Path
from typing import Any, get_args

import pytest

from segcompress_api.benchmark import RuntimeName
from segcompress_api.job import ExportName
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.runtimes.row import Candidate, Device, Runtime, Way
from segcompress_runner.measurement.runtimes.table import RUNTIMES, artefacts, check_runtimes, runtime_of
from segcompress_runner.measurement.variants import describe, variants
from segcompress_runner.outputs.artefacts import ARTEFACTS
from segcompress_runner.provenance import PACKAGES_OF

FILES = ModelFiles(Path("m.pdmodel"), Path("m.pdiparams"))
NEVER: Any = None
IN_FLOAT = Runtime(
    "ONNXRuntime",
    "ONNX",
    (Way("default", "CPU", ("float", "quantised"), int8=False, how=NEVER, code=NEVER, open=NEVER),),
)


def offered(
    runtime: RuntimeName, device: Device, *, quantised: bool, quantises: bool
) -> list[tuple[str, str, bool]]:
    candidate = Candidate(
        FILES, quantised, {"ONNX": Path("m.onnx"), "OpenVINO": Path("m.xml"), "MNN": Path("m.mnn")}
    )
    found = variants(candidate, runtime, device, quantises=quantises)
    return [(variant.name, variant.device, variant.int8) for variant in found]


def test_every_runtime_of_the_api_has_a_row() -> None:
    assert set(RUNTIMES) == set(get_args(RuntimeName))


@pytest.mark.parametrize(
    ("runtime", "device", "quantised", "quantises", "expected"),
    [
        pytest.param("PaddleInference", "CPU", False, False, [("default", "CPU", False)], id="float"),
        pytest.param(
            "PaddleInference",
            "CPU",
            True,
            True,
            [("default", "CPU", False), ("int8", "CPU", True)],
            id="quantised",
        ),
        pytest.param("PaddleInference", "GPU", False, False, [("gpu", "GPU", False)], id="float-on-a-gpu"),
        pytest.param(
            "PaddleInference",
            "GPU",
            True,
            True,
            [("default", "CPU", False), ("int8", "CPU", True), ("gpu", "GPU", False)],
            id="quantised-on-a-gpu-claims-int8-where-int8-runs",
        ),
        pytest.param(
            "PaddleInference",
            "GPU",
            False,
            True,
            [("default", "CPU", False), ("gpu", "GPU", False)],
            id="its-baseline-too",
        ),
        pytest.param("ONNXRuntime", "GPU", False, False, [("default", "CPU", False)], id="onnx-runtime"),
        pytest.param("MNN", "GPU", False, False, [("default", "CPU", False)], id="mnn"),
        pytest.param("ONNXRuntime", "GPU", True, True, [("int8", "CPU", True)], id="onnx-runtime-quantised"),
        pytest.param(
            "OpenVINO", "GPU", False, False, [("f32", "CPU", False), ("default", "CPU", False)], id="openvino"
        ),
        pytest.param(
            "OpenVINO",
            "CPU",
            True,
            True,
            [("int8-f32", "CPU", True), ("int8", "CPU", True)],
            id="openvino-quantised",
        ),
    ],
)
def test_variants_that_a_run_compares(
    runtime: RuntimeName,
    device: Device,
    quantised: bool,  # noqa: FBT001
    quantises: bool,  # noqa: FBT001
    expected: list[tuple[str, str, bool]],
) -> None:
    assert offered(runtime, device, quantised=quantised, quantises=quantises) == expected


def program_with_pooling(folder: Path, bins: int | None) -> ModelFiles:
    """Return a model that pools into bins x bins, None: by a window."""
    from paddle.base.proto import framework_pb2

    program = framework_pb2.ProgramDesc()
    pool = program.blocks.add(idx=0, parent_idx=-1).ops.add(type="pool2d")
    pool.attrs.add(name="adaptive", type=framework_pb2.BOOLEAN, b=bins is not None)
    pool.attrs.add(name="ksize", type=framework_pb2.INTS, ints=[bins or 2] * 2)
    files = ModelFiles(folder / "m.pdmodel", folder / "m.pdiparams")
    files.program.write_bytes(program.SerializeToString())
    return files


@pytest.mark.parametrize(
    ("runtime", "variant", "told"),
    [
        ("PaddleInference", "default", "oneDNN on"),
        ("PaddleInference", "gpu", "enable_use_gpu"),
        ("ONNXRuntime", "int8", "session.x64quantprecision=1"),
        ("OpenVINO", "int8-f32", "INFERENCE_PRECISION_HINT=f32"),
        ("MNN", "default", "precision high"),
    ],
)
def test_a_variant_tells_what_to_set(runtime: RuntimeName, variant: str, told: str, tmp_path: Path) -> None:
    assert told in describe(runtime, variant, program_with_pooling(tmp_path, None))


@pytest.mark.parametrize(
    ("bins", "told"),
    [
        pytest.param(None, "except elementwise_*)", id="a window"),
        pytest.param(1, "except elementwise_*)", id="one bin"),
        pytest.param(
            3,
            "(Config.enable_mkldnn_int8 with its default operators except elementwise_*; except pool2d too, "
            "since the model pools adaptively)",
            id="bins that may differ in size",
        ),
    ],
)
def test_paddles_int8_pass_tells_which_operators_it_was_given(
    tmp_path: Path, bins: int | None, told: str
) -> None:
    assert describe("PaddleInference", "int8", program_with_pooling(tmp_path, bins)).endswith(told)


def test_a_runtime_needs_its_export() -> None:
    with pytest.raises(ValueError, match="was not exported to ONNX"):
        variants(Candidate(FILES, quantised=False), "ONNXRuntime", "CPU", quantises=False)


def test_artefacts_are_those_of_the_runtimes_asked_for() -> None:
    assert artefacts(["PaddleInference"]) == ()
    assert artefacts(["ONNXRuntime", "PaddleInference"]) == ("ONNX",)
    assert artefacts(["OpenVINO"], ["ONNX", "OpenVINO"]) == ("OpenVINO", "ONNX")


def test_every_export_of_the_api_is_made_and_loaded_by_a_runtime() -> None:
    assert set(ARTEFACTS) == set(get_args(ExportName))
    for name in ARTEFACTS:
        assert RUNTIMES[runtime_of(name)].artefact == name
    for row in RUNTIMES.values():
        assert row.artefact is None or set(ARTEFACTS[row.artefact].bounds) == {"float", "quantised"}


def test_versions_that_count_are_known_of_every_runtime_and_export() -> None:
    assert set(PACKAGES_OF) == {*RUNTIMES, *ARTEFACTS}


def test_a_quantised_model_needs_a_runtime_that_computes_in_int8() -> None:
    table: dict[RuntimeName, Runtime] = {**RUNTIMES, "ONNXRuntime": IN_FLOAT}
    with pytest.raises(
        InvalidSettingError,
        match=r"^spec\.benchmark\.runtimes: none of ONNXRuntime .* add one of PaddleInference, OpenVINO$",
    ):
        check_runtimes(["ONNXRuntime"], quantises=True, table=table)
    check_runtimes(["ONNXRuntime", "PaddleInference"], quantises=True, table=table)
    check_runtimes(["ONNXRuntime"], quantises=False, table=table)
    for name, row in RUNTIMES.items():
        if row.runs("quantised"):
            check_runtimes([name], quantises=True)


@pytest.mark.parametrize(
    ("runtimes", "exports", "message"),
    [
        pytest.param(
            ["PaddleInference", "MNN"],
            [],
            "spec.benchmark.runtimes: MNN does not run quantised models; leave it out",
            id="runtime",
        ),
        pytest.param(
            ["PaddleInference"],
            ["MNN"],
            "spec.exports: MNN does not run quantised models; leave MNN out",
            id="export",
        ),
    ],
)
def test_a_quantised_model_goes_nowhere_where_it_would_not_run(
    runtimes: list[RuntimeName], exports: list[ExportName], message: str
) -> None:
    with pytest.raises(InvalidSettingError, match=f"^{re.escape(message)}$"):
        check_runtimes(runtimes, exports, quantises=True)
    check_runtimes(runtimes, exports, quantises=False)


@pytest.mark.parametrize(
    ("runtime", "files"),
    [
        ("PaddleInference", ["m.pdmodel", "m.pdiparams"]),
        ("ONNXRuntime", ["m.onnx"]),
        ("OpenVINO", ["m.xml", "m.bin"]),
        ("MNN", ["m.mnn"]),
    ],
)
def test_a_variant_names_every_file_that_its_runtime_loads(runtime: RuntimeName, files: list[str]) -> None:
    exports: dict[ExportName, Path] = {
        "ONNX": Path("m.onnx"),
        "OpenVINO": Path("m.xml"),
        "MNN": Path("m.mnn"),
    }
    candidate = Candidate(FILES, quantised=False, exports=exports)
    for variant in variants(candidate, runtime, "CPU", quantises=False):
        assert [str(path) for path in variant.files] == files
