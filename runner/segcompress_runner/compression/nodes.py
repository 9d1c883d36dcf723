"""Are the variables that a user wants to distil in the model's graph? Answered before any training."""

import difflib

from segcompress_api.act_settings import ActSettings
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.model import ModelInfo

FIELD = "spec.strategy.Distillation.node"
_SHOWN = 3


def check_nodes(info: ModelInfo, settings: ActSettings) -> None:
    """Raise InvalidSettingError where a distillation node cannot be distilled, naming near variables."""
    for name in (name for group in settings.distillation.groups for name in group):
        if name not in info.variables:
            raise InvalidSettingError(f"{FIELD}: {name} is no variable of the model; {_remedy(name, info)}")
        if name == info.input_name:
            raise InvalidSettingError(
                f"{FIELD}: {name} is the model's input; name the output of a layer, or leave node out"
            )


def _remedy(name: str, info: ModelInfo) -> str:
    near = difflib.get_close_matches(name, sorted(info.variables), n=_SHOWN, cutoff=0.6)
    if not near:
        return f"leave node out to distil the last of its {len(info.variables)} variables that have weights"
    return f"did you mean {' or '.join(near)}?"
