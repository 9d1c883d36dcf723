"""What `segcompress export` takes from a published run: its spec, and pictures that must be the same."""

from typing import Any

import pytest

from segcompress_api.job import JobSpec
from segcompress_runner import exporting
from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.annotations.classes import Classes, with_class_names
from segcompress_runner.inputs.fetch import Found
from segcompress_runner.inputs.sources import Source
from segcompress_runner.outputs.report import described_inputs
from segcompress_runner.storage import Address, Named, Stat
from unit.api.jobs import changed, job

FOLDER = Address("s3", "datasets", "humanseg")


def found(**changes: str) -> Found:
    """Return inputs of a picture to train on and one to validate on, some of other content."""
    digests = {"train.txt": "1", "train.jpg": "2", "val.jpg": "3"} | changes
    pictures = tuple(Stat(Named(name), digests[name], 1) for name in ("train.jpg", "val.jpg"))
    lists = {"train.txt": digests["train.txt"].encode()}
    return Found(Source(FOLDER, ()), FOLDER, lists, 1, pictures, frozenset({"val.jpg"}))


def result_of(inputs: Found) -> dict[str, Any]:
    return {"run": {"inputs": described_inputs(inputs.digests())}}


@pytest.mark.parametrize(
    "read", [pytest.param(found(), id="trained"), pytest.param(found().for_measuring(), id="measured alone")]
)
def test_a_run_on_the_same_pictures_is_evaluated(read: Found) -> None:
    exporting._check_same(found(), result_of(read))


@pytest.mark.parametrize(
    ("now", "read", "told"),
    [
        pytest.param({"train.jpg": "9"}, found(), "pictures changed", id="trained"),
        pytest.param({"val.jpg": "9"}, found().for_measuring(), "pictures changed", id="measured alone"),
        pytest.param({"train.txt": "9", "val.jpg": "9"}, found(), "lists and pictures changed", id="both"),
    ],
)
def test_a_run_on_other_pictures_is_refused(now: dict[str, str], read: Found, told: str) -> None:
    with pytest.raises(InvalidInputError, match=f"s3://datasets/humanseg: {told} since the run"):
        exporting._check_same(found(**now), result_of(read))


def test_the_spec_of_a_run_with_a_list_of_labels_is_read_again() -> None:
    body = changed(changed(job(), "spec.dataset.classNames", None), "spec.dataset.labelList", "labels.txt")
    spec = JobSpec.model_validate(changed(body, "spec.dataset.format", "Labelme")["spec"])
    run = with_class_names(spec, Classes({"ground": 0, "person": 1}, 255))
    assert run.dataset.class_names == ("ground", "person")
    assert exporting._spec({"run": {"spec": run.to_wire()}}) == spec


def test_a_spec_that_this_version_does_not_know_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"result\.json: this version .* run the job again"):
        exporting._spec({"run": {"spec": changed(job(), "spec.dataset.colour", "red")["spec"]}})
