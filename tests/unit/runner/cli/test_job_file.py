from pathlib import Path

import pytest

from segcompress_api.errors import InvalidSpecError
from segcompress_runner.errors import InputNotFoundError
from segcompress_runner.job_file import parse_job, read_job

JOB = """
apiVersion: segcompress.dev/v1alpha1
kind: SegCompressionJob
metadata: {name: example}
spec:
  model: {inference: {uri: "file://./model/"}}
  dataset:
    uri: file://../data
    numClasses: 2
    trainTransforms: [{type: Normalize}]
    valTransforms: [{type: Normalize}]
  strategy:
    UnstructurePrune: {ratio: 0.75}
    TrainConfig: {train_iter: 10, learning_rate: 0.01}
  benchmark: {runtimes: [MNN]}
  output: {uri: s3://compressed/example/}
"""
PATH = Path("/home/user/examples/job.yaml")


def test_relative_addresses_are_relative_to_the_file() -> None:
    spec = parse_job(JOB.encode(), PATH).spec
    assert spec.model.addresses == {"spec.model.inference.uri": "file:///home/user/examples/model/"}
    assert spec.dataset.uri == "file:///home/user/data"
    assert spec.output.uri == "s3://compressed/example/"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "numClasses", "numclasses", r"spec\.dataset\.numclasses: .*did you mean numClasses\?", id="key"
        ),
        pytest.param(
            "numClasses: 2", "numClasses: two", r"spec\.dataset\.numClasses: .*got 'two'", id="value"
        ),
        pytest.param(
            "numClasses", "num_classes", r"num_classes: .*did you mean numClasses\?", id="another spelling"
        ),
        pytest.param("numClasses: 2", "numClasses: '2'", r"numClasses: .*got '2'", id="number in quotes"),
        pytest.param("numClasses: 2", "numClasses: true", r"numClasses: .*got True", id="truth"),
        pytest.param(
            "  output: {uri: s3://compressed/example/}\n", "", r"spec\.output: is required", id="missing"
        ),
        pytest.param("SegCompressionJob", "Job", "job.yaml: kind is Job, not SegCompressionJob", id="kind"),
        pytest.param(
            "SegCompressionJob",
            "SegCompressionSweep",
            "job.yaml: kind is SegCompressionSweep, not SegCompressionJob; a sweep runs on a cluster: "
            "segcompress submit",
            id="a sweep",
        ),
        pytest.param(
            "kind: SegCompressionJob",
            "",
            "job.yaml: kind is required and missing; give SegCompressionJob",
            id="no kind",
        ),
        pytest.param(
            "kind: SegCompressionJob",
            "kind: List",
            "job.yaml: kind is List, not SegCompressionJob; give one SegCompressionJob a file",
            id="a list",
        ),
        pytest.param("apiVersion: segcompress.dev/v1alpha1", "", "^apiVersion: is required", id="no version"),
        pytest.param(
            "apiVersion: segcompress.dev/v1alpha1",
            "apiVersion: v1",
            r"^apiVersion: input should be 'segcompress\.dev/v1alpha1', got 'v1'$",
            id="another version",
        ),
        pytest.param("metadata: {name: example}", "", "^metadata: is required", id="no metadata"),
        pytest.param("metadata: {name: example}", "metadata:", "^metadata: must be a mapping", id="null"),
        pytest.param(
            "metadata: {name: example}",
            "metadata: {labels: {a: b}}",
            "^metadata: name or generateName is required$",
            id="no name",
        ),
        pytest.param(
            "{name: example}",
            "{name: Bad_Name}",
            r"^metadata\.name: must consist of lowercase letters, digits, '-' and '\.', .*got 'Bad_Name'$",
            id="name",
        ),
        pytest.param("{name: example}", "{name: 7}", r"^metadata\.name: .*put it in quotes$", id="number"),
        pytest.param("{name: example}", "{generateName: x_}", r"^metadata\.generateName: must", id="prefix"),
        pytest.param(
            "{name: example}",
            "{name: example, namespace: a.b}",
            r"^metadata\.namespace: must consist of lowercase letters, digits and '-', .*got 'a\.b'$",
            id="namespace",
        ),
        pytest.param("numClasses: 2", "numClasses: [2", r"job\.yaml: line \d+", id="syntax"),
        pytest.param(
            "learning_rate: 0.01", "learning_rate: 2024-01-31", r"job\.yaml: line 14: .*timestamp", id="date"
        ),
        pytest.param(
            "{type: Normalize}]", "{type: Normalize, mean: .nan}]", r"job\.yaml: line 10: .*finite", id="NaN"
        ),
        pytest.param("metadata:", "---\nmetadata:", r"job\.yaml: holds 2 documents", id="documents"),
        pytest.param(
            "ratio:", "ration:", r"UnstructurePrune\.ration: .*did you mean ratio\?", id="section key"
        ),
    ],
)
def test_wrong_file_is_one_sentence(old: str, new: str, message: str) -> None:
    assert old in JOB
    with pytest.raises(InvalidSpecError, match=message):
        parse_job(JOB.replace(old, new).encode(), PATH)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError, match=r"job\.yaml: cannot be read \(No such file"):
        read_job(tmp_path / "job.yaml")
