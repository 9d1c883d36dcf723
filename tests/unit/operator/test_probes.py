"""Who reaches the probes."""

import asyncio
import logging

import aiohttp
import pytest

from devcluster.ports import free_ports
from segcompress_operator.metrics import Metrics
from segcompress_operator.probes import probes
from unit.operator.test_metrics import NOTHING


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_kubelet_reaches_the_probes_by_either_ip_family_and_leaves_no_line_in_the_log(
    host: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (port,) = free_ports(1)

    async def scene() -> int:
        async with (
            probes(port, list, Metrics(NOTHING).handler),
            aiohttp.ClientSession() as session,
            session.get(f"http://{host}:{port}/readyz") as answer,
        ):
            return answer.status

    assert asyncio.run(scene()) == 200
    assert not caplog.records


@pytest.mark.parametrize(
    ("problems", "status", "text"),
    [([], 200, "ok\nno sweeps\n"), (["no jobs"], 503, "no jobs\nno sweeps\n")],
)
def test_readiness_says_what_is_missing_and_depends_on_problems_alone(
    problems: list[str], status: int, text: str
) -> None:
    (port,) = free_ports(1)

    async def scene() -> tuple[int, str]:
        async with (
            probes(port, lambda: problems, Metrics(NOTHING).handler, lambda: ["no sweeps"]),
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/readyz") as answer,
        ):
            return answer.status, await answer.text()

    assert asyncio.run(scene()) == (status, text)
