"""What a preset is told of a model and a list, and what takes its place in a spec."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from segcompress_api.job import JobSpec
from segcompress_api.presets import Facts
from segcompress_runner.errors import InvalidInputError, InvalidSettingError
from segcompress_runner.inputs.facts import read_facts, with_preset
from segcompress_runner.inputs.fetch import with_strategy
from segcompress_runner.inputs.sources import JobModel
from segcompress_runner.storage import LocalStorage

LAYERS = (
    ("conv2d", "Filter", [8, 3, 3, 3]),
    ("depthwise_conv2d", "Filter", [8, 1, 3, 3]),
    ("conv2d", "Filter", [16, 8, 1, 1]),
    ("mul", "Y", [16, 2]),
    ("elementwise_add", "Y", [2]),
)
FLOAT32, LOD_TENSOR = 5, 7


@pytest.fixture
def spec(root: Path) -> JobSpec:
    """Write a program of the layers beside the dataset; return a spec for both."""
    from paddle.base.proto import framework_pb2

    program = framework_pb2.ProgramDesc()
    block = program.blocks.add(idx=0, parent_idx=-1)
    for number, (kind, slot, shape) in enumerate(LAYERS):
        variable = block.vars.add(name=f"w{number}", persistable=True)
        variable.type.type = LOD_TENSOR
        variable.type.lod_tensor.tensor.data_type = FLOAT32
        variable.type.lod_tensor.tensor.dims.extend(shape)
        op = block.ops.add(type=kind)
        op.inputs.add(parameter="X", arguments=["x"])
        op.inputs.add(parameter=slot, arguments=[variable.name])
    (root / "model.pdmodel").write_bytes(program.SerializeToString())
    (root / "model.pdiparams").write_bytes(b"")
    return spec_with(root, {"preset": "QuantDistillation"})


def spec_with(root: Path, strategy: dict[str, Any]) -> JobSpec:
    transforms = [{"type": "Normalize"}]
    return JobSpec.model_validate(
        {
            "model": {"inference": {"uri": f"file://{root}/"}},
            "dataset": {
                "uri": f"file://{root}/",
                "numClasses": 2,
                "batchSize": 4,
                "trainTransforms": transforms,
                "valTransforms": transforms,
            },
            "strategy": strategy,
            "output": {"uri": "s3://compressed/x/"},
        }
    )


def facts_of(spec: JobSpec) -> Facts:
    return read_facts(spec, JobModel(spec, LocalStorage(), Path("never")), LocalStorage())


def chosen(spec: JobSpec, source: str | None = None) -> tuple[JobSpec, str | None]:
    return with_preset(spec, source, JobModel(spec, LocalStorage(), Path("never")), LocalStorage())


def test_layers_are_those_with_weights_of_more_than_one_dimension(spec: JobSpec) -> None:
    facts = facts_of(spec)

    assert facts.kinds == {"conv2d", "depthwise_conv2d", "mul"}
    assert (facts.layers, facts.parameters) == (4, 216 + 72 + 128 + 32)
    assert facts.pointwise == 128 / 448
    assert (facts.pictures, facts.batch_size) == (1, 4)


def test_the_sections_take_the_preset_s_place_and_a_note_says_why(spec: JobSpec) -> None:
    whole, note = chosen(spec)

    assert whole.strategy.preset is None
    assert whole.strategy.quant_aware is not None
    assert whole.strategy.quant_aware.quantize_op_types == ("conv2d", "depthwise_conv2d", "mul")
    assert note == (
        "preset QuantDistillation chose the settings for 448 parameters in 4 layers and 1 training pictures"
    )


def test_a_file_that_names_no_strategy_gets_a_preset(spec: JobSpec, root: Path) -> None:
    file = root / "auto.yaml"
    file.write_text("Global: {model_dir: x}\nTrainConfig: {epochs: 14, learning_rate: 0.005}\n")
    named = with_strategy(spec_with(root, {"configUri": f"file://{file}"}), LocalStorage())
    whole, note = chosen(named, f"file://{file}")

    assert whole.strategy == chosen(spec)[0].strategy
    assert note is not None
    assert note.startswith(f"file://{file} names no strategy, so that its sections have no effect: preset Qu")


def test_sections_stay_as_they_are(root: Path) -> None:
    spec = spec_with(root, {"QuantPost": {}})

    assert chosen(spec) == (spec, None)


def test_a_program_that_is_none_is_named(spec: JobSpec, root: Path) -> None:
    (root / "model.pdmodel").write_bytes(b"\xff\xff\xff")

    with pytest.raises(InvalidInputError, match=r"model\.pdmodel: is not a Paddle inference program"):
        facts_of(spec)


def test_a_model_without_layers_is_a_wrong_setting(spec: JobSpec, root: Path) -> None:
    (root / "model.pdmodel").write_bytes(b"")

    with pytest.raises(
        InvalidSettingError, match=r"^spec\.strategy\.preset: QuantDistillation is for models"
    ):
        chosen(spec)


def test_paddle_is_not_imported_for_it(spec: JobSpec, tmp_path: Path) -> None:
    """A run that is reused must end within a second."""
    (tmp_path / "spec.json").write_text(spec.model_dump_json(by_alias=True))
    program = (
        "import sys, pathlib\n"
        "from segcompress_api.job import JobSpec\n"
        "from segcompress_runner.inputs.facts import read_facts\n"
        "from segcompress_runner.inputs.sources import JobModel\n"
        "from segcompress_runner.storage import LocalStorage\n"
        "spec = JobSpec.model_validate_json(pathlib.Path(sys.argv[1]).read_text())\n"
        "model = JobModel(spec, LocalStorage(), pathlib.Path('never'))\n"
        "assert read_facts(spec, model, LocalStorage()).layers == 4\n"
        "assert 'paddle' not in sys.modules\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", program, str(tmp_path / "spec.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
