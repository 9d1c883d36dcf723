"""Every hostile input (tests/hostile): the run ends with one sentence that names it."""

from pathlib import Path

import pytest

from hostile.inputs import THEMES
from hostile.inputs.case import Input
from segcompress_runner.endings import failure
from segcompress_runner.errors import InvalidRunError

CASES = [pytest.param(case, id=case.name) for theme in THEMES for case in theme.cases]


@pytest.mark.parametrize("case", CASES)
def test_input_is_refused_with_one_sentence(case: Input, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    with pytest.raises(InvalidRunError) as caught:
        case.take(folder)
    result, code = failure(caught.value)
    assert code == 3
    assert case.words in result.message
    assert result.message.isprintable()
    assert [path.name for path in tmp_path.iterdir()] == ["work"], "written beside its folder"
