"""What of the streams keeps the operator from being ready."""

import asyncio
import contextlib

import pytest
from kopf._cogs.clients.errors import APIError, APIForbiddenError, APINotFoundError

from segcompress_operator.framework import stream_settings
from segcompress_operator.kinds import COMPRESSION_JOBS, SWEEPS
from segcompress_operator.watching import stream
from segcompress_operator.watching.decoding import Page
from segcompress_operator.watching.streams import Streams
from unit.operator.sweeps.fed_sweeps import FedSweeps

MISSING = APINotFoundError("no", status=404, headers={})
FORBIDDEN = APIForbiddenError("no", status=403, headers={})


def streams_of(monkeypatch: pytest.MonkeyPatch, jobs: APIError, sweeps: APIError) -> Streams:
    """Return streams of jobs and sweeps, each of whose LISTs has got its error."""
    errors = {COMPRESSION_JOBS: jobs, SWEEPS: sweeps}

    async def page(self: stream.Stream, *_: object) -> Page:
        raise errors[self.watched.kind]

    monkeypatch.setattr(stream.Stream, "_page", page)
    fed = FedSweeps(listed=False)
    sinks = {COMPRESSION_JOBS: fed.fed.resources, SWEEPS: fed.sink}
    streams = Streams(sinks, (), stream_settings(), optional=(SWEEPS,))

    async def scene() -> None:
        task = asyncio.create_task(streams.run())
        for _ in range(10):  # until each waits for its second try
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(scene())
    return streams


def test_operator_is_ready_for_jobs_where_sweeps_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chart with `crds.install: false` is upgraded, and nobody has installed the new kind."""
    streams = streams_of(monkeypatch, jobs=FORBIDDEN, sweeps=MISSING)
    assert [text.partition(":")[0] for text in streams.problems()] == ["segcompressionjobs in all namespaces"]
    (note,) = streams.notes()
    assert "install its CustomResourceDefinition segcompressionsweeps.segcompress.dev" in note
    assert (SWEEPS.plural, "", False) in streams.states()


@pytest.mark.parametrize("jobs", [MISSING, FORBIDDEN])
def test_all_else_that_cannot_be_watched_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, jobs: APIError
) -> None:
    streams = streams_of(monkeypatch, jobs, sweeps=FORBIDDEN)
    assert len(streams.problems()) == 2
    assert streams.notes() == []
