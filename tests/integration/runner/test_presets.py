"""A preset from the spec to the report: chosen, printed in full, and found again."""

import json

from minio import Minio

from segcompress_api.conditions import Reason

from .conftest import TRAIN, put, read
from .runs import Runner, Spec, changed

AUTO = b"Global: {model_dir: ./x}\nTrainConfig: {epochs: 14, eval_iter: 400, learning_rate: 0.005}\n"


def test_settings_that_were_chosen_are_printed_and_found_again(
    admin: Minio, runner: Runner, spec: Spec
) -> None:
    ended = runner.run(changed(spec, "strategy", {"preset": "PostTrainingQuantization"}))
    assert (ended.code, ended.result.reason) == (0, Reason.SUCCEEDED), ended.log
    artifacts = ended.result.artifacts
    assert artifacts is not None
    assert artifacts.report is not None
    told = json.loads(read(admin, artifacts.report.uri.replace("report.html", "result.json")))
    chosen = told["run"]["spec"]["strategy"]["QuantPost"]
    assert chosen["batch_nums"] == TRAIN
    assert told["training"]["strategy"]["QuantPost"] == chosen
    assert told["notes"][0].startswith(
        "preset PostTrainingQuantization chose the settings for 1008 parameters"
    )
    assert '"QuantPost": {"batch_size": 1' in ended.log
    assert f"batch_nums: {TRAIN}" in read(admin, artifacts.report.uri).decode()
    assert (told["training"]["iterations"], told["sparsity"]) == (0, None)
    assert {one["int8"] for one in told["scores"]["compressed"]} == {False, True}

    written = runner.run(changed(spec, "strategy", {"QuantPost": chosen}))
    assert (written.code, written.result.reason) == (0, Reason.REUSED), written.log
    assert "Validate" not in written.log


def test_a_file_that_leaves_the_choice_to_act_gets_a_preset(
    admin: Minio, runner: Runner, spec: Spec, bucket: str
) -> None:
    put(admin, bucket, "auto.yaml", AUTO)
    ended = runner.run(changed(spec, "strategy", {"configUri": f"s3://{bucket}/auto.yaml"}))
    assert ended.code in (0, 4), ended.log
    assert "auto.yaml names no strategy, so that its sections have no effect: preset Quant" in ended.log
    assert '"QuantAware": {' in ended.log
