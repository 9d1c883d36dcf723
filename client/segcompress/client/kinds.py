"""The kinds of resources that the client handles: how the API server calls each, and its type."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from segcompress_api.job import KIND, PLURAL, SegCompressionJob
from segcompress_api.sweep import SWEEP_KIND, SWEEP_PLURAL, SegCompressionSweep

Resource = SegCompressionJob | SegCompressionSweep
R = TypeVar("R", bound=SegCompressionJob | SegCompressionSweep)


@dataclass(frozen=True)
class Kind(Generic[R]):
    """A kind; `word` is what messages call it."""

    name: str
    plural: str
    word: str
    model: type[R]


JOBS = Kind(KIND, PLURAL, "job", SegCompressionJob)
SWEEPS = Kind(SWEEP_KIND, SWEEP_PLURAL, "sweep", SegCompressionSweep)
KINDS: dict[str, Kind[SegCompressionJob] | Kind[SegCompressionSweep]] = {KIND: JOBS, SWEEP_KIND: SWEEPS}
