"""A sweep whose operator and API server are killed again and again, beside the same sweep undisturbed.

    make test-sweep-kills [TRIALS=300] [SEED=1]

etcd, API server and operator are real; Job controller and kubelet are simulated. The same points of a
Random sweep have the same results, so both must end with the same trials. Those of a TPE sweep depend on
which trials have ended, and which trials are stopped early on what others have reported: only what must hold
of any sweep is checked. Ends with exit code 1 where something does not hold.
"""

import argparse
import asyncio
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devcluster.controlplane import ControlPlane
from devcluster.scratch import scratch_folder
from faults.operators import Operators
from integration.chart.helm import rendered
from integration.operator import objects
from integration.operator.api import Api as AdminApi
from integration.operator.async_api import JOBS, Api, Body
from integration.operator.installed import install_crd, install_rights, policy_installed
from integration.operator.process import OPERATOR_USER
from integration.operator.reports.listening import progress_settings
from integration.operator.sweep_stage import RANGES, sweep_body, sweep_spec
from sweep_kills.checks import Writes, broken, most_at_once, outcomes
from sweep_kills.etcd import FENCE, KEEP_ALL, sweep_changes
from sweep_kills.killer import Killer
from sweep_kills.persist import persist
from sweep_kills.player import Player
from sweep_kills.trainer import STEP, Trainer

SWEEPS = "/apis/segcompress.dev/v1alpha1/namespaces/{}/segcompressionsweeps"
PARALLEL = 8
EARLY = {"name": "MedianStop", "startStep": STEP, "minTrials": 3}
NAME = "killed"
_LOOK_SECONDS = 0.5
_REST_SECONDS = 3.0


@dataclass(frozen=True)
class Played:
    """How a sweep went."""

    title: str
    writes: Writes
    killed: dict[str, int]
    ended: list[str]
    seconds: float

    def problems(self) -> list[str]:
        """Return every check that fails, whatever was killed."""
        return [*broken(self.writes), *(f"an operator ended by itself: {words}" for words in self.ended)]

    def line(self) -> str:
        """Return what happened."""
        phases = Counter(outcome.reason for outcome in outcomes(self.writes).values())
        ends = ", ".join(f"{count} {reason}" for reason, count in sorted(phases.items()))
        kills = ", ".join(f"{name} killed {count} times" for name, count in self.killed.items())
        return (
            f"{self.title}: {kills}; {sum(phases.values())} trials ({ends}), at most "
            f"{most_at_once(self.writes)} at once, {self._jobs()} Jobs, "
            f"{self.seconds:.0f} s"
        )

    def _jobs(self) -> int:
        return len({change.name for change in self.writes.jobs})


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))  # noqa: S311 - no secret
    options = parser.parse_args()
    print(f"SEED={options.seed}", flush=True)
    with ThreadPoolExecutor(1) as thread, _plane() as plane:
        problems = asyncio.run(_play_all(plane, thread, options.trials, options.seed))
    print(*problems[:20], sep="\n")
    print(f"{len(problems)} problems; repeat with SEED={options.seed}")
    return int(bool(problems))


async def _play_all(plane: ControlPlane, thread: Executor, trials: int, seed: int) -> list[str]:
    """Play the sweeps one after the other; return all problems."""
    settings = progress_settings(AdminApi(plane.kubeconfig), plane.directory)
    async with Operators.of(settings=settings) as operators:
        stage = _Stage(plane, thread, operators, trials, seed)
        calm = await stage.play("undisturbed", "Random", kills=False)
        killed = await stage.play("killed", "Random", kills=True)
        learned = await stage.play("killed-tpe", "TPE", kills=True)
        stopping = await stage.play("killed-early", "Random", kills=True, stops=True)
    problems = [problem for each in (calm, killed, learned, stopping) for problem in each.problems()]
    if all(outcome.reason != "StoppedEarly" for outcome in outcomes(stopping.writes).values()):
        problems.append(f"{stopping.title}: no trial was stopped early")
    before, after = outcomes(calm.writes), outcomes(killed.writes)
    differ = [index for index in sorted({*before, *after}) if before.get(index) != after.get(index)]
    print(f"{len(before) - len(differ)} of {len(before)} trials are the same, undisturbed and killed")
    return [*problems, *(f"trial {n}: {before.get(n)} became {after.get(n)}" for n in differ)]


