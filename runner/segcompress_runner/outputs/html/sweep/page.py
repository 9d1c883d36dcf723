"""The page of a sweep. Equal sweeps give equal bytes.

It has one script, which sorts the table of trials; the page's policy names its digest, so that no other runs.
"""

import base64
import hashlib
from collections.abc import Mapping

from markupsafe import Markup

from segcompress_runner.outputs.html.environment import environment, source
from segcompress_runner.outputs.html.sweep import wording
from segcompress_runner.outputs.html.sweep.bars import importance_charts
from segcompress_runner.outputs.html.sweep.charts import frontier_charts
from segcompress_runner.outputs.html.sweep.parallel import parallel_chart
from segcompress_runner.outputs.sweep.importance import importance_of
from segcompress_runner.outputs.sweep.swept import Swept


def render_sweep(swept: Swept, links: Mapping[int, str]) -> str:
    """Return the page; `links` are the URLs of trials' reports by trial index."""
    importance, script = importance_of(swept), source("sweep.js")
    rows = wording.trial_rows(swept, links)
    frontier = [one.trial.index for one in swept.frontier]
    by_index = {row.index: row for row in rows}
    return (
        environment()
        .get_template("sweep.html")
        .render(
            swept=swept,
            title=wording.title(swept),
            verdict=wording.verdict(swept),
            figures=wording.figure_rows(swept),
            frontier=[by_index[index] for index in frontier],
            frontier_charts=frontier_charts(swept),
            parallel=parallel_chart(swept),
            importance=importance,
            importance_charts=importance_charts(importance, swept.spec.objectives),
            columns=wording.columns(swept),
            trials=rows,
            settings=wording.settings(swept),
            script=Markup(script),  # noqa: S704 - ours
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )
