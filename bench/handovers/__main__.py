"""Change the leader many times while jobs come, end and vanish; count Jobs created twice, and time the gaps.

    make test-handovers            # HANDOVERS=200

Ends with exit code 1 where a Job was created twice, a resource got none, or one did not end.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from bench.handovers.gaps import Gap, gaps, summary
from bench.handovers.load import Load
from bench.handovers.shifts import KINDS, Shifts

from devcluster.audit import Request, read_requests
from devcluster.controlplane import ControlPlane
from devcluster.scratch import scratch_folder
from integration.operator.api import Api
from integration.operator.installed import administrator
from integration.operator.process import OPERATOR_USER, Operator
from integration.operator.team import LEASE, Team

NAMESPACE = "handovers"
CONTROLLERS = ("job-controller", "garbage-collector-controller", "ttl-after-finished-controller")


def main() -> int:
    """Return the exit code."""
    arguments = argparse.ArgumentParser(description="Change the leader many times under load.")
    arguments.add_argument("--handovers", type=int, default=200)
    wanted = arguments.parse_args().handovers
    with scratch_folder("handovers") as folder, _plane(Path(folder)) as plane:
        api = administrator(plane)
        api.request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        with _team(api, plane, Path(folder)) as team, Load(Api(plane.kubeconfig), NAMESPACE) as load:
            shifts = Shifts(team)
            for number in range(wanted):
                shifts.change(KINDS[number % len(KINDS)])
                print(f"\r{number + 1} of {wanted} hand-overs, {load.made} jobs", end="", flush=True)
            unfinished = load.finish()
        print()
        asked = [each for each in read_requests(plane.audit_log, OPERATOR_USER) if _is_creation(each)]
        answered = [each.answered_at for each in asked if each.code == HTTPStatus.CREATED]
        return report(asked, gaps(shifts.changes, answered), load.made, unfinished)


def report(asked: list[Request], found: list[Gap], resources: int, unfinished: list[str]) -> int:
    """Print what was seen, and return the exit code; `asked` are the requests that create Jobs.

    The API server may answer a leader that dies by an error, and create the Job all the same.
    """
    counted = Counter(each.name for each in asked if each.code == HTTPStatus.CREATED)
    twice = [name for name, count in counted.items() if count > 1]
    jobs = {each.name for each in asked}
    print(summary(found))
    told = f"{len(jobs)} Jobs, {len(twice)} created twice, {len(jobs - counted.keys())} answered by an error"
    print(f"{resources} resources, {told}, {len(unfinished)} unfinished")
    for what, names in (("created twice", twice), ("unfinished", unfinished)):
        if names:
            print(f"{what}: {', '.join(names[:10])}")
    return int(bool(twice or unfinished or len(jobs) != resources))


def _is_creation(each: Request) -> bool:
    return (each.verb, each.resource, each.namespace) == ("create", "jobs", NAMESPACE)


def _plane(folder: Path) -> ControlPlane:
    return ControlPlane(folder / "plane", controllers=CONTROLLERS)


@contextmanager
def _team(api: Api, plane: ControlPlane, folder: Path) -> Iterator[Team]:
    kubeconfig = plane.kubeconfig_for(OPERATOR_USER, ["system:authenticated"])
    numbers = iter(range(sys.maxsize))

    def start() -> Operator:
        log = folder / f"operator-{next(numbers)}.log"
        return Operator(kubeconfig, log, (NAMESPACE,), {"SEGCOMPRESS_LEASE": LEASE})

    team = Team(api, start)
    try:
        yield team
    finally:
        team.end()


if __name__ == "__main__":
    sys.exit(main())
