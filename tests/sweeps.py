"""A sweep and its trials as `kubectl get -o json` prints them, of as many trials as a test wants."""

import json
import random
from dataclasses import dataclass
from typing import Any

from segcompress_api.naming import trial_name
from segcompress_runner.outputs.html.sweep.page import render_sweep
from segcompress_runner.outputs.sweep.links import bucket_links, place_of
from segcompress_runner.outputs.sweep.reading import read_sweep
from segcompress_runner.outputs.sweep.swept import Swept

Body = dict[str, Any]

NAME, NAMESPACE, UID = "humanseg", "vision", "5eed0000-1111-2222-3333-444455556666"
MIOU = {"metric": "compressed.miou", "goal": "Maximize"}
LATENCY = {"metric": "compressed.latencyMs", "goal": "Minimize"}
SIZE = {"metric": "compressed.sizeBytes", "goal": "Minimize"}
RATIO = {
    "name": "ratio",
    "path": "strategy.UnstructurePrune.ratio",
    "values": ["0.5", "0.65", "0.75", "0.85"],
}
RATE = {
    "name": "rate",
    "path": "strategy.TrainConfig.learning_rate",
    "range": {"min": "0.0001", "max": "0.01", "scale": "Log"},
}
KIND = {"name": "schedule", "path": "strategy.UnstructurePrune.prune_strategy", "values": ["gmp", "none"]}


@dataclass(frozen=True)
class Sweep:
    """What differs between the sweeps of tests."""

    trials: int = 24
    objectives: tuple[Body, ...] = (MIOU, LATENCY)
    parameters: tuple[Body, ...] = (RATIO, RATE)
    ended: bool = True
    lost: float = 0.0
    """mIoU that every trial loses in addition."""


def swept(sweep: Sweep = Sweep()) -> Swept:
    """Return the sweep as it is read."""
    return read_sweep(text(sweep), "-", NAME)


def page(sweep: Sweep = Sweep()) -> str:
    """Return its report."""
    read = swept(sweep)
    return render_sweep(read, bucket_links(read, place_of(read)))


def text(sweep: Sweep = Sweep()) -> str:
    """Return what `kubectl get scs,scj -o json` prints."""
    jobs = [job(sweep, index) for index in range(sweep.trials)]
    return json.dumps({"kind": "List", "items": [body(sweep), *jobs]})


def body(sweep: Sweep = Sweep()) -> Body:
    """Return the sweep itself."""
    finished = {"type": "Finished", "status": str(sweep.ended), "reason": "Succeeded"}
    return {
        "apiVersion": "segcompress.dev/v1alpha1",
        "kind": "SegCompressionSweep",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "uid": UID, "generation": 1},
        "spec": {
            "template": {"spec": _job_spec()},
            "parameters": list(sweep.parameters),
            "algorithm": {"name": "TPE", "seed": 1},
            "objectives": list(sweep.objectives),
            "constraints": [{"metric": "miouDrop", "max": "0.02"}],
            "maxTrials": 64,
        },
        "status": {
            "observedGeneration": 1,
            "conditions": [{**finished, "lastTransitionTime": "2026-01-02T03:04:05Z"}],
        },
    }


def job(sweep: Sweep, index: int, uid: str = UID) -> Body:
    """Return a trial: one in ten failed, and one in ten has not ended if the sweep has not."""
    chance = random.Random(index)  # noqa: S311 - no secret
    point = {one["name"]: _drawn(one, chance) for one in sweep.parameters}
    name = trial_name(NAME, uid, index)
    owner = {
        "apiVersion": "segcompress.dev/v1alpha1",
        "kind": "SegCompressionSweep",
        "name": NAME,
        "uid": uid,
        "controller": True,
    }
    return {
        "apiVersion": "segcompress.dev/v1alpha1",
        "kind": "SegCompressionJob",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": f"trial-{index}",
            "labels": {"segcompress.dev/sweep-name": NAME, "segcompress.dev/trial": str(index)},
            "annotations": {"segcompress.dev/parameters": json.dumps(point)},
            "ownerReferences": [owner],
        },
        "spec": _job_spec(),
        "status": _status(sweep, index, point, chance),
    }


def _drawn(parameter: Body, chance: random.Random) -> str:
    if "values" in parameter:
        return str(chance.choice(parameter["values"]))
    return f"{10 ** chance.uniform(-4, -2):.6g}"


def _status(sweep: Sweep, index: int, point: dict[str, str], chance: random.Random) -> Body:
    if index % 10 == 9:
        return {
            **_ended("Failed", "RunnerCrashed", "the pod ended with exit code 1"),
            "observedGeneration": 1,
        }
    if index % 10 == 8 and not sweep.ended:
        return {"observedGeneration": 1, "phase": "Running"}
    ratio = float(point.get("ratio", "0.75"))
    drop = sweep.lost + 0.06 * ratio**4 + chance.uniform(-0.004, 0.008)
    folder = f"s3://compressed/humanseg-sweep/{index:016x}"
    measured = {
        "observedGeneration": 1,
        "metrics": _metrics(ratio, drop, chance),
        "artifacts": {
            "manifest": {
                "uri": f"{folder}/measurements/{index:016x}/manifest.json",
                "sha256": f"{index:064x}",
            },
            "report": {"uri": f"{folder}/attempts/pod {index}/report.html", "sha256": f"{index:064x}"},
        },
    }
    if drop > 0.03:
        told = f"mIoU on PaddleInference (default): {0.9287 - drop:.4f}, asked for: at least 0.8987"
        return {**_ended("Failed", "AcceptanceNotMet", told), **measured}
    return {**_ended("Succeeded", "Succeeded", "every gate passed"), **measured}


def _metrics(ratio: float, drop: float, chance: random.Random) -> Body:
    latency = 24 - 9 * ratio + chance.uniform(-1, 1)
    return {
        "baseline": {"miou": "0.9287", "latencyMs": "23.800", "sizeBytes": 555918},
        "compressed": {
            "miou": f"{0.9287 - drop:.4f}",
            "latencyMs": f"{latency:.3f}",
            "sizeBytes": int(555918 * (1.1 - ratio)),
            "sparsity": f"{ratio:.4f}",
        },
        "runtime": "PaddleInference",
        "miouDrop": f"{drop:.4f}",
        "speedup": f"{23.8 / latency:.4f}",
    }


def _ended(phase: str, reason: str, message: str) -> Body:
    finished = {"type": "Finished", "status": "True", "reason": reason, "message": message}
    return {"phase": phase, "conditions": [{**finished, "lastTransitionTime": "2026-01-02T03:04:05Z"}]}


def _job_spec() -> Body:
    return {
        "model": {"inference": {"uri": "s3://models/pp_humanseg_lite/"}},
        "dataset": {
            "uri": "s3://datasets/humanseg/",
            "numClasses": 2,
            "trainTransforms": [{"type": "Resize", "target_size": [192, 192]}, {"type": "Normalize"}],
            "valTransforms": [{"type": "Resize", "target_size": [192, 192]}, {"type": "Normalize"}],
        },
        "strategy": {
            "Distillation": {"alpha": 1.0, "loss": "l2", "node": ["relu_30.tmp_0"]},
            "UnstructurePrune": {"ratio": 0.75, "prune_params_type": "conv1x1_only"},
            "TrainConfig": {"train_iter": 9000, "eval_iter": 300, "learning_rate": 0.005},
        },
        "output": {"uri": "s3://compressed/humanseg-sweep/"},
        "storage": {"secretRef": {"name": "object-store"}},
    }
