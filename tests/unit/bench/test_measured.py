"""What a measured program takes, and the processes that outlive it."""

import subprocess
import sys
from pathlib import Path

BURN = "import time\nwhile time.process_time() < 0.5: pass"

LEAVES = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {BURN!r}])
print("{{}}")
"""

MEASURES = f"""
import sys
from bench.training.measured import run
print(run((sys.executable, "-c", {LEAVES!r})).cpu)
"""


def test_cpu_seconds_of_what_a_program_leaves_behind_count() -> None:
    """In a process of its own, which may wait for all of its children."""
    ended = subprocess.run(
        [sys.executable, "-c", MEASURES],
        stdout=subprocess.PIPE,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert float(ended.stdout) > 0.5
