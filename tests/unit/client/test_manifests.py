"""Jobs as types, and as the API server writes them."""

from pathlib import Path

import pytest

from segcompress.client import ClientError, InvalidJobError, SegCompressionJob, read_manifest
from segcompress.client.kinds import JOBS
from segcompress.client.manifests import as_body, as_type
from unit.client.jobs import STATES
from unit.operator.samples import SPEC

WRITTEN = {"apiVersion": "segcompress.dev/v1alpha1", "kind": "SegCompressionJob", "spec": SPEC}


def test_model_is_written_as_it_was_made() -> None:
    """The cluster sets the defaults of omitted fields: its version may have other defaults."""
    job = SegCompressionJob.model_validate({"metadata": {"name": "demo"}, "spec": SPEC})
    assert as_body(job, JOBS) == {**WRITTEN, "metadata": {"name": "demo"}}


def test_mapping_is_written_as_it_is() -> None:
    given = {"metadata": {"generateName": "x-", "annotations": {"a": "b"}}, "spec": {"unknown": 1}}
    assert as_body(given, JOBS) == {**WRITTEN, **given}


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_read(state: str) -> None:
    assert as_type(STATES[state], JOBS).status.phase == STATES[state]["status"].get("phase")


def test_what_a_newer_version_adds_is_left_out() -> None:
    body = STATES["succeeded"]
    dataset = {**body["spec"]["dataset"], "novel": {"a": 1}}
    status = {**body["status"], "novelty": 1, "attempts": {"novel": 2}}
    newer = {**body, "status": status, "novel": 3, "spec": {**body["spec"], "dataset": dataset}}
    assert as_type(newer, JOBS) == as_type({**body, "status": {**body["status"], "attempts": {}}}, JOBS)


def test_arguments_of_transforms_are_read_whatever_their_names() -> None:
    (resize,) = as_type(STATES["succeeded"], JOBS).to_wire()["spec"]["dataset"]["trainTransforms"]
    assert resize == {"type": "Resize", "target_size": [192, 192]}


def test_what_cannot_be_read_is_named() -> None:
    body = {**STATES["succeeded"], "status": {"phase": "Novel"}}
    with pytest.raises(ClientError, match=r"demo: cannot be read by this version .*status\.phase"):
        as_type(body, JOBS)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        pytest.param("kind: [", InvalidJobError, "line 1, column", id="syntax"),
        pytest.param(
            "kind: Pod",
            InvalidJobError,
            "job.yaml: kind is Pod, not SegCompressionJob or SegCompressionSweep",
            id="kind",
        ),
        pytest.param("a: 1\n---\nb: 1", InvalidJobError, "holds 2 documents", id="two"),
        pytest.param(
            "{kind: SegCompressionJob, metadata: demo}",
            InvalidJobError,
            "metadata: must be a mapping such as {name: demo}, got 'demo'",
            id="metadata",
        ),
        pytest.param(None, ClientError, "cannot be read (No such file", id="missing"),
    ],
)
def test_file_that_holds_no_job_is_named(
    tmp_path: Path, content: str | None, error: type[ClientError], message: str
) -> None:
    path = tmp_path / "job.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(error) as raised:
        read_manifest(path)
    assert message in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_metadata_that_is_no_mapping_is_named() -> None:
    with pytest.raises(InvalidJobError, match="metadata: must be a mapping"):
        as_body({"metadata": ["demo"], "spec": SPEC}, JOBS)
