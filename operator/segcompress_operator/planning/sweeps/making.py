"""The next trials of a sweep, each checked as the spec of any job is checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from segcompress_api.errors import InvalidSpecError, invalid_spec
from segcompress_api.job import JobSpec
from segcompress_api.space import Point, Space
from segcompress_api.sweep import SweepSpec
from segcompress_api.trial_specs import as_json, invalid_trial, sample_points
from segcompress_operator.planning.spec import check_depth, check_spec
from segcompress_operator.planning.sweeps.search import Tried, propose
from segcompress_operator.resources.names import Owner, kueue_labels
from segcompress_operator.resources.trial import make_trial
from segcompress_operator.settings import RunnerSettings

TRIALS_A_ROUND = 64
"""Maximum number of trials that a reconciliation creates or suspends."""

MORE_A_ROUND = 16
"""By how many the trials in flight may grow in a reconciliation: those that it creates or resumes.

A burst would keep the API server, and with it everybody else's jobs, waiting.
"""

WRITES_AT_ONCE = 8
"""Requests for trials at the same time, of the 32 connections that all writes share."""

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Maker:
    """What trials of a sweep are made from."""

    owner: Owner
    spec: SweepSpec
    space: Space
    settings: RunnerSettings

    def trials(self, tried: Tried, indices: Sequence[int]) -> tuple[Manifest, ...]:
        """Return a trial for each index for which the search has a new point; raises InvalidSpecError."""
        if not indices:
            return ()
        owner = replace(self.owner, labels=self.spec.template.metadata.labels)
        proposed = propose(self.spec, self.space, tried, indices)
        return tuple(
            make_trial(owner, index, self._spec_at(point), point) for index, point in proposed.items()
        )

    def check_every_value(self) -> None:
        """Raise InvalidSpecError for an invalid value, before the first trial is created."""
        self.space.check_values()
        for point in sample_points(self.space):
            self._spec_at(point)

    def _spec_at(self, point: Point) -> dict[str, Any]:
        """Return the spec of the trial at that point; raises InvalidSpecError naming point and field."""
        template = self.spec.template
        made = self.space.spec_at(template.spec.to_wire(), point)
        text = as_json(made)
        try:
            check_depth(text)
            parsed = JobSpec.model_validate_json(text, by_name=False)
            check_spec(parsed, kueue_labels(template.metadata.labels), self.settings)
        except ValidationError as error:
            raise invalid_trial(point, str(invalid_spec(error, JobSpec, "spec"))) from None
        except InvalidSpecError as error:
            raise invalid_trial(point, str(error)) from None
        return made
