"""Settings that upstream would evaluate, look up by name or read from a path, and JSON without an end."""

from collections.abc import Iterator
from typing import Any

from hostile.case import Case, End, Fails, Harmless, Refused, Theme
from segcompress_api.job import SPEC_LIMIT

_TRAIN, _DISTILLATION = "spec.strategy.TrainConfig", "spec.strategy.Distillation"
_BUILDER = f"{_TRAIN}.optimizer_builder"
_CODE = "__import__('os').system('id')"
_GLOBAL = "spec.strategy.Global"
_LEVELS = 64
_OBJECT = '{"a":}'

_VALUES: dict[str, tuple[str, Any, End]] = {
    "code as optimiser": (_BUILDER, {"optimizer": {"type": _CODE}}, Fails(f"{_BUILDER}.optimizer")),
    "a dunder as optimiser": (_BUILDER, {"optimizer": {"type": "__class__"}}, Fails(f"{_BUILDER}.optimizer")),
    "a key that is none of a builder's": (_BUILDER, {"__init__": {}}, Fails(_BUILDER)),
    "a regulariser by its path": (
        _BUILDER,
        {"optimizer": {"type": "SGD"}, "regularizer": {"type": "os.system"}},
        Fails(f"{_BUILDER}.regularizer"),
    ),
    "a schedule by its path": (
        f"{_TRAIN}.learning_rate",
        {"type": "os.system"},
        Fails(f"{_TRAIN}.learning_rate"),
    ),
    "no learning rate": (f"{_TRAIN}.learning_rate", [], Fails(f"{_TRAIN}.learning_rate")),
    "a learning rate below 0": (f"{_TRAIN}.learning_rate", -1, Fails(f"{_TRAIN}.learning_rate")),
    "a truth as learning rate": (f"{_TRAIN}.learning_rate", True, Fails(f"{_TRAIN}.learning_rate")),
    "a weight below 0": (f"{_DISTILLATION}.alpha", -1, Fails(f"{_DISTILLATION}.alpha")),
    "weights without an end": (f"{_DISTILLATION}.alpha", [1] * 256, Fails(f"{_DISTILLATION}.alpha")),
    "a mapping as loss": (f"{_DISTILLATION}.loss", {"__class__": "x"}, Fails(f"{_DISTILLATION}.loss")),
    "a mapping as variables": (f"{_DISTILLATION}.node", {"a": 1}, Fails(f"{_DISTILLATION}.node")),
    "lists of lists of lists": (f"{_DISTILLATION}.node", [[["x"]]], Fails(f"{_DISTILLATION}.node")),
    "a teacher upwards": (
        f"{_DISTILLATION}.teacher_model_filename",
        "../../etc/passwd",
        Fails(f"{_DISTILLATION}.teacher_model_filename"),
    ),
    "a teacher of the node": (f"{_DISTILLATION}.teacher_model_dir", "/etc", Harmless()),
    "a prototype": (_GLOBAL, {"__proto__": {"polluted": True}, "constructor": {}}, Harmless()),
    "a section that is none": ("spec.strategy.Plugin", {"module": "evil"}, Refused("spec.strategy.Plugin")),
    "an ACT file on the node": ("spec.strategy.configUri", "file:///etc/passwd", Refused("configUri")),
    "an ACT file of the web": ("spec.strategy.configUri", "https://evil.example/act", Refused("configUri")),
    "a model on the node": ("spec.model.inference.uri", "file:///proc/self/environ", Refused("uri")),
    "a bucket with credentials": (
        "spec.dataset.uri",
        "s3://key:secret@bucket/data/",
        Refused("spec.dataset.uri"),
    ),
    "a bucket at another port": ("spec.dataset.uri", "s3://bucket:9000/data/", Refused("spec.dataset.uri")),
    "a pickle as model": ("spec.model.inference.modelFile", "/model.pkl", Refused("modelFile")),
    "more seconds than there are": ("spec.activeDeadlineSeconds", 2**62, Refused("activeDeadlineSeconds")),
    "pods without an end": ("spec.backoffLimit", 2**31 - 1, Refused("spec.backoffLimit")),
    "a ttl below 0": ("spec.ttlSecondsAfterFinished", -1, Refused("ttlSecondsAfterFinished")),
    "a text for a truth": ("spec.suspend", "true", Refused("spec.suspend")),
}
_JSON: dict[str, tuple[str, str, End]] = {
    "a number beyond floats": (_GLOBAL, "1e999", Refused("")),
    "a number of 5,000 digits": (_GLOBAL, "1" * 5000, Refused("")),
    "a key twice": ("spec.seed", '1, "seed": 2', Refused("seed")),
    "half a letter": ("spec.dataset.classNames", '["a", "\\ud800"]', Harmless()),
}


def _nested() -> Iterator[Case]:
    """Yield lists and objects within one another; the API server takes 10,000 of them."""
    too_deep = Fails(f"must be nested at most {_LEVELS} levels deep")
    for levels in (50, 100, 197, 900, 4000, 9000):
        end: End = Harmless() if levels < _LEVELS else too_deep
        yield Case(f"{levels} lists", {}, end, json={_GLOBAL: "[" * levels + "1" + "]" * levels})
        if len(_OBJECT) * levels > SPEC_LIMIT:
            end = Fails("spec: must be at most 32768 bytes")
        objects = _OBJECT[:-1] * levels + "1" + _OBJECT[-1] * levels
        yield Case(f"{levels} objects", {}, end, json={_GLOBAL: objects})


THEME = Theme(
    "Settings and JSON",
    "names that upstream would look up, code, paths, wrong types; numbers and nesting without an end",
    (
        *(Case(what, {path: value}, end) for what, (path, value, end) in _VALUES.items()),
        *(Case(what, {}, end, json={path: text}) for what, (path, text, end) in _JSON.items()),
        *_nested(),
    ),
)
