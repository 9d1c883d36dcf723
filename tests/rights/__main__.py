"""Take one verb after the other from the operator's roles: something must fail without each.

    make test-rights

Writes the table of docs/security.md. A verb that nothing fails without does not belong into the chart.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from devcluster.controlplane import ControlPlane
from integration.chart.helm import rendered
from integration.operator.api import Api
from integration.operator.installed import install_crd
from rights.page import PAGE, written
from rights.rights import Right, rights_of
from rights.trial import CONTROLLERS, Trials, Verdict

AT_ONCE = 3


def main() -> int:
    """Try all rights; return 1 where one is not needed, or where something fails with all of them."""
    rights = rights_of(rendered())
    with (
        TemporaryDirectory(prefix="rights-") as name,
        ControlPlane(Path(name) / "plane", controllers=CONTROLLERS) as plane,
    ):
        install_crd(Api(plane.kubeconfig))
        trials = Trials(plane, Path(name))
        reference = trials.tries(None)
        if reference.failed:
            print(f"with all rights fail: {', '.join(reference.failed)}", file=sys.stderr)
            return 1
        with ThreadPoolExecutor(AT_ONCE) as pool:
            verdicts = list(pool.map(partial(_try, trials), rights))
    idle = [verdict for verdict in verdicts if not (verdict.failed and verdict.refused)]
    for verdict in idle:
        print(f"nothing fails without {verdict.right}; take it from the chart", file=sys.stderr)
    if not idle:
        PAGE.write_text(written(PAGE.read_text(), verdicts))
        print(f"{len(verdicts)} verbs, each needed; written to {PAGE.name}")
    return 1 if idle else 0


def _try(trials: Trials, right: Right) -> Verdict:
    verdict = trials.tries(right)
    print(f"without {right}: {len(verdict.failed)} fail, {verdict.refused} requests refused", flush=True)
    return verdict


if __name__ == "__main__":
    sys.exit(main())
