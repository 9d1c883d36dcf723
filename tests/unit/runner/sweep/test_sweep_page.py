"""What the page of a sweep says, and that nothing in it comes from elsewhere."""

import base64
import hashlib
import json
import re
import shlex

import pytest

import sweeps
from segcompress_runner.outputs.html.sweep import wording
from segcompress_runner.outputs.html.sweep.page import render_sweep
from segcompress_runner.outputs.sweep.links import bucket_links, place_of
from segcompress_runner.outputs.sweep.reading import read_sweep
from sweeps import KIND, LATENCY, MIOU, NAME, RATIO, SIZE, Sweep, swept
from unit.runner.report.test_page import DRAWN, HOSTILE, Elements, tags, words


def test_best_trial_comes_first_and_says_why() -> None:
    read = swept()
    told = wording.verdict(read)
    assert (told.tone, told.headline) == ("passed", "Ship trial 6")
    assert told.sentence == (
        "Trial 6 has mIoU 0.9258 and latency 18.50 ms, with ratio 0.5, rate 0.000933403. "
        "Of 16 trials that succeeded and satisfy every constraint, it has the best mIoU. "
        "6 more are on the frontier: better in one objective, worse in another."
    )
    manifest = read.trials[6].manifest
    assert manifest is not None
    assert told.next_step == (
        f"segcompress promote {manifest.uri} s3://BUCKET/FOLDER/ \\\n    --sha256 {manifest.sha256}"
    )


def test_verdict_shows_the_sweeps_own_parameters_alone() -> None:
    sweep, *jobs = json.loads(sweeps.text())["items"]
    point = {"ratio": "0.5\x1b[2J", "\x1b]0;owned\x07": "1"}
    jobs[6]["metadata"]["annotations"]["segcompress.dev/parameters"] = json.dumps(point)
    read = read_sweep(json.dumps({"kind": "List", "items": [sweep, *jobs]}), "-", NAME)
    told = wording.verdict(read)
    assert "with ratio 0.5\N{REPLACEMENT CHARACTER}[2J. Of" in told.sentence
    assert told.sentence.isprintable()


def test_command_to_copy_is_one_command_whatever_the_address_holds() -> None:
    sweep, *jobs = json.loads(sweeps.text())["items"]
    uri = "s3://compressed/$(touch x); it's/measurements/0/manifest.json"
    jobs[6]["status"]["artifacts"]["manifest"]["uri"] = uri
    read = read_sweep(json.dumps({"kind": "List", "items": [sweep, *jobs]}), "-", NAME)
    command = wording.verdict(read).next_step
    assert f"promote {shlex.quote(uri)} s3://BUCKET" in command
    assert shlex.split(command.replace("\\\n", ""))[2] == uri


@pytest.mark.parametrize(
    ("sweep", "headline", "sentence"),
    [
        pytest.param(
            Sweep(trials=10, lost=0.05),
            "No acceptable trial",
            "Of 10 trials 9 missed a gate, 1 failed.",
            id="none acceptable",
        ),
        pytest.param(Sweep(trials=0), "No acceptable trial", "No trial was created.", id="none made"),
        pytest.param(
            Sweep(trials=9, lost=0.05, ended=False),
            "Not ended",
            "8 of at most 64 trials have ended. None is acceptable yet.",
            id="none yet",
        ),
        pytest.param(
            Sweep(trials=9, ended=False, objectives=(MIOU,)),
            "Not ended: trial 6 leads",
            "8 of at most 64 trials have ended. Trial 6 has mIoU 0.9258, with ratio 0.5, rate 0.000933403. "
            "Of 6 trials that succeeded and satisfy every constraint, it has the best mIoU.",
            id="one leads",
        ),
    ],
)
def test_sweep_without_an_end_or_a_best_trial_says_so(sweep: Sweep, headline: str, sentence: str) -> None:
    told = wording.verdict(swept(sweep))
    assert (told.headline, told.sentence) == (headline, sentence)


def test_known_jobs_of_the_frontier_are_named() -> None:
    sweep, *jobs = json.loads(sweeps.text())["items"]
    known = {"name": "by-hand", "metrics": {"compressed.miou": "0.9999"}}
    own = {"name": jobs[6]["metadata"]["name"]}
    sweep["status"] |= {"bestTrial": known, "frontier": [known, own]}
    read = read_sweep(json.dumps({"kind": "List", "items": [sweep, *jobs]}), "-", NAME)
    assert wording.verdict(read).note == (
        "by-hand is the best of all. status.frontier also has known trials: by-hand. "
        "Figures and charts on this page show only the sweep's own trials."
    )
    assert wording.verdict(swept()).note == ""