class _Stage:
    """Plays sweeps of `trials` trials, each in a namespace of its own."""

    def __init__(
        self, plane: ControlPlane, thread: Executor, operators: Operators, trials: int, seed: int
    ) -> None:
        self._plane = plane
        self._thread = thread
        self._operators = operators
        self._trials = trials
        self._seed = seed

    async def play(self, namespace: str, algorithm: str, *, kills: bool, stops: bool = False) -> Played:
        """Play one sweep to its end, and let the operator start once more after that.

        `stops`: its pods report, and trials are stopped early.
        """
        folder = self._plane.directory / namespace
        folder.mkdir()
        user = self._plane.kubeconfig_for(OPERATOR_USER, ["system:authenticated"])
        shutil.copyfile(user, folder / "kubeconfig")
        seed = f"{self._seed} {namespace}"
        killer = Killer(self._plane, self._thread, self._operators, folder, seed)
        began = time.monotonic()
        async with Api(self._plane.kubeconfig) as api:
            await persist(api, "POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
            await killer.start()
            trainer = await Trainer.of(api, namespace, folder) if stops else None
            tasks = [asyncio.create_task(Player(api, namespace, trainer).run())]
            body = _sweep(self._trials, algorithm, self._seed)
            body["spec"] |= {"earlyStopping": EARLY} if stops else {}
            await persist(api, "POST", SWEEPS.format(namespace), body)
            tasks += [asyncio.create_task(killer.run())] if kills else []
            await _until(_finished(api, namespace), tasks)
            seconds = time.monotonic() - began
            killer.end_operator()
            await killer.start()
            await asyncio.sleep(_REST_SECONDS)
            killer.end_operator()
            await persist(api, "POST", JOBS.format(namespace), FENCE)
        writes = Writes(*sweep_changes(self._plane, namespace))
        played = Played(namespace, writes, killer.killed, killer.ended, seconds)
        print(played.line(), flush=True)
        return played


async def _until(end: Coroutine[Any, Any, None], tasks: list[asyncio.Task[None]]) -> None:
    """Wait for the end, and cancel the tasks; raises the error of one that fails before."""
    over = asyncio.create_task(end)
    await asyncio.wait([over, *tasks], return_when=asyncio.FIRST_COMPLETED)
    failed = [task.exception() for task in tasks if task.done()]
    for task in (over, *tasks):
        task.cancel()
    for error in filter(None, failed):
        raise error


async def _finished(api: Api, namespace: str) -> None:
    """Wait until the sweep has finished."""
    while True:
        sweep = await persist(api, "GET", f"{SWEEPS.format(namespace)}/{NAME}")
        conditions = sweep.get("status", {}).get("conditions", ())
        if any(each["type"] == "Finished" and each["status"] == "True" for each in conditions):
            return
        await asyncio.sleep(_LOOK_SECONDS)


def _sweep(trials: int, algorithm: str, seed: int) -> Body:
    spec = sweep_spec(
        template={"spec": {**objects.SPEC, "backoffLimit": 0}},
        parameters=RANGES,
        algorithm={"name": algorithm, "seed": seed},
        maxTrials=trials,
        maxFailedTrials=trials,
        parallelTrials=PARALLEL,
    )
    return sweep_body(NAME, spec)


@contextmanager
def _plane() -> Iterator[ControlPlane]:
    """Run a control plane with the CRDs, and with the operator's rights and policies."""
    with (
        scratch_folder("sweep-kills") as folder,
        ControlPlane(Path(folder), extra_flags=(KEEP_ALL,)) as plane,
    ):
        admin = AdminApi(plane.kubeconfig)
        install_crd(admin)
        install_rights(admin, rendered())
        with policy_installed(admin):
            yield plane


if __name__ == "__main__":
    sys.exit(main())
