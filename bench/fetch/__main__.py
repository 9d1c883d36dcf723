"""How fast the runner fetches many small objects, beside s5cmd.

    make bench-fetch
    python -m bench.fetch [--objects 12000] [--rounds 2]

One MinIO; half of the objects hold 40 KB, half 5 KB, as pictures and masks do. The subjects take turns,
forwards and backwards. Each process looks the objects up, fetches and ends; its start counts. Absolute
figures belong to this machine; the ratio holds elsewhere.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from devcluster.objectstore import ObjectStore

HERE = Path(__file__).parent
BUCKET = "bench"
_KINDS = {"images": 40_000, "masks": 5_000}


@dataclass(frozen=True)
class Figures:
    """One fetch of everything: objects a second, CPU of the fetching process, its peak memory."""

    rate: float
    cpu_ms: float
    peak_mb: float


@dataclass(frozen=True)
class Bench:
    """A filled bucket and the programs that fetch from it."""

    folder: Path
    names: tuple[str, ...]
    environment: Mapping[str, str]

    def fetch(self, subject: str) -> Figures:
        """Let one subject fetch everything into a new folder."""
        with TemporaryDirectory(dir=self.folder) as into:
            command = self._command(subject, into)
            names = self.folder / "names.txt"
            names.write_text("\n".join(self.names))
            started = time.monotonic()
            with (
                names.open() as listed,
                subprocess.Popen(
                    command, env=self.environment, stdin=listed, stdout=subprocess.DEVNULL
                ) as process,
            ):
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            took = time.monotonic() - started
            fetched = sum(path.is_file() for path in Path(into).rglob("*"))
        if process.returncode or fetched != len(self.names):
            sys.exit(f"{subject} ended with {process.returncode} and {fetched} of {len(self.names)} objects")
        cpu = usage.ru_utime + usage.ru_stime
        return Figures(fetched / took, 1000 * cpu / fetched, usage.ru_maxrss / 1024)

    def _command(self, subject: str, into: str) -> list[str]:
        if subject == "s5cmd":
            return [str(self.folder / "s5cmd"), "cp", f"s3://{BUCKET}/data/*", f"{into}/"]
        return [sys.executable, "-m", "bench.fetch.fetching", BUCKET, into]


def fill(folder: Path, objects: int, environment: Mapping[str, str]) -> Bench:
    """Build s5cmd, and put the objects into the bucket with it."""
    program = folder / "s5cmd"
    build = ["go", "build", "-C", str(HERE / "s5cmd"), "-o", str(program)]
    subprocess.run([*build, "github.com/peak/s5cmd/v2"], check=True)
    names = tuple(f"{kind}/{number:06}.bin" for kind in _KINDS for number in range(objects // len(_KINDS)))
    source = folder / "source"
    for name in names:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(os.urandom(_KINDS[name.partition("/")[0]]))
    for arguments in (["mb", f"s3://{BUCKET}"], ["cp", f"{source}/", f"s3://{BUCKET}/data/"]):
        subprocess.run([program, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)
    return Bench(folder, names, environment)


def main() -> None:
    """Measure both in turns and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.fetch", description="Measure fetching.")
    parser.add_argument("--objects", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    subjects = ["s5cmd", "segcompress"]
    seen: dict[str, list[Figures]] = {subject: [] for subject in subjects}
    with TemporaryDirectory() as folder, ObjectStore(Path(folder) / "store") as store:
        bench = fill(Path(folder), arguments.objects, _environment(store))
        for turn in range(arguments.rounds):
            for subject in subjects if turn % 2 == 0 else reversed(subjects):
                seen[subject].append(bench.fetch(subject))
                print(f"{subject}: {seen[subject][-1].rate:.0f} objects/s", file=sys.stderr)
    print_table(seen)


def print_table(seen: Mapping[str, list[Figures]]) -> None:
    """Print the medians, and the runner's rate as a share of s5cmd's."""
    print("| | objects/s | CPU ms an object | peak MB |\n| --- | --- | --- | --- |")
    for subject, figures in seen.items():
        rate, cpu, peak = (
            statistics.median(getattr(one, name) for one in figures) for name in ("rate", "cpu_ms", "peak_mb")
        )
        print(f"| {subject} | {rate:.0f} | {cpu:.2f} | {peak:.0f} |")
    rates = {subject: statistics.median(one.rate for one in figures) for subject, figures in seen.items()}
    print(f"\nsegcompress / s5cmd: {rates['segcompress'] / rates['s5cmd']:.2f}")


def _environment(store: ObjectStore) -> dict[str, str]:
    return os.environ | {
        "AWS_ACCESS_KEY_ID": store.access_key,
        "AWS_SECRET_ACCESS_KEY": store.secret_key,
        "AWS_REGION": "us-east-1",
        "S3_ENDPOINT": store.endpoint,
        "S3_ENDPOINT_URL": store.endpoint,
    }


if __name__ == "__main__":
    main()