def test_every_trial_has_a_row_with_what_it_missed() -> None:
    rows = {row.index: row for row in wording.trial_rows(swept(), {})}
    assert list(rows) == list(range(24))
    assert (rows[6].state, rows[6].why) == ("best", "")
    assert (rows[5].state, rows[5].why) == ("violates a constraint", "mIoU drop 0.0245, not at most 0.02")
    assert rows[0].why.startswith("AcceptanceNotMet: mIoU on PaddleInference (default): 0.8963, asked for")
    assert (rows[9].state, rows[9].why) == ("failed", "RunnerCrashed: the pod ended with exit code 1")
    assert [cell.text for cell in rows[9].figures] == ["–", "–", "–"]
    going = wording.trial_rows(swept(Sweep(trials=9, ended=False)), {})[8]
    assert (going.state, going.why) == ("Running", "")


def test_a_trial_that_was_stopped_early_says_why() -> None:
    document = json.loads(sweeps.text(Sweep(trials=2)))
    why = "Stopped by MedianStop at step 400: mIoU 0.4100, median of 6 trials 0.5500"
    finished = {"type": "Finished", "status": "True", "reason": "StoppedEarly", "message": why}
    for job in document["items"][1:]:
        conditions = [{**finished, "lastTransitionTime": "2026-01-02T03:04:05Z"}]
        job["status"] = {"phase": "Failed", "conditions": conditions}
    read = read_sweep(json.dumps(document), "-", NAME)
    assert [(row.state, row.why) for row in wording.trial_rows(read, {})] == [("stopped early", why)] * 2
    assert wording.verdict(read).sentence == "Of 2 trials 2 stopped early."


def test_figures_of_the_best_trial_stand_beside_the_baselines() -> None:
    rows = {row.name: row for row in wording.figure_rows(swept(Sweep(objectives=(MIOU, LATENCY, SIZE))))}
    assert (rows["mIoU"].asked, rows["mIoU"].baseline, rows["mIoU"].best) == (
        "as high as possible",
        "0.9287",
        "0.9258",
    )
    assert (rows["Size"].asked, rows["Size"].baseline) == ("as low as possible", "555.9 kB")
    assert (rows["mIoU drop"].asked, rows["mIoU drop"].baseline) == ("at most 0.02", "–")
    assert " ms to " in rows["Latency"].ends


def labels(page: str) -> list[str]:
    """Return what each chart shows, in words."""
    return [found["aria-label"] or "" for tag, found in Elements(page).found if tag == "svg"]


def test_each_pair_of_objectives_has_a_chart() -> None:
    told = labels(sweeps.page(Sweep(objectives=(MIOU, LATENCY, SIZE), parameters=(RATIO, KIND))))
    assert [each.partition(" of ")[0] for each in told[:3]] == [
        "mIoU over Latency",
        "mIoU over Size",
        "Latency over Size",
    ]
    assert told[3].startswith("22 trials as lines over 5 axes: ratio, schedule, mIoU (better on the right), ")
    assert [each.partition(";")[0] for each in told[4:]] == [
        f"Importance of 2 parameters for {name}" for name in ("mIoU", "Latency", "Size")
    ]


def test_one_objective_has_its_history() -> None:
    assert labels(sweeps.page(Sweep(objectives=(MIOU,))))[0] == "mIoU of 22 trials, and the best so far."


def test_sweep_without_figures_has_no_charts_and_is_still_a_page() -> None:
    told = words(sweeps.page(Sweep(trials=0)))
    assert "No acceptable trial" in told
    assert "0 trials have metrics; at least 10" in told


def hostile_page(name: str) -> str:
    """Return a page on which values, messages and addresses are `name`."""
    document = json.loads(sweeps.text(Sweep(trials=12)))
    sweep, *jobs = document["items"]
    sweep["spec"]["parameters"] = [{**RATIO, "values": [name, "0.5"]}, KIND]
    for job in jobs:
        point = {"ratio": name, "schedule": "gmp"}
        job["metadata"]["annotations"] = {"segcompress.dev/parameters": json.dumps(point)}
        for condition in job["status"]["conditions"]:
            condition["message"] = name
        if "artifacts" in job["status"]:
            job["status"]["artifacts"]["report"]["uri"] = f"s3://compressed/{name}"
    read = read_sweep(json.dumps(document), "-", NAME)
    return render_sweep(read, bucket_links(read, place_of(read)))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_name_becomes_markup_or_leads_elsewhere(hostile: str) -> None:
    harmless, page = hostile_page("x"), hostile_page(hostile)
    assert [tag for tag in tags(page) if tag not in DRAWN] == [
        tag for tag in tags(harmless) if tag not in DRAWN
    ]
    for _, attributes in Elements(page).found:
        assert not [name for name in attributes if name.startswith("on")]
        address = attributes.get("href") or attributes.get("src") or "#"
        assert address.startswith(("#", "..", "./", "data:,"))


def test_the_one_script_is_the_one_that_the_policy_allows() -> None:
    page = sweeps.page()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    assert policy is not None
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert policy[1] == (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    )


def test_equal_sweeps_give_equal_bytes() -> None:
    assert sweeps.page() == sweeps.page()


def test_ids_are_unique() -> None:
    page = sweeps.page(Sweep(objectives=(MIOU, LATENCY, SIZE)))
    ids = [attributes["id"] for _, attributes in Elements(page).found if "id" in attributes]
    assert len(ids) == len(set(ids))
