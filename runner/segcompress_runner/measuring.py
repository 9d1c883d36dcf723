"""The stages after the training: what is measured of the weights, whoever trained them and when.

Nothing here decides which weights are published, so that a change here trains nothing again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from segcompress_api.job import ExportName
from segcompress_runner.inputs.dataset import read_image
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.agreement import Agreement, LabelMaps
from segcompress_runner.measurement.benchmark import Comparison
from segcompress_runner.measurement.benchmark import benchmark as compare
from segcompress_runner.measurement.judged import Parity
from segcompress_runner.measurement.macs import Macs, count_macs
from segcompress_runner.measurement.runtimes.table import artefacts, runtime_of
from segcompress_runner.measurement.sparsity import Sparsity, measure_sparsity
from segcompress_runner.measurement.variants import Candidate, Checked
from segcompress_runner.measurement.worst import Example, Worst, Wrong, example
from segcompress_runner.outputs.artefacts import ARTEFACTS, Exported, export, published
from segcompress_runner.progress import Stage
from segcompress_runner.stages import SAVED, Case, evaluated


@dataclass(frozen=True)
class After:
    """The saved model as each runtime runs it, its zeros (None where nothing is pruned), and its exports.

    `baseline` holds what the runtimes that load an export make of the baseline, `examples` the pictures on
    which the saved model got worst.
    """

    baseline: tuple[Checked, ...]
    checked: tuple[Checked, ...]
    sparsity: Sparsity | None
    exported: Exported
    examples: tuple[Example, ...]
    macs: Macs


def export_baseline(case: Case, into: Path) -> Candidate:
    """Export the model as it came to whatever is asked for, so that what cannot be made ends no training."""
    origin = Candidate(case.model, quantised=False)
    for name in artefacts(case.spec.benchmark.runtimes, case.spec.exports):
        case.means.progress.step(len(case.val))  # the baseline's evaluation is over; a stop is heeded here
        origin = export(origin, name, into / "baseline", case.spec)
    return origin


def evaluate(case: Case, origin: Candidate, compressed: ModelFiles, before: LabelMaps, into: Path) -> After:
    """Evaluate the files that were saved on each runtime asked for, and count their zeros.

    What a runtime cannot load as it is gets exported, as `origin` was, and held against the saved model.
    """
    maps, worst = LabelMaps(into / "saved.maps"), Worst(before, case.spec.dataset.ignore_index)
    candidate = Candidate(compressed, case.settings.quantises)
    saved = evaluated(case, candidate, SAVED, Stage.EVALUATE, (maps.keep, worst.observe))
    examples = tuple(_example(case, one, before, maps) for one in worst.pictures())
    target = case.settings.sparsity
    zeros = None if target is None else measure_sparsity(compressed, target)
    baseline, after, exported = _on_exports(case, (origin, candidate), saved, maps, into)
    macs = Macs(*(count_macs(files, *case.val[0][0].shape[1:]) for files in (case.model, compressed)))
    return After(tuple(baseline), (*saved, *after), zeros, exported, examples, macs)


def _example(case: Case, wrong: Wrong, before: LabelMaps, after: LabelMaps) -> Example:
    sample = case.val.samples[wrong.index]
    _, mask, _ = case.val[wrong.index]
    maps = [kept.read(wrong.index, mask.shape) for kept in (before, after)]
    return example(sample.named(sample.image), wrong, read_image(sample), mask, *maps)


def _on_exports(
    case: Case, models: tuple[Candidate, Candidate], saved: Sequence[Checked], maps: LabelMaps, into: Path
) -> tuple[list[Checked], list[Checked], Exported]:
    """Return both models' scores on the runtimes that load an export, and the exports with their parity."""
    origin, candidate = models
    before: list[Checked] = []
    after: list[Checked] = []
    files: dict[str, Path] = {}
    parities: list[Parity] = []
    for name in artefacts(case.spec.benchmark.runtimes, case.spec.exports):
        case.means.progress.start(Stage.EXPORT)
        candidate = export(candidate, name, into / "compressed", case.spec)
        runtime, agreement = runtime_of(name), Agreement()
        if runtime in case.spec.benchmark.runtimes:
            before += evaluated(case, origin, runtime, Stage.EXPORT)
        checked = evaluated(case, candidate, runtime, Stage.EXPORT, (maps.compare(agreement),))
        after += checked
        files |= published(candidate, name)
        parities.append(_parity(name, candidate, saved[0], checked[0], agreement))
    return before, after, Exported(files, tuple(parities))


def _parity(
    name: ExportName, candidate: Candidate, saved: Checked, exported: Checked, agreement: Agreement
) -> Parity:
    return Parity(
        artefact=name,
        saved_miou=saved.scores.miou,
        miou=exported.scores.miou,
        differing=agreement.differing_share,
        bounds=ARTEFACTS[name].bounds[candidate.kind],
    )


def benchmark(case: Case, before: Sequence[Checked], after: Sequence[Checked]) -> tuple[Comparison, ...]:
    """Measure latencies of both models in every checked variant, by turns."""
    picture = case.val[0][0]
    return compare(before, after, picture, case.spec.benchmark, case.means.progress)
