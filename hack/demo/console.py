"""How the demo speaks: one heading a step, and one clear sentence where it cannot go on."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager


class DemoError(Exception):
    """The demo cannot go on; the message is one sentence for the user."""


def say(text: str) -> None:
    """Print a line at once: the programs that we call print beside us."""
    print(text, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Head a step, and tell how long it took."""
    say(f"\n== {title}")
    started = time.monotonic()
    yield
    say(f"   done in {time.monotonic() - started:.0f} s")


def run(argv: Sequence[str], env: Mapping[str, str]) -> None:
    """Run a program that shows its own progress; raises DemoError where it fails."""
    done = subprocess.run(argv, env=dict(env), check=False)
    if done.returncode:
        raise DemoError(f"`{' '.join(argv)}` ended with exit code {done.returncode}")


def answer(argv: Sequence[str], env: Mapping[str, str], *, fed: str | None = None) -> str:
    """Return what a program prints; raises DemoError with its complaint where it fails."""
    done = subprocess.run(argv, env=dict(env), check=False, capture_output=True, text=True, input=fed)
    if done.returncode:
        raise DemoError(f"`{' '.join(argv)}` failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def interrupted() -> int:
    """Say that the user stopped us, and return the shell's exit code for that."""
    sys.stderr.write(
        "\ndemo: interrupted; `make demo` continues where it stopped, `make cluster-down` cleans up "
        "(on a cluster of your own: `make demo-clean`)\n"
    )
    return 130
