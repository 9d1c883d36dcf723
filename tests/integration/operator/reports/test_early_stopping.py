"""Trials that are stopped early, on a real API server: pods report, and the sweep decides."""

from pathlib import Path

import yaml

from documents import ROOT
from integration.operator.api import Api, Body, eventually
from integration.operator.reports.listening import Start, make_namespace, tells
from integration.operator.stage import Stage
from integration.operator.sweep_stage import GRID, SweepStage, sweep_spec
from integration.operator.tokens import issued
from segcompress_api.progress import ProgressReport, TrainingEvaluation
from segcompress_api.progress import Stage as RunStage

EARLY = {"name": "MedianStop", "startStep": 100, "minTrials": 2}
WHY = "Stopped by MedianStop at step 100: mIoU 0.1000, median of 2 trials 0.5000"


class Trained(SweepStage):
    """A sweep whose pods train and report."""

    def __init__(self, api: Api, folder: Path) -> None:
        super().__init__(api, make_namespace(api))
        self._token = folder / "token"
        self._seen: set[str] = set()

    def trial(self, pod: Body) -> Stage:
        """Return the trial that a pod belongs to."""
        return Stage(self.api, self.namespace, pod["metadata"]["labels"]["segcompress.dev/job-name"])

    def next_pod(self) -> Body:
        """Wait for a pod that was not seen before, and let it run on a node."""
        pod = self._new_pod()
        self._seen.add(pod["metadata"]["uid"])
        trial = self.trial(pod)
        trial.bind(pod, "gpu-1")
        return trial.runs(pod)

    def _new_pod(self) -> Body:
        def look() -> Body | None:
            return next((pod for pod in self.pods() if pod["metadata"]["uid"] not in self._seen), None)

        return eventually(look, "a new pod")

    def evaluates(self, pod: Body, *mious: str, every: int = 100) -> None:
        """Report an evaluation after each `every` steps, and wait until the trial's status shows them."""
        evaluations = tuple(
            TrainingEvaluation(step=every * number, miou=miou) for number, miou in enumerate(mious, start=1)
        )
        report = ProgressReport(stage=RunStage.COMPRESS, step=every * len(mious), evaluations=evaluations)
        token = issued(self.api, pod)

        def sent() -> bool:
            try:
                tells(pod, token, self._token, report)
            except OSError:
                return False
            return True

        eventually(sent, "a report taken in")
        wanted = [each.to_wire() for each in evaluations]
        eventually(lambda: self.trial(pod).status().get("evaluations") == wanted, "the evaluations")


def test_a_trial_that_trains_worse_is_stopped_and_never_runs_again(
    api: Api, start: Start, tmp_path: Path
) -> None:
    operator, sweep = start(), Trained(api, tmp_path)
    sweep.apply(sweep_spec(earlyStopping=EARLY, maxFailedTrials=0))
    for miou in ("0.4000", "0.6000"):
        pod = sweep.next_pod()
        sweep.evaluates(pod, miou)
        sweep.ends(pod)
        sweep.trial(pod).reaches("Complete", "Succeeded")
    worse, better = sweep.next_pod(), sweep.next_pod()
    sweep.evaluates(better, "0.5000")
    sweep.evaluates(worse, "0.1000")
    stopped = sweep.trial(worse)
    assert stopped.reaches("Finished", "StoppedEarly", "False")["message"] == WHY
    eventually(lambda: _is_deleted(stopped), "its Job deleted")

    operator.kill()  # a decision is not forgotten
    stopped.ends_deleted(worse, 5)
    start()
    assert stopped.reaches("Failed", "StoppedEarly")["message"] == WHY
    following = sweep.next_pod()
    assert sweep.points() == GRID[:5]
    counts = {"total": 5, "running": 2, "succeeded": 2, "failed": 0, "rejected": 0, "stopped": 1}
    eventually(lambda: sweep.status().get("trials") == counts, "the counts")
    assert sweep.condition("Reconciling")["message"] == "2 trial(s) running, 3 of 6 ended; 1 stopped early"
    assert stopped.status()["evaluations"] == [{"step": 100, "miou": "0.1000"}]
    assert stopped.status()["attempts"]["preempted"] == 0

    sweep.edit(maxTrials=100)
    for pod in (better, following):
        sweep.ends(pod)
    sweep.plays()
    assert "6 trial(s) ended, 1 of them stopped early" in sweep.reaches("Complete", "Succeeded")["message"]
    assert sweep.points() == GRID
    jobs = [
        job["metadata"]["labels"]["segcompress.dev/job-name"] for job in api.list("jobs", sweep.namespace)
    ]
    assert stopped.name not in jobs
    assert sorted({event["reason"] for event in stopped.events()}) == ["Started", "StoppedEarly"]


def test_the_example_stops_the_worse_trials_and_ends_with_its_best(
    api: Api, start: Start, tmp_path: Path
) -> None:
    operator, sweep = start(), Trained(api, tmp_path)
    spec = yaml.safe_load((ROOT / "examples/06-early-stopping/sweep.yaml").read_text())["spec"]
    sweep.apply(spec)
    early = spec["earlyStopping"]
    stopped = 0
    for number in range(spec["maxTrials"]):
        pod = sweep.next_pod()
        is_worse = number >= early["minTrials"] and number % 2 == 0
        sweep.evaluates(pod, "0.1000" if is_worse else "0.7000", every=early["startStep"])
        if is_worse:
            sweep.trial(pod).ends_deleted(pod, 5)
            sweep.trial(pod).reaches("Failed", "StoppedEarly")
            stopped += 1
        else:
            sweep.ends(pod)
            sweep.trial(pod).reaches("Complete", "Succeeded")
    words = f"12 trial(s) ended, {stopped} of them stopped early; best is "
    assert sweep.reaches("Complete", "Succeeded")["message"].startswith(words)
    assert sweep.status()["trials"]["stopped"] == stopped == 4
    assert operator.runs()


def _is_deleted(trial: Stage) -> bool:
    query = f"labelSelector=segcompress.dev/job-name={trial.name}"
    return all(
        job["metadata"].get("deletionTimestamp") for job in trial.api.list("jobs", trial.namespace, query)
    )
