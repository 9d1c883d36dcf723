"""`segcompress validate` of a sweep's file."""

from pathlib import Path

import pytest

from segcompress_runner import cli

SWEEP = """
apiVersion: segcompress.dev/v1alpha1
kind: SegCompressionSweep
metadata: {name: example}
spec:
  template:
    spec:
      model: {inference: {uri: "s3://models/example/"}}
      dataset:
        uri: s3://datasets/example/
        numClasses: 2
        trainTransforms: [{type: Normalize}]
        valTransforms: [{type: Normalize}]
      strategy:
        UnstructurePrune: {ratio: 0.75}
        TrainConfig: {train_iter: 10, learning_rate: 0.01}
      benchmark: {runtimes: [MNN]}
      output: {uri: s3://compressed/example/}
      storage: {secretRef: {name: object-store}}
  parameters:
    - {name: ratio, path: strategy.UnstructurePrune.ratio, values: ["0.65", "0.75"]}
    - {name: rate, path: strategy.TrainConfig.learning_rate, range: {min: "0.001", max: "0.01"}}
  algorithm: {name: TPE}
  objectives: [{metric: compressed.miou, goal: Maximize}]
  maxTrials: 8
"""
TRIAL = "spec.parameters: a trial with ratio {}, rate 0.001 is not valid: spec."


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    return tmp_path / "sweep.yaml"


def test_valid_sweep_is_valid(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep.write_text(f"---\n{SWEEP}---\n")
    assert cli.main(["validate", str(sweep), "--spec-only"]) == 0
    assert capsys.readouterr().out == f"{sweep}: valid\n"


def test_placeholder_that_every_trial_replaces_is_valid(sweep: Path) -> None:
    sweep.write_text(SWEEP.replace("learning_rate: 0.01", "learning_rate: swept"))
    assert cli.main(["validate", str(sweep), "--spec-only"]) == 0


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        pytest.param(
            "UnstructurePrune.ratio,",
            "UnstructurePrune.ration,",
            [
                (
                    "spec.parameters[0].path: strategy.UnstructurePrune.ration is not a field of a "
                    "SegCompressionJob's spec; did you mean strategy.UnstructurePrune.ratio?"
                ),
            ],
            id="path",
        ),
        pytest.param('"0.75"', '"1.5"', [TRIAL.format("1.5") + "strategy.Unstr"], id="value"),
        pytest.param('"0.75"', '"0.650"', ["spec.parameters[0].values: must differ"], id="one value twice"),
        pytest.param(
            "numClasses: 2",
            "numClases: 2",
            ["spec.template.spec.dataset.numClases: is not a field of this version; did you mean numC"],
            id="key of the template",
        ),
        pytest.param(
            "{type: Normalize}]",
            "{type: Normalise}]",
            [f"spec.template.spec.dataset.{name}Transforms[0].type: " for name in ("train", "val")],
            id="transforms of the template",
        ),
        pytest.param(
            "s3://datasets/", "file:///data/", ["spec.template.spec.dataset.uri: file:///data/"], id="address"
        ),
        pytest.param(
            "      storage: {secretRef: {name: object-store}}\n",
            "",
            ["spec.template.spec.storage: is required in a cluster and missing; such as"],
            id="no Secret",
        ),
        pytest.param(
            "UnstructurePrune: {ratio: 0.75}",
            "UnstructurePrune: {}",
            ["spec.template.spec.strategy.UnstructurePrune.ratio: is required and missing; such as 0.75"],
            id="template that only parameters complete",
        ),
        pytest.param(
            "      storage",
            "      suspend: true\n      storage",
            ["spec.template: template.spec.suspend has no effect: set the sweep's own suspend"],
            id="suspended template",
        ),
        pytest.param(
            "path: strategy.TrainConfig.learning_rate",
            "path: strategy.UnstructurePrune.ratio",
            ["spec: no two parameters may have the same path, or a path below the other's"],
            id="one path twice",
        ),
        pytest.param(
            "kind: SegCompressionSweep",
            "kind: SegcompressionSweep",
            ["sweep.yaml: kind is SegcompressionSweep, not SegCompressionJob or SegCompressionSweep; did"],
            id="kind",
        ),
        pytest.param("name: rate", "name: ratio", ["spec: parameters has ratio twice"], id="one name twice"),
        pytest.param(
            "    spec:\n      model",
            "    metadata: {labels: {segcompress.dev/trial: '1'}}\n    spec:\n      model",
            ["spec.template.metadata: labels of segcompress.dev/ and app.kubernetes.io/ are written by"],
            id="label",
        ),
        pytest.param(
            "    spec:\n      model",
            "    metadata: {labels: {team: vision team}}\n    spec:\n      model",
            ["spec.template.metadata.labels: the value of 'team' must have at most 63 letters, digits, '-'"],
            id="value of a label",
        ),
        pytest.param(
            "maxTrials: 8",
            'maxTrials: 8\n  knownTrials: {matchLabels: {"a\\n\\e[2J": b}}',
            ["spec.knownTrials: matchLabels: a [2J must be the key of a label, such as example.com/model"],
            id="key that a terminal would obey",
        ),
        pytest.param(
            "metadata:",
            "---\nkind: Secret\n---\nmetadata:",
            ["sweep.yaml: holds 3 documents (SegCompressionSweep, Secret, None); give one "],
            id="documents",
        ),
    ],
)
def test_wrong_sweep_ends_with_3_and_every_fault_once(
    sweep: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, messages: list[str]
) -> None:
    assert old in SWEEP
    sweep.write_text(SWEEP.replace(old, new))
    assert cli.main(["validate", str(sweep), "--spec-only"]) == 3
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(messages), lines
    for message, line in zip(messages, lines, strict=True):
        assert line.startswith("error: ")
        assert message in line


def test_empty_file_is_said_to_be_empty(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep.write_text("# nothing\n")
    assert cli.main(["validate", str(sweep), "--spec-only"]) == 3
    assert capsys.readouterr().err.startswith(f"error: {sweep}: is empty; give one SegCompressionJob or")
