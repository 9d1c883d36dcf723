from pathlib import Path

import pytest

from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.fetch import with_strategy
from segcompress_runner.storage import LocalStorage
from small_spec import small_spec

FILE = """
UnstructurePrune: {ratio: 0.75}
TrainConfig: {train_iter: 10, learning_rate: 0.01}
"""


def test_file_takes_the_strategys_place(tmp_path: Path) -> None:
    file = tmp_path / "act.yaml"
    file.write_text(FILE)
    strategy = with_strategy(small_spec(strategy={"configUri": f"file://{file}"}), LocalStorage()).strategy
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
        with_strategy(small_spec(strategy={"configUri": f"file://{file}"}), LocalStorage())
