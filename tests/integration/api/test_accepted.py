"""What the API server takes, what it fills in, and how the resource teaches and shows itself."""

from typing import Any

import pytest
import yaml

from integration.api.kubectl import Kubectl
from segcompress_api.job import SegCompressionJob
from unit.api.act_files import OLD_QUANT_FILE, OLD_SPARSE_FILE, QUANT_FILE, SPARSE_FILE, loaded
from unit.api.jobs import changed, job

_TRAIN: dict[str, Any] = {"epochs": 1, "learning_rate": 0.1}


@pytest.mark.parametrize(
    "strategy",
    [
        pytest.param(loaded(OLD_SPARSE_FILE), id="sparse, old spelling"),
        pytest.param(loaded(SPARSE_FILE), id="sparse, current spelling"),
        pytest.param(loaded(OLD_QUANT_FILE), id="quantised, old spelling"),
        pytest.param(loaded(QUANT_FILE), id="quantised, current spelling"),
        pytest.param({**loaded(SPARSE_FILE), "QuantAware": {}}, id="sparse, then quantised"),
        pytest.param({"QuantPost": {"algo": "KL"}}, id="quantised without a training"),
        pytest.param({"configUri": "s3://models/act.yaml"}, id="configUri"),
        pytest.param({"preset": "SparseDistillation"}, id="preset"),
        pytest.param({**loaded(SPARSE_FILE), "Global": {"batch_size": 4}}, id="a pasted Global"),
        pytest.param(
            {
                "UnstructurePrune": {"prune_mode": "threshold", "threshold": 0.01},
                "TrainConfig": {"train_iter": 1, "learning_rate": {"type": "StepDecay", "step_size": 1}},
            },
            id="threshold, and a schedule",
        ),
        pytest.param(
            {
                "Distillation": {"node": [["a"], ["b", "c"]], "loss": ["l2", "dkd"], "alpha": [1, 0.5]},
                "QuantAware": {},
                "TrainConfig": _TRAIN,
            },
            id="lists of lists",
        ),
    ],
)
def test_a_strategy_is_stored_as_it_was_written(
    kubectl: Kubectl, name: str, strategy: dict[str, Any]
) -> None:
    body = changed(job(name), "spec.strategy", strategy)

    answer = kubectl.send("apply", body)

    assert answer.code == 0, answer.err
    stored = kubectl.get(name)
    read = SegCompressionJob.model_validate(stored, by_name=False)
    assert read.spec == SegCompressionJob.model_validate(body, by_name=False).spec


def test_a_network_is_taken_with_paddlesegs_own_output_by_default(kubectl: Kubectl, name: str) -> None:
    network = {
        "configUri": "s3://models/net.yml",
        "weightsUri": "s3://models/net.pdparams",
        "inputShape": [-1, 3, 512, 1024],
    }

    answer = kubectl.send("apply", changed(job(name), "spec.model", {"paddleseg": network}))

    assert answer.code == 0, answer.err
    assert kubectl.get(name)["spec"]["model"] == {"paddleseg": {**network, "outputOp": "argmax"}}


def test_a_number_with_an_exponent_reaches_the_resource_as_a_number(kubectl: Kubectl, name: str) -> None:
    text = yaml.safe_dump(changed(job(name), "spec.strategy.TrainConfig.learning_rate", 0.75))

    answer = kubectl.run("apply", "-f", "-", stdin=text.replace("learning_rate: 0.75", "learning_rate: 5e-3"))

    assert answer.code == 0, answer.err
    assert kubectl.get(name)["spec"]["strategy"]["TrainConfig"]["learning_rate"] == 0.005


def test_a_new_object_is_not_current_to_kstatus(kubectl: Kubectl, name: str) -> None:
    kubectl.send("create", {**job(name), "status": {"phase": "Succeeded", "observedGeneration": 1}})

    assert kubectl.get(name)["status"] == {"observedGeneration": -1}


def test_defaults_are_those_of_the_types(kubectl: Kubectl, name: str) -> None:
    kubectl.send("create", job(name))

    spec = kubectl.get(name)["spec"]
    expected = SegCompressionJob.model_validate(job(name)).spec.to_wire()
    assert spec["benchmark"] == expected["benchmark"]
    assert spec["acceptance"] == {}
    assert spec["dataset"] == expected["dataset"]
    assert spec["model"] == expected["model"]
    assert (spec["runtime"]["device"], spec["runtime"]["gpus"]) == ("GPU", 1)
    for key in ("seed", "suspend", "backoffLimit", "preemptionLimit", "activeDeadlineSeconds"):
        assert spec[key] == expected[key]


def test_applying_the_same_object_again_changes_nothing(kubectl: Kubectl, name: str) -> None:
    seen = []
    for _ in range(3):
        answer = kubectl.send("apply", job(name), "--server-side")
        assert answer.code == 0, answer.err
        seen.append(kubectl.get(name))

    versions = [body["metadata"].pop("resourceVersion") for body in seen]
    assert seen[0] == seen[1] == seen[2]
    assert seen[0]["metadata"]["generation"] == 1
    # The first update stores status's default, which a create leaves out; after that nothing is written.
    assert versions[1] == versions[2]


