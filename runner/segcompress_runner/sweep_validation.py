"""What can be known of a sweep before any trial is created: the checks of the API server and of the operator.

A wrong setting of the template makes every trial wrong, and is reported once, where it stands.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from segcompress_api.act_settings import settings_of
from segcompress_api.cluster_rules import cluster_faults
from segcompress_api.errors import InvalidSpecError, invalid_spec
from segcompress_api.job import JobSpec
from segcompress_api.manifest import check_labels
from segcompress_api.space import Point, Space, axis_of, space_of
from segcompress_api.sweep import SweepSpec
from segcompress_api.trial_specs import as_json, invalid_trial, sample_points, trial_at
from segcompress_runner.findings import Finding, Findings, finding_of
from segcompress_runner.validation import validate_spec

_SPEC = "spec."
_TEMPLATE = "spec.template.spec."


def validate_sweep(spec: SweepSpec, findings: Findings) -> JobSpec | None:
    """Check parameters, values and template; return the spec of the first trial, None if it has none."""
    for index, parameter in enumerate(spec.parameters):
        with findings.each():
            axis_of(parameter, f"spec.parameters[{index}]")
    if findings.invalid:
        return None
    space = space_of(spec.parameters)
    with findings.each():
        space.check_values()
    first, *others = (_checked(spec, space, point) for point in sample_points(space))
    findings.add(_each_once([first, *others]))
    findings.add(_of_template_alone(spec))
    with findings.each():
        _check_labels(spec.template.metadata.labels)
    return first.spec


def of_template(finding: Finding) -> Finding:
    """Return what was found in the spec of every trial, where the template says it."""
    if not finding.where.startswith(_SPEC):
        return finding
    return replace(finding, where=_TEMPLATE + finding.where.removeprefix(_SPEC))


def _of_template_alone(sweep: SweepSpec) -> list[Finding]:
    """Return what the API server requires of the template, even where each trial gets it from a parameter."""
    findings, template = Findings(), sweep.template.spec
    if template.strategy.config_uri is None and template.strategy.preset is None:
        try:
            settings_of(template.strategy, template.model.files)
        except InvalidSpecError as fault:
            if not _is_replaced(fault.field, sweep):
                findings.add([of_template(finding_of(fault))])
    return list(findings)


def _check_labels(labels: dict[str, str]) -> None:
    """Check the labels with which each trial is created: the API server looks at them only then."""
    try:
        check_labels(labels)
    except ValueError as error:
        raise InvalidSpecError("spec.template.metadata.labels", str(error)) from None


def _is_replaced(field: str, sweep: SweepSpec) -> bool:
    """Return whether the template has a value there that each trial replaces: a placeholder may be wrong."""
    paths = (each.path for each in sweep.parameters)
    return any(
        f"{field}.".startswith(f"{_SPEC}{path}.") and _has(sweep.template.spec, path) for path in paths
    )


def _has(spec: JobSpec, path: str) -> bool:
    part: Any = spec.to_wire()
    for key in path.split("."):
        part = part.get(key) if isinstance(part, dict) else None
    return part is not None


class _Trial:
    """The spec at a point, and what is wrong or odd about it."""

    def __init__(self, point: Point) -> None:
        self.point = point
        self.spec: JobSpec | None = None
        self.findings = Findings()


def _checked(sweep: SweepSpec, space: Space, point: Point) -> _Trial:
    trial = _Trial(point)
    text = as_json(space.spec_at(sweep.template.spec.to_wire(), point))
    with trial.findings.each():
        try:
            trial.spec = JobSpec.model_validate_json(text, by_name=False)
        except ValidationError as error:
            raise invalid_spec(error, JobSpec, "spec") from None
    if trial.spec is not None:
        trial.findings.add(map(finding_of, cluster_faults(trial.spec)))
        validate_spec(trial.spec, trial.findings)
    return trial


def _each_once(trials: Sequence[_Trial]) -> list[Finding]:
    """Return each finding once: of the template if all trials have it, else of the first that has it."""
    seen = [(finding, trial.point) for trial in trials for finding in trial.findings]
    often, first = Counter(finding for finding, _ in seen), dict(reversed(seen))
    return [
        of_template(finding) if often[finding] == len(trials) else _of_trial(finding, first[finding])
        for finding in often
    ]


def _of_trial(finding: Finding, point: Point) -> Finding:
    said = f"{finding.where}: {finding.message}" if finding.where else finding.message
    if finding.level == "error":
        return finding_of(invalid_trial(point, said))
    return replace(finding, where="spec.parameters", message=f"{trial_at(point)}: {said}")
