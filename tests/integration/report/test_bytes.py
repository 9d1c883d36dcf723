"""Equal results give equal bytes, whichever process writes them."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
WRITE = "import pathlib, sys, results; print(results.page(pathlib.Path(sys.argv[1])))"


def test_two_processes_write_the_same_report(tmp_path: Path) -> None:
    pages = [
        subprocess.run(
            [sys.executable, "-c", WRITE, str(tmp_path)],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "tests")},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert "<h1>" in pages[0]
    assert pages[0] == pages[1]