def test_wait_for_the_end_waits_and_then_answers(kubectl: Kubectl, name: str) -> None:
    kubectl.send("create", job(name))
    now = ("wait", f"scj/{name}", "--for=condition=Finished", "--timeout=0")
    finished = {
        "type": "Finished",
        "status": "True",
        "reason": "Succeeded",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }

    new = kubectl.run(*now)
    kubectl.patch_status(name, {"conditions": [finished]})
    stale = kubectl.run(*now)
    kubectl.patch_status(name, {"observedGeneration": 1})
    current = kubectl.run(*now)

    assert "condition not met" in new.err
    assert "condition not met" in stale.err, "a status of another generation is no answer"
    assert (current.code, current.err) == (0, "")


def test_status_is_written_apart_from_the_spec(kubectl: Kubectl, name: str) -> None:
    kubectl.send("create", job(name))
    status = {"observedGeneration": 1, "phase": "Running", "attempts": {"failed": 1}}

    answer = kubectl.patch_status(name, status)

    assert answer.code == 0, answer.err
    stored = kubectl.get(name)
    assert stored["status"] == status
    assert stored["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        pytest.param({"miou": 0.5, "sizeBytes": 1}, "must be of type string", id="a float"),
        pytest.param({"miou": "NaN", "sizeBytes": 1}, "should match", id="NaN"),
        pytest.param(
            {"miou": "0.5", "sizeBytes": 2**60}, "should be less than or equal to", id="a huge size"
        ),
    ],
)
def test_status_takes_no_float(kubectl: Kubectl, name: str, figures: dict[str, Any], words: str) -> None:
    kubectl.send("create", job(name))
    status = {"metrics": {"baseline": figures}}

    answer = kubectl.patch_status(name, status)

    assert answer.code != 0
    assert words in answer.err


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        pytest.param(
            "scj.spec.strategy.UnstructurePrune",
            [
                "Unstructured sparsity: the weights that `criterion` chooses become zero.",
                "gmp_config",
                "The ramp of prune_strategy gmp.",
                "pruned_ratio",
                "Old name of ratio.",
                "enum: ratio, threshold",
            ],
            id="a section",
        ),
        pytest.param(
            "scj.spec.strategy.Distillation.alpha", ["Weight of the distillation loss"], id="a leaf"
        ),
        pytest.param(
            "scj.spec",
            ["Immutable except for suspend and ttlSecondsAfterFinished", "storage", "-required-"],
            id="spec",
        ),
        pytest.param("scj.status.conditions", ["Finished", "lastTransitionTime"], id="status"),
    ],
)
def test_explain_teaches(kubectl: Kubectl, path: str, lines: list[str]) -> None:
    answer = kubectl.run("explain", path)

    assert answer.code == 0, answer.err
    told = " ".join(answer.out.split())  # whatever its lines are
    assert [line for line in lines if line not in told] == []


def test_get_shows_the_figures(kubectl: Kubectl, name: str) -> None:
    kubectl.send("create", job(name))
    figures = {"miou": "0.9235", "sizeBytes": 555918, "sparsity": "0.7497"}
    metrics = {"baseline": figures, "compressed": figures, "miouDrop": "0.0052", "speedup": "1.4946"}
    status = {"phase": "Succeeded", "strategy": "UnstructurePrune", "metrics": metrics}
    kubectl.patch_status(name, status)

    short = kubectl.run("get", "scj", name).out.splitlines()
    wide = kubectl.run("get", "scj", name, "-o", "wide").out.splitlines()

    assert short[0].split() == ["NAME", "PHASE", "STAGE", "PROGRESS", "MIOU", "DROP", "SPEEDUP", "AGE"]
    assert short[1].split()[:5] == [name, "Succeeded", "0.9235", "0.0052", "1.4946"]
    assert wide[0].split()[8:10] == ["STRATEGY", "REASON"]
    assert {"UnstructurePrune", "0.7497", "555918"} <= set(wide[1].split())


def test_category_has_jobs(kubectl: Kubectl, name: str) -> None:
    kubectl.send("create", job(name))
    named = kubectl.run("get", "segcompress", "-o", "name").out.splitlines()
    assert f"segcompressionjob.segcompress.dev/{name}" in named


def test_get_shows_how_far_a_run_is(kubectl: Kubectl, name: str) -> None:
    kubectl.send("create", job(name))
    progress = {"stage": "Compress", "step": 36, "percent": 35, "lastUpdateTime": "2026-11-01T12:00:00Z"}
    kubectl.patch_status(name, {"phase": "Running", "progress": progress})
    assert kubectl.run("get", "scj", name).out.splitlines()[1].split()[:4] == [
        name,
        "Running",
        "Compress",
        "35",
    ]
