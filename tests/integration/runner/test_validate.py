"""`segcompress validate` as a user runs it, on a folder and on a real object store."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from minio import Minio

from devcluster.objectstore import ObjectStore

from .conftest import put, write_dataset
from .runs import Spec, changed

HEAD = {"apiVersion": "segcompress.dev/v1alpha1", "kind": "SegCompressionJob", "metadata": {"name": "x"}}
SWEEP = {
    "parameters": [
        {"name": "on", "path": "benchmark.runtimes", "values": ['["PaddleInference"]', '["MNN"]']}
    ],
    "algorithm": {"name": "Grid"},
    "objectives": [{"metric": "compressed.miou", "goal": "Maximize"}],
    "maxTrials": 2,
}
"""All of a sweep but its template: two trials, the first on a runtime that skips no zeros."""


class Validator:
    """The command, in a folder and with an object store's credentials."""

    def __init__(self, folder: Path, store: ObjectStore) -> None:
        self.folder = folder
        self._variables = {
            "S3_ENDPOINT": store.endpoint,
            "AWS_ACCESS_KEY_ID": store.access_key,
            "AWS_SECRET_ACCESS_KEY": store.secret_key,
        }

    def __call__(self, spec: Spec, *options: str) -> tuple[int, str]:
        """Write a job or a sweep, validate it, and return exit code and output."""
        kind = "SegCompressionSweep" if "template" in spec else "SegCompressionJob"
        (self.folder / "job.yaml").write_text(yaml.safe_dump({**HEAD, "kind": kind, "spec": spec}))
        done = subprocess.run(
            [sys.executable, "-m", "segcompress", "validate", "job.yaml", *options],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=os.environ | self._variables,
        )
        return done.returncode, done.stdout or done.stderr

    def report(self, spec: Spec) -> Any:
        """Return what --json prints."""
        code, printed = self(spec, "--json")
        report = json.loads(printed)
        assert code == (0 if report["valid"] else 3)
        return report


@pytest.fixture
def validate(tmp_path: Path, store: ObjectStore) -> Validator:
    return Validator(tmp_path, store)


def test_a_valid_job_is_described_without_a_gpu(validate: Validator, spec: Spec) -> None:
    report = validate.report(changed(spec, "runtime.device", "GPU"))
    (finding,) = report["findings"]
    assert (finding["level"], finding["where"]) == ("warning", "spec.benchmark.runtimes")
    assert finding["message"].startswith("no sparse kernels on PaddleInference: zeros make the model no")
    assert report["pictures"] == {"listed": 16, "lookedAt": 16}
    assert report["classShares"]["val"]["1 (square)"] == pytest.approx(18 * 18 / (40 * 48), abs=1e-3)
    assert report["trial"]["pictures"] == 4
    assert report["trial"]["miou"] > 0.9


def test_everything_that_is_wrong_is_told_at_once(validate: Validator, spec: Spec) -> None:
    write_dataset(validate.folder / "dataset")
    broken = validate.folder / "dataset" / "3.png"
    broken.write_bytes(broken.read_bytes()[:-200])
    faulty = changed(spec, "dataset.uri", "file://./dataset/")
    faulty = changed(faulty, "dataset.valTransforms", [{"type": "Normalize"}])
    faulty = changed(faulty, "strategy.Distillation", {"node": ["relu_99"]})
    faulty = changed(faulty, "runtime.resources", {"limits": {"memory": "1Mi"}})
    report = validate.report(faulty)
    assert {(one["level"], one["where"]) for one in report["findings"]} == {
        ("error", "spec.strategy.Distillation.node"),
        ("error", "3.png (train.txt line 4)"),
        ("error", "spec.dataset.valTransforms"),
        ("warning", "spec.runtime.resources.limits.memory"),
        ("warning", "spec.benchmark.runtimes"),
    }
    assert report["trial"] is None


def test_a_wrong_number_of_classes_is_one_error(validate: Validator, spec: Spec) -> None:
    """Neither the pictures nor the trial repeat what the model's output says."""
    faulty = changed(changed(spec, "dataset.numClasses", 3), "dataset.classNames", [])
    report = validate.report(faulty)
    errors = [(one.get("where"), one["message"]) for one in report["findings"] if one["level"] == "error"]
    ((where, message),) = errors
    assert where == "spec.dataset.numClasses"
    assert message.startswith("is 3 and the model's output ")
    assert report["trial"] is None


def test_inputs_of_the_first_trial_are_those_of_the_sweep(validate: Validator, spec: Spec) -> None:
    report = validate.report({**SWEEP, "template": {"spec": spec}})
    found = [(one["level"], one["where"], one["message"].partition(": ")[0]) for one in report["findings"]]
    trials = ('a trial with on ["PaddleInference"]', 'a trial with on ["MNN"]')  # they skip few zeros or none
    assert found == [("warning", "spec.parameters", trial) for trial in trials]
    assert report["pictures"] == {"listed": 16, "lookedAt": 16}
    assert report["trial"]["miou"] > 0.9


def test_what_is_wrong_with_the_inputs_of_a_sweep_is_said_of_its_template(
    validate: Validator, spec: Spec
) -> None:
    faulty = changed(changed(spec, "dataset.numClasses", 3), "dataset.classNames", [])
    report = validate.report({**SWEEP, "template": {"spec": faulty}})
    (error,) = (one for one in report["findings"] if one["level"] == "error")
    assert error["where"] == "spec.template.spec.dataset.numClasses"
    assert error["message"].startswith("is 3 and the model's output ")


def test_a_number_of_classes_that_fits_neither_labels_nor_model_is_one_error(
    validate: Validator, spec: Spec
) -> None:
    write_dataset(validate.folder / "dataset")
    (validate.folder / "dataset/labels.txt").write_text("ground\nsquare\n")
    given = {"uri": "file://./dataset/", "format": "EISeg", "labelList": "labels.txt", "numClasses": 4}
    faulty = {**spec, "dataset": {**spec["dataset"], "classNames": [], **given}}
    errors = [one for one in validate.report(faulty)["findings"] if one["level"] == "error"]
    ((where, message),) = ((one["where"], one["message"]) for one in errors)
    assert where == "labels.txt"
    assert message.startswith("has 2 labels and numClasses is 4; ")


def test_what_is_missing_in_a_bucket_does_not_hide_what_is_wrong_with_the_model(
    validate: Validator, spec: Spec, admin: Minio, bucket: str
) -> None:
    put(admin, bucket, "data/train.txt", b"a.png b.png\n")
    put(admin, bucket, "data/val.txt", b"a.png b.png\n")
    put(admin, bucket, "model/model.pdmodel", b"no program")
    put(admin, bucket, "model/model.pdiparams", b"x")
    faulty = changed(spec, "dataset.uri", f"s3://{bucket}/data/")
    code, printed = validate(changed(faulty, "model.inference.uri", f"s3://{bucket}/model/"), "--json")
    reasons = [one["reason"] for one in json.loads(printed)["findings"] if one["level"] == "error"]
    assert code == 3
    assert sorted(reasons) == ["InputNotFound", "InvalidInput"]
