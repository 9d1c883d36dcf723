"""How a dataset's annotations get their ids: from masks, from names, or from a list of labels."""

from typing import Any

import pytest
from pydantic import ValidationError

from segcompress_api.dataset import Dataset

PLAIN = {
    "uri": "s3://data/",
    "numClasses": 2,
    "trainTransforms": [{"type": "Normalize"}],
    "valTransforms": [{"type": "Normalize"}],
}
NAMES = ["ground", "thing"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"format": "PaddleSeg"}, id="masks"),
        pytest.param({"format": "Labelme", "classNames": NAMES}, id="labelme with names"),
        pytest.param({"format": "Labelme", "labelList": "labels.txt"}, id="labelme with a list"),
        pytest.param({"format": "EISeg"}, id="EISeg, whose files may hold ids"),
        pytest.param(
            {"readerConfigUri": "s3://a/b.yml", "trainTransforms": [], "valTransforms": []},
            id="a reader file",
        ),
        pytest.param({"format": "EISeg", "labelList": "label/autosave_label.txt"}, id="EISeg with its list"),
    ],
)
def test_taken(changes: dict[str, Any]) -> None:
    assert Dataset.model_validate(PLAIN | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labelList": "labels.txt"}, "labelList requires format Labelme or EISeg"),
        ({"format": "EISeg", "classNames": NAMES, "labelList": "a.txt"}, "labelList cannot be combined with"),
        ({"format": "Labelme"}, "format Labelme requires classNames or labelList"),
        ({"trainTransforms": []}, "are required unless readerConfigUri is given"),
        ({"valTransforms": []}, "are required unless readerConfigUri is given"),
        ({"readerConfigUri": "s3://a/b.yml"}, "readerConfigUri cannot be combined with transforms"),
        ({"format": "labelme"}, "should be 'PaddleSeg', 'Labelme' or 'EISeg'"),
    ],
)
def test_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Dataset.model_validate(PLAIN | changes)
