"""What the table of runtimes holds: how a runtime runs a model, and what each of its ways is worth.

A runtime is one module with a `RUNTIME` row, listed in `table`; everything else asks the row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from segcompress_api.act_settings import Pattern
from segcompress_api.benchmark import RuntimeName
from segcompress_api.job import ExportName
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.runtimes.session import Session

Device = Literal["CPU", "GPU"]
Kind = Literal["float", "quantised"]


@dataclass(frozen=True)
class Candidate:
    """A model to run: its files, whether its program holds quantisation, and what it was exported to."""

    files: ModelFiles
    quantised: bool
    exports: Mapping[ExportName, Path] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """Return which variants apply to it."""
        return "quantised" if self.quantised else "float"


Text = Callable[[ModelFiles], str]
"""From a saved model to how it is run, in words or in lines of Python."""


def always(text: str) -> Text:
    """Return the text of a way that runs every model alike."""
    return lambda _: text


@dataclass(frozen=True)
class Way:
    """One way in which a runtime runs a model.

    `how` is what a user must set to run the model as it was measured, and `code` the lines of Python that do
    so beside the published files: they read `picture` (1 x 3 x H x W, float32) and `threads`, and set
    `output`; integration tests run them. `int8` says that the convolutions of a quantised model are computed
    in int8: integration tests read it from what the libraries themselves log. `in_processes` says that an
    evaluation opens it in several processes, which are faster than one with several threads.
    """

    name: str
    device: Device
    runs: tuple[Kind, ...]
    int8: bool
    how: Text
    code: Text
    open: Callable[[Candidate, int], Session]
    in_processes: bool = False


@dataclass(frozen=True)
class Runtime:
    """One row: the artefact that the runtime loads (None: the saved model itself), and its ways."""

    name: RuntimeName
    artefact: ExportName | None
    ways: tuple[Way, ...]
    beside: tuple[str, ...] = ()
    """Suffixes of the files that it loads with the one that it opens."""

    sparse_above: Mapping[Pattern, float] = field(default_factory=dict)
    """Share of a float layer's weights above which zeros make it faster, by the pattern in which they lie.

    Empty where the runtime has no kernels that skip zeros.
    """

    def runs(self, kind: Kind) -> bool:
        """Return whether the runtime has a way for such models at all."""
        return any(kind in way.runs for way in self.ways)

    def files(self, candidate: Candidate) -> tuple[Path, ...]:
        """Return the files that it loads: those of the export, or program and parameters."""
        if self.artefact is None:
            return candidate.files.program, candidate.files.params
        opened = candidate.exports[self.artefact]
        return opened, *(opened.with_suffix(suffix) for suffix in self.beside)

    def devices(self, device: Device, *, quantises: bool) -> frozenset[Device]:
        """Return where a run on `device` measures: there if it can, and wherever int8 is computed."""
        able = {way.device for way in self.ways}
        int8 = {way.device for way in self.ways if way.int8} if quantises else set()
        return frozenset((able & {device} or able) | int8)
