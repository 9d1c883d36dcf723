"""Everything that can be known of a job before it costs anything: no GPU, and a minute at most.

The checks are the run's own. A run ends at the first that fails; here all of them are made, and what they
find is collected.
"""

import os
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from segcompress_api.act_settings import ActSettings
from segcompress_api.job import JobSpec
from segcompress_api.pod_rules import pod_faults
from segcompress_runner.findings import Finding, Findings
from segcompress_runner.inputs import census
from segcompress_runner.inputs.annotations.classes import (
    Classes,
    NumberOfLabelsError,
    class_list,
    with_class_names,
)
from segcompress_runner.inputs.fetch import Listed, read_listed
from segcompress_runner.inputs.fit import check_classes, fit_checks
from segcompress_runner.inputs.memory import memory_warning
from segcompress_runner.inputs.model import ModelFiles, ModelInfo, inspect_model
from segcompress_runner.inputs.paddle_start import start_paddle
from segcompress_runner.inputs.reader import with_reader
from segcompress_runner.inputs.sources import JobModel
from segcompress_runner.inputs.survey import FIRST, Looked, Surveyor
from segcompress_runner.inputs.transforms import transform_checks
from segcompress_runner.measurement.runtimes.sparse import sparsity_warning
from segcompress_runner.memory import memory_of
from segcompress_runner.pipeline import meaning_of, settle
from segcompress_runner.progress import Silent
from segcompress_runner.storage import Storage, parse_address

if TYPE_CHECKING:  # it imports Paddle
    from segcompress_runner.stages import Case

BUDGET_S = 60.0
_TRIAL_S = 20.0
"""Of the budget, for the dry evaluation."""


@dataclass(frozen=True)
class Means:
    """What a validation works with; `budget_s` bounds it, at the cost of pictures that are not looked at."""

    storage: Storage
    work: Path
    threads: int
    budget_s: float = BUDGET_S


@dataclass(frozen=True)
class Trial:
    """The dry evaluation: how the model scores on a few validation pictures."""

    pictures: int
    miou: float
    class_iou: tuple[float, ...]


@dataclass(frozen=True)
class Report:
    """What was found in how many lines of the lists, and the share of pixels that each class has."""

    findings: tuple[Finding, ...]
    looked_at: int = 0
    listed: int = 0
    train: Mapping[str, float] = field(default_factory=dict)
    val: Mapping[str, float] = field(default_factory=dict)
    trial: Trial | None = None

    @property
    def valid(self) -> bool:
        """Whether nothing was found at which a run would end."""
        return all(finding.level != "error" for finding in self.findings)


@dataclass(frozen=True)
class _Model:
    files: ModelFiles
    info: ModelInfo


def validate_spec(spec: JobSpec, findings: Findings) -> None:
    """Check what needs no file: all of a spec whose strategy and transforms stand in it."""
    _validate_fields(spec, findings)
    strategy = spec.strategy
    if strategy.config_uri is None and strategy.preset is None:
        with findings.each():
            _tell(spec, meaning_of(spec, "spec.strategy"), findings)


@dataclass(frozen=True)
class _Settled:
    """What a spec means, with all that its files and its preset say."""

    spec: JobSpec
    settings: ActSettings
    model: JobModel


def _settled(spec: JobSpec, means: Means, findings: Findings) -> _Settled | None:
    _validate_fields(spec, findings)
    with findings.each():
        read = with_reader(spec, means.storage)
        model = JobModel(read, means.storage, means.work)
        whole, settings = settle(read, model, means.storage)
        _tell(whole, settings, findings)
        return _Settled(whole, settings, model)
    return None


def _tell(spec: JobSpec, settings: ActSettings, findings: Findings) -> None:
    """Add what the settings leave without effect."""
    for note in settings.notes:
        findings.note("", note)
    warning = sparsity_warning(settings, spec.benchmark.runtimes)
    if warning is not None:
        findings.warn(*warning)


def _validate_fields(spec: JobSpec, findings: Findings) -> None:
    for check in transform_checks(spec.dataset):
        with findings.each():
            check()
    for fault in pod_faults(spec.runtime):
        with findings.each():
            raise fault
    addresses = {
        **spec.model.addresses,
        "spec.dataset.uri": spec.dataset.uri,
        "spec.output.uri": spec.output.uri,
    }
    for name, uri in addresses.items():
        with findings.each():
            parse_address(uri, name)


def validate(spec: JobSpec, means: Means) -> Report:
    """Return everything that is wrong, odd or worth knowing about a job and its inputs."""
    until = time.monotonic() + means.budget_s
    findings = Findings()
    settled = _settled(spec, means, findings)
    if settled is None or findings.invalid:
        return Report(tuple(findings))
    return _Validation(settled.spec, settled.settings, settled.model, means, findings).run(until)


