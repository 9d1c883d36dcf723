"""Where zeros make a model faster, told before they cost a training."""

from collections.abc import Mapping, Sequence

from segcompress_api.act_settings import ActSettings
from segcompress_api.benchmark import RuntimeName
from segcompress_runner.measurement.runtimes.row import Runtime
from segcompress_runner.measurement.runtimes.table import RUNTIMES


def sparsity_warning(
    settings: ActSettings, asked: Sequence[RuntimeName], table: Mapping[RuntimeName, Runtime] = RUNTIMES
) -> tuple[str, str] | None:
    """Return field and sentence where a strategy makes zeros that no runtime in `asked` can skip."""
    step = next((one for one in settings.steps if one.sparsity is not None), None)
    if step is None or step.sparsity is None:
        return None
    field, target = f"spec.strategy.{step.section}", step.sparsity
    above = {
        name: row.sparse_above[target.pattern]
        for name, row in table.items()
        if target.pattern in row.sparse_above
    }
    if not above:
        return (
            field,
            f"no runtime here has kernels for {target.pattern} sparsity: it makes the model no faster",
        )
    if settings.quantises:
        return field, "no runtime here has sparse kernels for int8: zeros make only the packed file smaller"
    if not above.keys() & set(asked):
        return "spec.benchmark.runtimes", (
            f"no sparse kernels on {', '.join(asked)}: zeros make the model no faster there; "
            f"add {' or '.join(above)}"
        )
    measured = {name: share for name, share in above.items() if name in asked}
    return _too_few(field, step.ratio_of_layers, measured)


def _too_few(field: str, ratio: float | None, above: Mapping[RuntimeName, float]) -> tuple[str, str] | None:
    if ratio is None or any(ratio > share for share in above.values()):
        return None
    name, share = min(above.items(), key=lambda item: item[1])
    return f"{field}.ratio", (
        f"is {ratio}, and {name}'s sparse kernels take layers with more than {share:.0%} zeros: "
        "the model gets no faster there"
    )
