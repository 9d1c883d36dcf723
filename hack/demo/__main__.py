"""Runs both strategies or a sweep end to end: cluster, images, operator, data, runs, table."""

import argparse
import os
import sys
from pathlib import Path

from demo import own
from demo.console import DemoError, interrupted, say, step
from demo.inputs import Inputs, own_inputs, sample_inputs, upload
from demo.jobs import NAMESPACE, check_succeeded, job_for, prepare_namespace, run_job
from demo.shipping import promote_best, write_report
from demo.sweep import SWEEP, frontier_table, run_sweep, sweep_for
from demo.table import results_table
from demo.target import ROOT, Target, prepare_target

EXAMPLES = {"Sparse": ROOT / "examples" / "01-sparse", "Quantised": ROOT / "examples" / "02-quantised"}


def main() -> int:
    """Parse the arguments and run; what stops us is one sentence and exit code 1."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--data", type=Path, help="PaddleSeg dataset to train a teacher on and compress it")
    parser.add_argument("--sweep", action="store_true", help="run a sweep instead of two jobs")
    parser.add_argument("--up", action="store_true", help="only start everything, and print how to use it")
    parser.add_argument("--dry-run", action="store_true", help="on a cluster of your own: print the plan")
    parser.add_argument("--clean", action="store_true", help="remove the demo from a cluster of your own")
    arguments = parser.parse_args()
    try:
        if arguments.clean:
            own.clean(own.target_from(os.environ))
            return 0
        inputs = own_inputs(arguments.data.resolve()) if arguments.data else sample_inputs()
        made = "a SegCompressionSweep" if arguments.sweep else "two SegCompressionJobs"
        target = _prepare(inputs, made, dry_run=arguments.dry_run)
        if target is None:
            return 0
        _upload(inputs, target)
        if arguments.up:
            _say_how_to_use(target)
        elif arguments.sweep:
            _run_sweep(inputs, target)
        else:
            _run_jobs(inputs, target)
    except DemoError as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1
    except KeyboardInterrupt:
        return interrupted()
    return 0


def _prepare(inputs: Inputs, made: str, *, dry_run: bool) -> Target | None:
    """Return where the demo runs, made ready; None where only the plan was asked for."""
    if not own.context_is_named():
        if dry_run:
            raise DemoError("--dry-run is for a cluster of your own; set SEGCOMPRESS_CONTEXT")
        return prepare_target()
    settings, target = own.settings_from(os.environ), own.target_from(os.environ)
    own.check_free(target)
    has_crd = own.has_foreign_crd(target)
    say(f"On context {target.context[1]} the demo will:")
    for number, line in enumerate(own.plan(target, settings, inputs, made, has_crd=has_crd), start=1):
        say(f"  {number}. {line}")
    if dry_run:
        return None
    own.prepare_own_target(target, settings, has_crd=has_crd)
    return target


def _upload(inputs: Inputs, target: Target) -> None:
    with step(f"Uploading model and pictures ({inputs.name}) to {target.endpoint}"):
        upload(inputs, target)
        prepare_namespace(target)


def _run_jobs(inputs: Inputs, target: Target) -> None:
    finished = {}
    for title, example in EXAMPLES.items():
        job = job_for(example, inputs, target)
        with step(f"{title}: kubectl apply -f {example.relative_to(ROOT)}/job.yaml"):
            finished[title] = run_job(job, target)
    measured = {title: job for title, job in finished.items() if "metrics" in job["status"]}
    if measured:
        say(f"\n{results_table(measured)}\n")
    for title, job in measured.items():
        status = job["status"]
        metrics = status["metrics"]
        measured_on = ", ".join(metrics[name] for name in ("runtime", "processor") if name in metrics)
        say(f"{title} (latency on {measured_on}): {status['artifacts']['model']['uri']}")
    say(f"\nObject store: {target.endpoint}. `kubectl get -n {NAMESPACE} scj -o wide` shows the resources:")
    _say_how_to_use(target)
    for job in finished.values():
        check_succeeded(job)


def _run_sweep(inputs: Inputs, target: Target) -> None:
    with step(f"Sweep: kubectl apply -f {SWEEP.relative_to(ROOT)}"):
        finished = run_sweep(sweep_for(inputs, target), target)
    if finished["status"].get("frontier"):
        say(f"\nThe models worth shipping, status.frontier:\n{frontier_table(finished)}\n")
    write_report(finished, target)
    promote_best(finished, target)
    resources = f"`kubectl get -n {NAMESPACE} scs,scj -o wide` shows the resources"
    say(f"\nObject store: {target.endpoint}. {resources}:")
    _say_how_to_use(target)
    check_succeeded(finished)


def _say_how_to_use(target: Target) -> None:
    if target.context:
        say("  make demo-clean                                        # removes what the demo created")
        return
    say('  eval "$(PYTHONPATH=hack python3 -m devcluster env)"   # KUBECONFIG, PATH, S3_ENDPOINT and keys')
    say(f"  kubectl get -n {NAMESPACE} scj -o wide")
    say("  make cluster-down                                      # stops everything and removes it")
    say(f"KUBECONFIG={target.env['KUBECONFIG']}")
    say(f"S3_ENDPOINT={target.endpoint}")
    say(f"AWS_ACCESS_KEY_ID={target.access_key} AWS_SECRET_ACCESS_KEY={target.secret_key}")


if __name__ == "__main__":
    sys.exit(main())
