"""A run tells the operator how far it is, and is the same where nobody listens."""

import json
from pathlib import Path

from certified import certified, served
from segcompress_api.progress import ProgressReport

from .runs import Runner, Spec


def test_run_reports_and_is_none_the_worse_where_nobody_listens(
    runner: Runner, spec: Spec, tmp_path: Path
) -> None:
    folder = certified(tmp_path)
    with served(folder) as operator:
        port = operator.server_port
        runner.progress = {"url": f"https://localhost:{port}", "ca": (folder / "ca.crt").read_text()}
        heard = runner.run(spec)
    assert (heard.code, heard.result.reason) == (0, "Succeeded"), heard.log
    assert "progress does not reach" not in heard.log
    path, token, body = operator.heard[0]
    assert (path, token) == (f"/v1/pods/{heard.attempt}/progress", "Bearer token")
    assert ProgressReport.model_validate(json.loads(body)).stage == "Fetch"

    unheard = runner.run(spec)
    assert (unheard.code, unheard.result.reason) == (0, "Reused"), unheard.log