@dataclass
class _Validation:
    """The part that reads inputs, once the spec itself is known to be right."""

    spec: JobSpec
    settings: ActSettings
    model: JobModel
    means: Means
    findings: Findings
    labels_fit: bool = True
    """Whether the labelList, if there is one, agrees with numClasses: the model need not say it again."""

    def run(self, until: float) -> Report:
        """Look at lists, model and pictures; what needs something that is missing is left out."""
        listed = self._listed()
        model = self._model(listed.pictures(self.spec.dataset.train_list) if listed else None)
        looked = self._look(listed, until - _TRIAL_S) if listed else Looked()
        trial = self._trial(model, looked, until) if model and looked.train and looked.val else None
        dataset = self.spec.dataset
        for where, warning in census.warnings(looked.census, dataset):
            self.findings.warn(where, warning)
        return Report(
            findings=tuple(self.findings),
            looked_at=looked.tried,
            listed=sum(map(len, listed.entries.values())) if listed else 0,
            train=census.histogram(looked.census.train, dataset),
            val=census.histogram(looked.census.val, dataset),
            trial=trial,
        )

    def _listed(self) -> Listed | None:
        with self.findings.each():
            listed = read_listed(self.spec, self.means.storage)
            self.spec = with_class_names(self.spec, self._classes(listed))
            return listed
        return None

    def _classes(self, listed: Listed) -> Classes:
        try:
            return class_list(self.spec.dataset, listed.lists)
        except NumberOfLabelsError:
            self.labels_fit = False
            raise

    def _look(self, listed: Listed, until: float) -> Looked:
        means, dataset = self.means, self.spec.dataset
        surveyor = Surveyor(means.storage, means.work, means.threads, self.findings)
        return surveyor.look(listed, dataset, self._classes(listed), until)

    def _model(self, pictures: int | None) -> _Model | None:
        with self.findings.each():
            for sentence in self.model.source.notes:
                self._note(sentence)
            files = self.model.files(lambda _: None)
            start_paddle(lambda: None)
            model = _Model(files, inspect_model(files))
            self._check_model(model, pictures)
            return model
        return None

    def _note(self, sentence: str) -> None:
        where, _, message = sentence.partition(": ")
        self.findings.note(where, message)

    def _check_model(self, model: _Model, pictures: int | None) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Paddle's packages about one another
            from segcompress_runner import stages

        if self.labels_fit:
            with self.findings.each():
                check_classes(model.info, self.spec.dataset.num_classes)
        for check in stages.model_checks(self.spec, self.settings, model.files, model.info, pictures):
            with self.findings.each():
                check()
        if self.settings.train is None:
            return
        memory = memory_warning(model.files, self.spec)
        if memory is not None:
            self.findings.warn(*memory)

    def _trial(self, model: _Model, looked: Looked, until: float) -> Trial | None:
        """Send what was looked at through the transforms, and a few pictures through the model."""
        from segcompress_runner import stages
        from segcompress_runner.inputs.dataset import Pictures

        dataset, faults = self.spec.dataset, Findings()
        with self.findings.each():
            train = Pictures(looked.train, dataset.train_transforms, mode="train", seed=self.spec.seed)
            val = Pictures(looked.val, dataset.val_transforms, mode="val")
            fit = fit_checks(model.info, train.fitted(looked.sizes), val.fitted(looked.sizes))
            # Scores of other classes fit no mask, which the trial would only say in other words.
            for check in (lambda: check_classes(model.info, dataset.num_classes), *fit):
                with faults.each():
                    check()
            self.findings.add(faults)
            if faults.invalid:
                return None
            means = stages.Means(self.means.threads, "CPU", memory_of(os.environ), Silent(), lambda: False)
            case = stages.Case(self.spec, self.settings, means, model.files, model.info, train, val)
            return self._evaluated(case, until)
        return None

    def _evaluated(self, case: "Case", until: float) -> Trial | None:
        """Evaluate one picture, and then as many as the time that is left allows for."""
        from segcompress_runner import stages

        began = time.monotonic()
        maps = stages.predictions(self.means.work)
        scores = stages.baseline(replace(case, val=case.val.first(1)), maps)[0].scores
        took = time.monotonic() - began
        left = max(until, began + _TRIAL_S) - time.monotonic()
        most = min(int(left / took), FIRST, len(case.val))
        if most > 1:
            scores = stages.baseline(replace(case, val=case.val.first(most)), maps)[0].scores
        return Trial(scores.images, scores.miou, scores.class_iou)
