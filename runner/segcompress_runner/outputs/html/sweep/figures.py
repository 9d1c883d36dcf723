"""Names and values of metrics as people read them. Pure."""

from decimal import Decimal

from segcompress_api.sweep import Constraint, Objective
from segcompress_api.sweep_status import MetricName
from segcompress_runner.outputs.html.units import share, size, times

_LABELS: dict[MetricName, str] = {
    "compressed.miou": "mIoU",
    "compressed.boundaryIou": "Boundary IoU",
    "compressed.latencyMs": "Latency",
    "compressed.sizeBytes": "Size",
    "compressed.sparsity": "Sparsity",
    "miouDrop": "mIoU drop",
    "boundaryIouDrop": "Boundary IoU drop",
    "speedup": "Speed-up",
    "worstClass.iouDrop": "IoU drop of the worst class",
}
_UNITS: dict[MetricName, str] = {"compressed.latencyMs": ", ms"}
_BASELINES: dict[MetricName, str] = {
    "compressed.miou": "baseline.miou",
    "compressed.boundaryIou": "baseline.boundaryIou",
    "compressed.latencyMs": "baseline.latencyMs",
    "compressed.sizeBytes": "baseline.sizeBytes",
}


def label(metric: MetricName) -> str:
    """Return the name of a metric."""
    return _LABELS[metric]


def in_sentence(metric: MetricName) -> str:
    """Return the name of a metric within a sentence: in lower case, unless it is an abbreviation."""
    name = label(metric)
    return name if name[1].isupper() or name.startswith("IoU") else name[0].lower() + name[1:]


def axis_label(objective: Objective) -> str:
    """Return the label of an axis: name, unit, and which way is better."""
    better = "more" if objective.goal == "Maximize" else "less"
    return f"{label(objective.metric)}{_UNITS.get(objective.metric, '')} ({better} is better)"


def baseline_of(metric: MetricName) -> str | None:
    """Return the same metric of the baseline, None if it has none."""
    return _BASELINES.get(metric)


def written(metric: MetricName, text: str) -> str:
    """Return a value with its unit."""
    match metric:
        case "compressed.latencyMs":
            return f"{Decimal(text):.2f} ms"
        case "compressed.sizeBytes":
            return size(int(Decimal(text)))
        case "compressed.sparsity":
            return share(text)
        case "speedup":
            return times(text)
        case _:
            return text


def asked(constraint: Constraint) -> str:
    """Return what a constraint asks for."""
    bound, words = (constraint.max, "at most") if constraint.max is not None else (constraint.min, "at least")
    return f"{words} {written(constraint.metric, bound or '0')}"
