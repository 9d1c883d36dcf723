"""What a run imports before it computes."""

import subprocess
import sys

NEEDLESS = {
    "MNN",
    "matplotlib",
    "onnxruntime",
    "openvino",
    "pandas",
    "paddleslim.auto_compression",
    "paddleseg.models",
    "scipy.stats",
    "sklearn",
}


def test_a_run_imports_nothing_that_plots_or_counts_for_others() -> None:
    program = "import sys, segcompress_runner.measuring; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, check=True, text=True
    )
    imported = set(done.stdout.split())
    assert "segcompress_runner.stages" in imported
    assert not imported & NEEDLESS
