from pathlib import Path

import pytest

from segcompress_api.job import JobSpec
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.fetch import with_strategy
from segcompress_runner.storage import LocalStorage

FILE = """
UnstructurePrune: {ratio: 0.75}
TrainConfig: {train_iter: 10, learning_rate: 0.01}
"""


def spec_with(file: Path) -> JobSpec:
    transforms = [{"type": "Normalize"}]
    dataset = {"numClasses": 2, "trainTransforms": transforms, "valTransforms": transforms}
    return JobSpec.model_validate(
        {
            "model": {"inference": {"uri": "s3://models/x/"}},
            "dataset": {"uri": "s3://datasets/x/", **dataset},
            "strategy": {"configUri": f"file://{file}"},
            "output": {"uri": "s3://compressed/x/"},
        }
    )


def test_file_takes_the_strategys_place(tmp_path: Path) -> None:
    file = tmp_path / "act.yaml"
    file.write_text(FILE)
    strategy = with_strategy(spec_with(file), LocalStorage()).strategy
    assert strategy.unstructure_prune is not None
    assert strategy.unstructure_prune.ratio == 0.75


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param("2024-01-31", "a value of type timestamp", id="date"),
        pytest.param("!!binary aGk=", "a value of type binary", id="binary"),
        pytest.param(".inf", "must be a finite number", id="infinite"),
        pytest.param("{type: StepDecay, gamma: .nan}", "must be a finite number", id="not a number"),
    ],
)
def test_value_that_json_lacks_is_a_wrong_setting_that_names_file_and_line(
    tmp_path: Path, value: str, message: str
) -> None:
    file = tmp_path / "act.yaml"
    file.write_text(FILE.replace("0.01", value))
    with pytest.raises(
        InvalidSettingError, match=rf"act\.yaml \(spec\.strategy\.configUri\): line 3: {message}"
    ):
        with_strategy(spec_with(file), LocalStorage())
