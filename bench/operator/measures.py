"""What is measured: each function runs one subject once, and returns its figures."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml
from bench.operator.copies import ORIGINAL, Run, fill
from bench.operator.cores import Cores
from bench.operator.report import percentiles
from bench.operator.sample import sample
from bench.operator.subjects import ROOT, Process, Subject

from devcluster.audit import read_requests
from devcluster.controlplane import ControlPlane
from integration.operator import objects
from integration.operator.api import Api, eventually
from integration.operator.installed import install_crd

Figures = dict[str, float]

_CRD_SECONDS = 3.0
"""The API server takes a moment to serve a changed CRD, and says nowhere when it does."""


class Bench:
    """One control plane and the folder that everything lies in."""

    def __init__(self, plane: ControlPlane, folder: Path, cores: Cores) -> None:
        self.sample = folder / "sample.json"
        self.sample.write_text(json.dumps(sample()))
        self.plane = plane
        self._folder = folder
        self._cores = cores
        self.admin = Api(plane.kubeconfig)
        self._users = 0
        self._installed = ROOT
        install_crd(self.admin)

    def burst(self, subject: Subject, jobs: int) -> Figures:
        """Play `jobs` runs whose resources come all at once."""
        user, namespace = self.user(subject), self.namespace(subject.name)
        with self.running(subject, user, namespace) as process:
            process.settle()
            cpu, memory = process.cpu_seconds, process.memory_kb("VmRSS")
            played = self._play(subject, namespace, range(jobs))
            process.settle()
            requests = self._requests(user)
            return {
                "jobs_per_second": jobs / played["seconds"],
                "cpu_ms_per_job": (process.cpu_seconds - cpu) * 1000 / jobs,
                "player_cpu_ms_per_job": played["cpu"] * 1000 / jobs,
                "base_mb": memory / 1024,
                **{f"{verb}_per_job": n / jobs for verb, n in requests.items()},
            }

    def paced(self, subject: Subject, jobs: int, per_second: float) -> tuple[Figures, list[float]]:
        """Play `jobs` runs whose resources come at a rate; return the seconds from each to its Job, too."""
        user, namespace = self.user(subject), self.namespace(subject.name)
        with self.running(subject, user, namespace) as process:
            process.settle()
            cpu = process.cpu_seconds
            played = self._play(subject, namespace, range(jobs), per_second)
            process.settle()
            used = (process.cpu_seconds - cpu) * 1000 / jobs
            requests = self._requests(user)
            writes = sum(requests[verb] for verb in ("create", "patch", "update")) / jobs
            return {"paced_cpu_ms_per_job": used, "paced_writes_per_job": writes}, played["waits"]

    def growth(self, subject: Subject, sizes: Sequence[int], paced: int, per_second: float) -> list[Figures]:
        """Fill a namespace in bursts up to each size, each followed by `paced` more at a rate."""
        user, namespace = self.user(subject), self.namespace(subject.name)
        grown: list[Figures] = []
        with self.running(subject, user, namespace) as process:
            process.settle()
            there = 0
            for size in sizes:
                cpu = process.cpu_seconds
                played = self._play(subject, namespace, range(there, size))
                process.settle()
                figures = {
                    "resources": size,
                    "jobs_per_second": (size - there) / played["seconds"],
                    "cpu_ms_per_job": (process.cpu_seconds - cpu) * 1000 / (size - there),
                    "mb": process.memory_kb("VmRSS") / 1024,
                }
                there = size + paced
                waits = self._play(subject, namespace, range(size, there), per_second)["waits"]
                grown.append({**figures, **percentiles("created_to_job", waits)})
        return grown

    def start(self, subject: Subject, namespace: str, idle_seconds: float = 0.0) -> Figures:
        """Start beside resources that are there, and wait until all is read; then watch it do nothing."""
        user = self.user(subject)
        began = time.monotonic()
        with self.running(subject, user, namespace) as process:
            ready = process.settle(began)
            cpu, requests = process.cpu_seconds, self._requests(user)
            figures = {
                "start_seconds": ready,
                "start_cpu_seconds": cpu,
                "start_mb": process.memory_kb("VmRSS") / 1024,
                "start_peak_mb": process.memory_kb("VmHWM") / 1024,
                "start_writes": float(sum(n for verb, n in requests.items() if verb != "list")),
            }
            if idle_seconds:
                time.sleep(idle_seconds)
                figures["idle_cpu_percent"] = (process.cpu_seconds - cpu) / idle_seconds * 100
                more = self._requests(user).total() - requests.total()
                figures["idle_requests_per_minute"] = more / idle_seconds * 60
            return figures

    def copied(self, run: Run, count: int) -> str:
        """Return a namespace with that many copies of the run."""
        namespace = self.namespace("copies")
        fill(self.plane, run, namespace, count)
        return namespace

    def original(self, subject: Subject, *, finished: bool) -> Run:
        """Play a run to its end, or until it is at work, and return what is there then."""
        namespace, api = self.namespace("original"), self.admin
        with self.running(subject, self.user(subject), namespace):
            api.create("scj", namespace, objects.resource(ORIGINAL))
            job = eventually(lambda: next(iter(api.list("jobs", namespace)), None), "a Job")["metadata"]
            job = api.get("jobs", namespace, job["name"])
            pod = api.create("pods", namespace, objects.pod_of(job))
            names = {"jobs": job["metadata"]["name"], "pods": pod["metadata"]["name"]}
            api.patch("jobs", namespace, f"{names['jobs']}/status", objects.job_active())
            api.patch("pods", namespace, f"{names['pods']}/status", objects.pod_running())
            self._reaches(namespace, "Running")
            if finished:
                ended = objects.pod_ended(0, objects.SUCCEEDED)
                api.patch("pods", namespace, f"{names['pods']}/status", ended)
                api.patch("jobs", namespace, f"{names['jobs']}/status", objects.job_complete())
                self._reaches(namespace, "Succeeded")
        return Run(
            api.get("scj", namespace, ORIGINAL),
            api.get("jobs", namespace, names["jobs"]),
            api.get("pods", namespace, names["pods"]),
        )

    def _reaches(self, namespace: str, phase: str) -> None:
        def reached() -> bool:
            found = self.admin.get("scj", namespace, ORIGINAL)
            return bool(found.get("status", {}).get("phase") == phase)

        eventually(reached, f"phase {phase}")

    def _play(
        self, subject: Subject, namespace: str, numbers: range, per_second: float = 0.0
    ) -> objects.Body:
        sent = (numbers.start, len(numbers), per_second)
        return self.play("bench.operator.player", namespace, subject.kind, *sent)()

    def play(self, module: str, *arguments: object) -> Callable[[], objects.Body]:
        """Start a player in a process of its own; return a function that waits for what it measured."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *map(str, _paths())])}
        command = [sys.executable, "-m", module, self.plane.kubeconfig, *arguments]
        player = subprocess.Popen([*map(str, command)], env=environment, stdout=subprocess.PIPE)
        os.sched_setaffinity(player.pid, self._cores.player)

        def played() -> objects.Body:
            printed, _ = player.communicate()
            if player.returncode:
                raise RuntimeError(f"{module} ended with {player.returncode}")
            found: objects.Body = json.loads(printed)
            return found

        return played

    @contextmanager
    def running(self, subject: Subject, user: str, namespace: str) -> Iterator[Process]:
        """Run a subject for a namespace, or for several with commas between, while the context lasts."""
        self._install_crd_of(subject)
        kubeconfig = self.plane.kubeconfig_for(user, ["system:masters"])
        log = self._folder / f"{subject.name}.log"
        with subject.running(kubeconfig, namespace, log, self._cores.subject) as process:
            yield process

    def _install_crd_of(self, subject: Subject) -> None:
        """Serve what the subject's code knows: it would refuse the defaults of later fields."""
        if subject.code == self._installed:
            return
        crd = yaml.safe_load((subject.code / "crds/segcompressionjobs.yaml").read_text())
        url = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd['metadata']['name']}"
        crd["metadata"]["resourceVersion"] = self.admin.request("GET", url)["metadata"]["resourceVersion"]
        self.admin.request("PUT", url, crd)
        self._installed = subject.code
        time.sleep(_CRD_SECONDS)

    def user(self, subject: Subject) -> str:
        """Return a user whom the audit log knows from this run alone."""
        self._users += 1
        return f"{subject.name}-{self._users}"

    def namespace(self, name: str) -> str:
        """Make a namespace, and return its name."""
        self._users += 1
        named = f"{name.lower()}-{self._users}"
        self.admin.request("POST", "/api/v1/namespaces", {"metadata": {"name": named}})
        return named

    def _requests(self, user: str) -> Counter[str]:
        """Count a user's requests by verb, Events apart and without watches."""
        asked = read_requests(self.plane.audit_log, user)
        return Counter(
            "events" if request.resource == "events" else request.verb
            for request in asked
            if request.verb != "watch" and request.resource
        )


def _paths() -> list[Path]:
    return [ROOT / folder for folder in ("crds", "operator", "hack", "tests")]
