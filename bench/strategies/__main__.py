"""Each strategy on the sample model: one table, from runs of `segcompress run`.

    make bench-strategies
    python -m bench.strategies [--only WORDS] [--keep DIR]

The runs follow each other; within a run, baseline and compressed model take turns. A table of all cases is
written to docs/results.md, one of some is printed. With --keep, results are kept in a folder, and a case
whose result is there is not run again.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import yaml

from segcompress_api.benchmark import RuntimeName
from segcompress_api.contract import ExitCode
from segcompress_runner.outputs.table import markdown

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).with_name("cases.yaml")
JOB = ROOT / "examples" / "03-without-a-cluster" / "job.yaml"
PAGE = ROOT / "docs" / "results.md"
RUNTIMES: tuple[RuntimeName, ...] = get_args(RuntimeName)

HEADER = ("strategy", "mIoU", "boundary IoU", "sparsity", "size, KiB", *RUNTIMES, "gates")
_NONE = "–"

INTRODUCTION = """# Each strategy on the sample model

Written by `make bench-strategies` ({date}, {minutes:.0f} minutes on {processor}).
PP-HumanSeg-Lite at 192x192, {images} validation pictures; the trainings take a minute or two each
([cases.yaml](../bench/strategies/cases.yaml)), so that accuracy is below what hours of training reach.
A latency is the median at batch 1 on one thread, followed by the speed-up over the baseline of the same run;
a model with int8 is measured in int8 on each runtime that computes in it.

"""


def main() -> int:
    """Run the cases; write or print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", default="", help="run the cases whose names hold these words")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep results, and use those that are there")
    options = parser.parse_args()
    wanted = options.only
    cases = {name: case for name, case in read_cases().items() if wanted in name}
    if not cases:
        parser.error(f"--only: no case is called {wanted!r}; there are {', '.join(read_cases())}")
    results = {name: result_of(name, strategy, options.keep) for name, strategy in cases.items()}
    text = markdown(HEADER, rows(results)) + "\n"
    if wanted:
        print(text, end="")
    else:
        PAGE.write_text(introduction(results) + text)
        print(f"written to {PAGE.relative_to(ROOT)}")
    return 0


def read_cases() -> dict[str, Any]:
    """Return each case's strategy, by its name."""
    cases: dict[str, Any] = yaml.safe_load(CASES.read_text())["cases"]
    return cases


def result_of(name: str, strategy: Mapping[str, Any], keep: Path | None) -> dict[str, Any]:
    """Return one case's result.json: the one that is kept in a folder, where there is one."""
    if keep is None:
        return run(name, strategy)
    kept = keep / f"{name}.json"
    if not kept.exists():
        result = run(name, strategy)
        keep.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(result))
    found: dict[str, Any] = json.loads(kept.read_text())
    return found


def run(name: str, strategy: Mapping[str, Any]) -> dict[str, Any]:
    """Run one case and return its result.json; a missed gate is a result, anything else ends the bench."""
    with TemporaryDirectory(prefix="segcompress-bench-") as folder:
        job = Path(folder) / "job.yaml"
        job.write_text(json.dumps(job_of(strategy)))
        print(f"== {name}", file=sys.stderr)
        command = [
            sys.executable,
            "-m",
            "segcompress",
            "run",
            str(job),
            "--output",
            f"{folder}/out",
        ]
        code = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
        if code not in (ExitCode.SUCCEEDED, ExitCode.GATE_MISSED):
            sys.exit(f"{name}: ended with exit code {code}")
        result: dict[str, Any] = json.loads((Path(folder) / "out" / "result.json").read_text())
        return result


def job_of(strategy: Mapping[str, Any]) -> dict[str, Any]:
    """Return the example's job with another strategy, on all runtimes that take what it makes."""
    job: dict[str, Any] = yaml.safe_load(JOB.read_text())
    spec = job["spec"]
    spec["strategy"] = dict(strategy)
    spec["model"]["inference"]["uri"] = f"file://{ROOT}/examples/sample/model/"
    spec["dataset"]["uri"] = f"file://{ROOT}/examples/sample/dataset/"
    quantises = any("Quant" in word for word in (*strategy, strategy.get("preset", "")))
    runtimes = [name for name in RUNTIMES if not (quantises and name == "MNN")]
    spec["benchmark"] = {"runtimes": runtimes, "threads": 1, "minQueries": 64}
    spec["acceptance"] = {"maxMiouDrop": "0.02"}
    return job


def introduction(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what stands above the table; ends the bench where results are of several processors."""
    processors = {result["metrics"]["processor"] for result in results.values()}
    if len(processors) > 1:
        sys.exit(f"the results are of several processors: {', '.join(sorted(processors))}")
    result = next(iter(results.values()))
    return INTRODUCTION.format(
        date=time.strftime("%Y-%m-%d"),
        minutes=sum(sum(one["run"]["stageSeconds"].values()) for one in results.values()) / 60,
        processor=processors.pop(),
        images=result["scores"]["baseline"][0]["images"],
    )


def rows(results: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return the baseline's row, as the first result has it, and one for each result."""
    first = next(iter(results.values()))
    latencies = [_baseline(first, runtime) for runtime in RUNTIMES]
    return [
        ("none (baseline)", *_figures(first["metrics"]["baseline"]), *latencies, _NONE),
        *(
            (
                name,
                *_figures(result["metrics"]["compressed"]),
                *(_compressed(result, runtime) for runtime in RUNTIMES),
                "passed" if result["accepted"] else _missed(result),
            )
            for name, result in results.items()
        ),
    ]


def _figures(model: Mapping[str, Any]) -> tuple[str, ...]:
    size = f"{model['sizeBytes'] / 1024:.0f}"
    return (model["miou"], model.get("boundaryIou", _NONE), model.get("sparsity", _NONE), size)


def _missed(result: Mapping[str, Any]) -> str:
    missed = [gate["message"] for gate in result["gates"] if not gate["passed"]]
    return f"{len(missed)} missed; the first: {missed[0]}"


def _entry(result: Mapping[str, Any], runtime: RuntimeName) -> Mapping[str, Any] | None:
    return next((each for each in result["latencies"] if each["runtime"] == runtime), None)


def _baseline(result: Mapping[str, Any], runtime: RuntimeName) -> str:
    entry = _entry(result, runtime)
    if entry is None:
        return _NONE
    reference = next(each for each in entry["baseline"] if each["variant"] == entry["reference"])
    return f"{reference['p50_ms']:.1f} ms"


def _compressed(result: Mapping[str, Any], runtime: RuntimeName) -> str:
    entry = _entry(result, runtime)
    if entry is None:
        return _NONE
    deployed = next(each for each in entry["compressed"] if each["variant"] == entry["deployed"])
    return f"{deployed['p50_ms']:.1f} ms ({entry['speedup']:.2f}x)"


if __name__ == "__main__":
    sys.exit(main())
