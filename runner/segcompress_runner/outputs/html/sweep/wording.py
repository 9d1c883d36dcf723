"""What a sweep's report says, row by row. Pure."""

import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

import yaml

from segcompress_runner.outputs.html.sweep.figures import asked, baseline_of, in_sentence, label, written
from segcompress_runner.outputs.html.units import NONE, shortened
from segcompress_runner.outputs.sweep.swept import ACCEPTABLE, Standing, Swept, SweptTrial

_WHY_LIMIT = 240
STATES: Mapping[Standing, tuple[str, str]] = {
    "best": ("✓", "best"),
    "frontier": ("✓", "on the frontier"),
    "beaten": ("✓", "dominated"),
    "constraint": ("✗", "violates a constraint"),
    "rejected": ("✗", "missed a gate"),
    "stopped": ("✗", "stopped early"),
    "failed": ("✗", "failed"),
    "going": ("…", "not ended"),
}
"""Mark and label of each standing."""


_SHORT: Mapping[Standing, str] = {
    "rejected": "missed a gate",
    "constraint": "violated a constraint",
    "stopped": "stopped early",
    "failed": "failed",
}
"""Why trials are not acceptable."""


@dataclass(frozen=True)
class Verdict:
    """The result of the sweep as a headline and a sentence; `tone` is a class of the style sheet."""

    tone: str
    headline: str
    sentence: str
    next_step: str
    note: str = ""


@dataclass(frozen=True)
class Cell:
    """The text of a table cell, and the value to sort by."""

    text: str
    value: str


@dataclass(frozen=True)
class FigureRow:
    """A figure of the best trial: what was asked for, the baseline's, and the ends of the frontier."""

    name: str
    asked: str
    baseline: str
    best: str
    ends: str


@dataclass(frozen=True)
class TrialRow:
    """A trial in the table."""

    index: int
    name: str
    standing: Standing
    order: int
    mark: str
    state: str
    parameters: tuple[Cell, ...]
    figures: tuple[Cell, ...]
    why: str
    href: str
    report: str


def title(swept: Swept) -> str:
    """Return the name of the sweep with its namespace."""
    return f"{swept.namespace}/{swept.name}" if swept.namespace else swept.name


def verdict(swept: Swept) -> Verdict:
    """Return which trial to ship and why, or why there is none."""
    return replace(_verdict(swept), note=_known(swept))


def _verdict(swept: Swept) -> Verdict:
    best = swept.best
    if best is None:
        return _none(swept)
    sentence = _case_for(swept, best)
    if swept.ended:
        return Verdict("passed", f"Ship trial {best.trial.index}", sentence, _promotion(best))
    lead = f"{_standing_of_the_sweep(swept)} "
    return Verdict("going", f"Not ended: trial {best.trial.index} leads", lead + sentence, _promotion(best))


def _case_for(swept: Swept, best: SweptTrial) -> str:
    """Return why the best trial is the best."""
    reached = " and ".join(
        f"{in_sentence(each.metric)} {written(each.metric, best.trial.figures[each.metric])}"
        for each in swept.spec.objectives
    )
    told = [
        f"Trial {best.trial.index} has {reached}, with {_settings(swept, best)}.",
        _why(swept),
        _others(swept),
    ]
    return " ".join(filter(None, told))


def _known(swept: Swept) -> str:
    """Return a note on known trials that are on the status's frontier, but not on this page."""
    if not swept.known:
        return ""
    best = swept.status.best_trial
    lead = f"{best.name} is the best of all. " if best is not None and best.name in swept.known else ""
    return (
        f"{lead}status.frontier also has known trials: {', '.join(swept.known)}. "
        "Figures and charts on this page show only the sweep's own trials."
    )


def _why(swept: Swept) -> str:
    acceptable = sum(standing in ACCEPTABLE for standing in swept.standings.values())
    if acceptable == 1:
        return "It is the only trial that succeeded and satisfies every constraint."
    first = in_sentence(swept.spec.objectives[0].metric)
    return f"Of {acceptable} trials that succeeded and satisfy every constraint, it has the best {first}."


def _others(swept: Swept) -> str:
    others = len(swept.frontier) - 1
    if not others:
        return "" if len(swept.spec.objectives) == 1 else "No other trial is better in any objective."
    if len(swept.spec.objectives) == 1:
        return f"{others} more {'is' if others == 1 else 'are'} as good."
    return (
        f"{others} more {'is' if others == 1 else 'are'} on the frontier: better in one objective, "
        "worse in another."
    )


def _none(swept: Swept) -> Verdict:
    counts = Counter(swept.standings.values())
    told = [f"{counts[standing]} {words}" for standing, words in _SHORT.items() if counts[standing]]
    if not swept.ended:
        return Verdict("going", "Not ended", f"{_standing_of_the_sweep(swept)} None is acceptable yet.", "")
    sentence = f"Of {len(swept.trials)} trials {', '.join(told)}." if told else "No trial was created."
    return Verdict("missed", "No acceptable trial", sentence, "")


