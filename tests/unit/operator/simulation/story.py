"""What happens to a sweep, and to its operator: a story is data, and is played in virtual time."""

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from segcompress_operator.kinds import COMPRESSION_JOBS, JOBS, SWEEPS, Kind
from sweep_kills.checks import Writes
from sweep_kills.etcd import Change
from unit.operator.simulation.pods import Nodes
from unit.operator.simulation.process import Process, Weather
from unit.operator.simulation.server import KINDS, Body, Faults, Policy, Server
from unit.operator.simulation.virtual import VirtualLoop
from unit.operator.sweeps.sweep_samples import SWEEP, child_body, ended, sweep_body

LONGEST_SECONDS = 20_000.0
"""A story that has not come to rest by then never does."""

RESTART_SECONDS = 3.0
KNOWN = {"model": "net"}
"""Labels of known trials."""


@dataclass(frozen=True)
class Edit:
    """A user edits the spec, after so many seconds."""

    time: float
    patch: Body


@dataclass(frozen=True)
class Story:
    """A sweep of seeds, and what disturbs it; edits do not count as disturbances."""

    spec: Body
    edits: Sequence[Edit] = ()
    faults: Sequence[Faults] = ()
    policies: Sequence[Policy] = ()
    weather: Weather = field(default_factory=Weather)
    kills: Sequence[float] = ()
    known: int = 0
    """How many known trials there are before."""
    seed: int = 0

    @property
    def undisturbed(self) -> "Story":
        """Return the same sweep and edits without anything that goes wrong."""
        return replace(self, faults=(), policies=(), weather=Weather(), kills=())

    @property
    def disturbed_until(self) -> float:
        """Return when the last disturbance ends, in seconds."""
        windows = (*self.faults, *self.policies, *self.weather.late, *self.weather.gaps)
        times = (*self.kills, *(jump.time + abs(jump.by) for jump in self.weather.jumps))
        return max([*(window.end for window in windows), *times], default=0.0)


@dataclass
class Ended:
    """What is left, and every write on the way."""

    server: Server
    changes: Mapping[Kind, Sequence[Change]]
    times: Mapping[int, float]
    bugs: Sequence[Exception]

    @property
    def writes(self) -> Writes:
        """Return the writes as the checks of a history read them."""
        return Writes(*(self.changes[kind] for kind in (SWEEPS, COMPRESSION_JOBS, JOBS)))

    @property
    def sweep(self) -> Body:
        """Return the sweep."""
        (body,) = self.server.objects[SWEEPS].values()
        return body

    @property
    def trials(self) -> dict[int, Body]:
        """Return the trials by index."""
        found = (body for body in self.server.objects[COMPRESSION_JOBS].values() if is_trial(body))
        return {int(body["metadata"]["labels"]["segcompress.dev/trial"]): body for body in found}


class _History:
    """Keeps every write as etcd would."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._versions: dict[str, int] = {}
        self.changes: dict[Kind, list[Change]] = {kind: [] for kind in KINDS}
        self.times: dict[int, float] = {}

    def note(self, kind: Kind, type_: str, body: Body) -> None:
        uid, revision = body["metadata"]["uid"], int(body["metadata"]["resourceVersion"])
        version = 0 if type_ == "DELETED" else self._versions.get(uid, 0) + 1
        self._versions[uid] = version
        self.times[revision] = self._loop.time()
        if kind != COMPRESSION_JOBS or is_trial(body):
            key, value = f"/{kind.plural}/{body['metadata']['name']}", json.dumps({"kind": kind.name, **body})
            self.changes[kind].append(Change(revision, key, version, value.encode()))


def is_trial(body: Body) -> bool:
    """Return whether a job belongs to the sweep."""
    return "segcompress.dev/trial" in body["metadata"].get("labels", {})


class _Stage:
    """The server, the nodes and the operator of a story."""

    def __init__(self, story: Story, loop: asyncio.AbstractEventLoop) -> None:
        self._story = story
        self._chance = random.Random(story.seed)  # noqa: S311 - no secret
        self.server = Server(loop=loop, chance=self._chance, faults=story.faults, policies=story.policies)
        self.history = _History(loop)
        self.bugs: list[Exception] = []
        self._nodes = Nodes(self.server, self._chance)
        self.server.watchers += [self.history.note, self._nodes.follow]

    def set_up(self) -> None:
        """Let the sweep be created and the operator start, and everything else be due."""
        loop = self.server.loop
        for number in range(1, self._story.known + 1):
            self.server.put(COMPRESSION_JOBS, known_body(number))
        self.server.put(SWEEPS, sweep_body(self._story.spec))
        for edit in self._story.edits:
            loop.call_at(edit.time, self.server.edit, edit.patch)
        for time in self._story.kills:
            loop.call_at(time, self.kill)
            loop.call_at(time + RESTART_SECONDS, self._start)
        self._start()

    def kill(self) -> None:
        """Kill the operator."""
        if self._nodes.operator is not None:
            self._nodes.operator.kill()
            self._nodes.operator = None

    def _start(self) -> None:
        self._nodes.operator = Process(self.server, self._story.weather, self._chance, self.bugs)
        self._nodes.operator.start()


def play(story: Story) -> Ended:
    """Play a story until nothing is left to happen."""
    loop = VirtualLoop(LONGEST_SECONDS)
    stage = _Stage(story, loop)
    try:
        stage.set_up()
        loop.run_until_idle()
    finally:
        stage.kill()
        loop.run_until_idle()
        loop.close()
    return Ended(stage.server, stage.history.changes, stage.history.times, stage.bugs)


def known_body(number: int) -> Body:
    """Return a job that ended before the sweep began, at the point of that seed."""
    body = child_body(0, {}, ended(miou=0.8, latency=25))
    meta: Body = {"name": f"known-{number}", "namespace": SWEEP.namespace, "uid": f"known-{number}"}
    meta |= {"labels": KNOWN, "generation": 1}
    return {**body, "metadata": meta, "spec": {**body["spec"], "seed": number}}
