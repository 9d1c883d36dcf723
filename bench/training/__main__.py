"""How long our trainings and evaluations take beside PaddleSlim's AutoCompression.

    make bench-training
    python -m bench.training [--rounds 2] [--only sparse]

Both sides take turns, forwards and backwards, each time in a new process whose start counts; both get the
same cores, model, pictures, order and settings. The page docs/training-speed.md is written once all cases
ran; those of `--only` are printed. Absolute figures belong to this machine; ratios hold elsewhere.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from bench.training import measured
from bench.training.case import CASES, MODEL, ROOT
from bench.training.measured import Measured
from bench.training.page import SIDES, Evaluated, Trained, page, tables

from segcompress_runner.processor import this_processor

PAGE = ROOT / "docs" / "training-speed.md"


def main() -> None:
    """Measure, and write or print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2, help="turns of each side")
    parser.add_argument("--only", default="", help="take the cases whose names hold these words")
    arguments = parser.parse_args()
    cases = yaml.safe_load(CASES.read_text())["cases"]
    names = [name for name in cases if arguments.only in name]
    if not names:
        parser.error(f"--only: no case is called {arguments.only!r}; there are {', '.join(cases)}")
    started = time.monotonic()
    with TemporaryDirectory(prefix="segcompress-bench-") as folder:
        evaluated = list(evaluate(names[0], arguments.rounds))
        trained = [one for name in names for one in train(name, arguments.rounds, Path(folder))]
    if arguments.only:
        print(tables(trained, evaluated))
        return
    how = f"{_now()}, {(time.monotonic() - started) / 60:.0f} minutes on {_machine()}"
    PAGE.write_text(page(how, trained, evaluated))
    print(f"written to {PAGE.relative_to(ROOT)}")


def train(name: str, rounds: int, folder: Path) -> Iterator[Trained]:
    """Let the sides train in turns, and evaluate what each made, as upstream does."""
    for number, side in enumerate(_turns(rounds)):
        out = folder / f"{name}-{number}"
        started = time.monotonic()
        took = _run(side, "train", name, out)
        seconds = time.monotonic() - started
        miou = _run("upstream", "evaluate", name, out).figures["miou"]
        yield Trained(name, side, seconds, took.cpu, took.peak_mb, miou)
        print(f"{name}, {side}: {seconds:.1f} s, mIoU {miou:.4f}", file=sys.stderr)


def evaluate(name: str, rounds: int) -> Iterator[Evaluated]:
    """Let the sides evaluate the sample model in turns."""
    for side in _turns(rounds):
        figures = _run(side, "evaluate", name, MODEL).figures
        yield Evaluated(side, figures["images_per_second"], figures["confusion"])
        print(f"evaluation, {side}: {figures['images_per_second']:.1f} pictures/s", file=sys.stderr)


def _turns(rounds: int) -> Iterator[str]:
    """Yield a, b, b, a, and so on: a machine that gets slower is as bad for either."""
    for number in range(rounds):
        yield from SIDES if number % 2 == 0 else reversed(SIDES)


def _run(side: str, what: str, name: str, folder: Path) -> Measured:
    return measured.run((sys.executable, "-m", f"bench.training.{side}", what, name, str(folder)))


def _now() -> str:
    return time.strftime("%Y-%m-%d")


def _machine() -> str:
    cores, busy = len(os.sched_getaffinity(0)), os.getloadavg()[2]
    return f"{cores} cores of {this_processor('CPU')}; load of the last 15 minutes {busy:.1f}"


if __name__ == "__main__":
    main()