def _standing_of_the_sweep(swept: Swept) -> str:
    ended = sum(one.trial.ended for one in swept.trials)
    return f"{ended} of at most {swept.spec.max_trials} trials have ended."


def _settings(swept: Swept, one: SweptTrial) -> str:
    """Return its parameters: an annotation has them, and may have whatever somebody wrote beside them."""
    point = one.trial.point
    names = [each.name for each in swept.spec.parameters if each.name in point]
    return ", ".join(f"{name} {shortened(point[name], 40)}" for name in names) or "no parameters"


def _promotion(best: SweptTrial) -> str:
    """Return the command that promotes the best trial; empty if it has no manifest."""
    if best.manifest is None:
        return ""
    digest = f" \\\n    --sha256 {best.manifest.sha256}" if best.manifest.sha256 else ""
    return f"segcompress promote {shlex.quote(best.manifest.uri)} s3://BUCKET/FOLDER/{digest}"


def figure_rows(swept: Swept) -> list[FigureRow]:
    """Return the objectives and then the constraints, each with the best trial's figure."""
    best = swept.best
    figures: Mapping[str, str] = best.trial.figures if best else {}
    rows = [
        FigureRow(
            label(each.metric),
            "as high as possible" if each.goal == "Maximize" else "as low as possible",
            _figure(figures, baseline_of(each.metric), each.metric),
            _figure(figures, each.metric, each.metric),
            _ends(swept, each.metric),
        )
        for each in swept.spec.objectives
    ]
    return rows + [
        FigureRow(
            label(each.metric),
            asked(each),
            _figure(figures, baseline_of(each.metric), each.metric),
            _figure(figures, each.metric, each.metric),
            _ends(swept, each.metric),
        )
        for each in swept.spec.constraints
    ]


def _figure(figures: Mapping[str, str], name: str | None, metric: Any) -> str:
    text = figures.get(name) if name else None
    return NONE if text is None else written(metric, text)


def _ends(swept: Swept, metric: Any) -> str:
    texts = [one.trial.figures[metric] for one in swept.frontier if metric in one.trial.figures]
    ends = [f(texts, key=float) for f in (min, max)] if texts else []
    return " to ".join(dict.fromkeys(written(metric, text) for text in ends)) or NONE


def columns(swept: Swept) -> list[str]:
    """Return the names of the metrics in each trial's row."""
    return [label(metric) for metric in _metrics(swept)]


def trial_rows(swept: Swept, links: Mapping[int, str]) -> list[TrialRow]:
    """Return every trial in the order of its index; `links` lead to their reports."""
    return [_row(swept, one, links) for one in swept.trials]


def _row(swept: Swept, one: SweptTrial, links: Mapping[int, str]) -> TrialRow:
    trial, standing = one.trial, swept.standings[one.trial.index]
    mark, words = STATES[standing]
    phase = one.status.phase
    return TrialRow(
        index=trial.index,
        name=trial.name,
        standing=standing,
        order=get_args(Standing).index(standing),
        mark=mark,
        state=words if standing != "going" or phase is None else phase,
        parameters=tuple(_cell(trial.point.get(each.name)) for each in swept.spec.parameters),
        figures=tuple(
            Cell(_figure(trial.figures, metric, metric), trial.figures.get(metric, ""))
            for metric in _metrics(swept)
        ),
        why=_reason(swept, one, standing),
        href=links.get(trial.index, ""),
        report=one.report.uri if one.report else "",
    )


def _cell(text: str | None) -> Cell:
    return Cell(NONE if text is None else text, text or "")


def _metrics(swept: Swept) -> tuple[Any, ...]:
    return swept.target.metrics


def _reason(swept: Swept, one: SweptTrial, standing: Standing) -> str:
    """Return which gate or constraint a trial missed, or why it was stopped or failed."""
    if standing == "constraint":
        broken = [
            f"{label(each.metric)} {_figure(one.trial.figures, each.metric, each.metric)}, not {asked(each)}"
            for each, excess in zip(swept.spec.constraints, swept.target.excess(one.trial)[1:], strict=True)
            if excess > 0
        ]
        return "; ".join(broken) or "an objective was not measured"
    if standing == "stopped":
        return shortened(one.words[1], _WHY_LIMIT)
    if standing in ("rejected", "failed"):
        return shortened(": ".join(filter(None, one.words)), _WHY_LIMIT)
    return ""


def settings(swept: Swept) -> str:
    """Return the whole spec as YAML."""
    return yaml.safe_dump(swept.spec.to_wire(), sort_keys=False, allow_unicode=True, width=100)
