"""Applies the example's SegCompressionSweep and shows its trials until the sweep has finished."""

import json
import time
from typing import Any

import yaml

from demo.console import say
from demo.inputs import Inputs
from demo.jobs import NAMESPACE, Resource, condition, point
from demo.table import Row, table
from demo.target import ROOT, Target

SWEEP = ROOT / "examples" / "04-sweep" / "sweep.yaml"
_SWEEP_LABEL = "segcompress.dev/sweep-name"
_POLL_SECONDS = 2.0


def sweep_for(inputs: Inputs, target: Target) -> Resource:
    """Return the example's sweep, pointed at `inputs` in the target's store."""
    sweep: Resource = yaml.safe_load(SWEEP.read_text())
    point(sweep["spec"]["template"]["spec"], sweep["metadata"], inputs, target)
    return sweep


def run_sweep(sweep: Resource, target: Target) -> Resource:
    """Apply `sweep` anew, report each trial that ends, and return the finished sweep."""
    name = sweep["metadata"]["name"]
    target.kubectl("delete", "-n", NAMESPACE, "--ignore-not-found", "scs", name)
    # Trials of an earlier run are garbage collected; until then their pods would use this one's processors.
    target.kubectl("delete", "-n", NAMESPACE, "--ignore-not-found", "scj", "-l", f"{_SWEEP_LABEL}={name}")
    target.kubectl("apply", "-n", NAMESPACE, "-f", "-", fed=json.dumps(sweep))
    finished = _follow(name, target)
    end = condition(finished, "Finished")
    say(f"   {finished['status']['phase']} ({end['reason']}): {end['message']}")
    return finished


def frontier_table(sweep: Resource) -> str:
    """Return the models worth shipping as a table, best by the first objective first."""
    spec, status = sweep["spec"], sweep["status"]
    parameters = [each["name"] for each in spec["parameters"]]
    objectives = [each["metric"] for each in spec["objectives"]]
    constraints = [each["metric"] for each in spec.get("constraints", ())]
    metrics = list(dict.fromkeys([*objectives, *constraints]))
    rows: list[Row] = [("trial", *parameters, *metrics)]
    for trial in status.get("frontier", ()):
        figures = [trial["metrics"].get(each, "-") for each in metrics]
        rows.append((trial["name"], *(trial["parameters"][each] for each in parameters), *figures))
    return table(rows)


def trial_line(trial: Resource) -> str:
    """Return what is printed about a trial that has ended."""
    parameters: dict[str, Any] = json.loads(trial["metadata"]["annotations"]["segcompress.dev/parameters"])
    at = ", ".join(f"{name} {value}" for name, value in parameters.items())
    end = condition(trial, "Finished")
    return f"{trial['metadata']['name']} ({at}): {end['reason']}: {end['message']}"


def _follow(name: str, target: Target) -> Resource:
    """Poll the sweep and its trials until the sweep has finished; return the sweep."""
    told: set[str] = set()
    shown = ""
    while True:
        sweep: Resource = json.loads(target.kubectl("get", "-n", NAMESPACE, "scs", name, "-o", "json"))
        _tell_ends(name, told, target)
        if condition(sweep, "Finished").get("status") == "True":
            return sweep
        state = condition(sweep, "Reconciling").get("message", "")
        if state != shown:
            shown = state
            say(f"   {state}")
        time.sleep(_POLL_SECONDS)


def _tell_ends(name: str, told: set[str], target: Target) -> None:
    selector = f"{_SWEEP_LABEL}={name}"
    trials = json.loads(target.kubectl("get", "-n", NAMESPACE, "scj", "-l", selector, "-o", "json"))
    for trial in trials["items"]:
        key = trial["metadata"]["name"]
        if key not in told and condition(trial, "Finished").get("status") == "True":
            told.add(key)
            say(f"   {trial_line(trial)}")
