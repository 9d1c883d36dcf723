"""Specs made from the CRD's own schema: right ones, and ones with one place changed.

hypothesis-jsonschema (MPL-2.0, last released in 2024) makes right values only, of JSON Schema and not of
Kubernetes' dialect; what matters here are the values beside the right ones.
"""

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from segcompress_api.schema import job_crd
from unit.api.differences import STRICTER

Schema = dict[str, Any]
Spec = dict[str, Any]
Values = st.SearchStrategy[Any]

SCHEMA: Schema = job_crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]

_MEANING: dict[str, Any] = {
    "alpha": 1.0,
    "loss": "l2",
    "node": ["x"],
    "distill_lambda": 1.0,
    "distill_loss": "l2_loss",
    "distill_node_pair": ["teacher_x", "x"],
    "learning_rate": 0.1,
    "optimizer_builder": {"optimizer": {"type": "SGD"}},
    "optim_args": {"weight_decay": 0.1},
    "optimizer": "SGD",
    "teacher_model_filename": "model.file",
    "teacher_params_filename": "model.file",
    "Global": {"note": 1},
    "inputShape": [1, 3, 8, 8],
    "sparse_block": [1, 1],
    "pruned_ratio": 0.25,
}
"""Values of fields whose schema does not say what they mean."""

COMPRESSIONS = (
    ("UnstructurePrune",),
    ("ASPPrune",),
    ("QuantAware",),
    ("Quantization",),
    ("UnstructurePrune", "QuantAware"),
    ("UnstructurePrune", "Quantization"),
    ("ASPPrune", "QuantAware"),
    ("QuantPost",),
    ("UnstructurePrune", "QuantPost"),
    ("ChannelPrune",),
    ("ChannelPrune", "Quantization"),
    ("configUri",),
    ("preset",),
)
"""What may stand beside one another, of the sections that compress and configUri."""

_COMPRESSING = sorted({name for names in COMPRESSIONS for name in names})
SOURCES = ("inference", "paddleseg")
_TEXTS = ("s3://bucket/folder/", "model.file", "0.5", "2", "name")
_SHORT_LIST = 3
_LARGEST = 2**31
_TEXT = st.text("aZ0_-./ é\n", max_size=8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=3,
)


@dataclass(frozen=True)
class Place:
    """A value within a spec: its path, its schema, and the object or list that holds it under a key."""

    path: str
    schema: Schema
    holder: Any
    key: Any
    optional: bool = True

    @property
    def value(self) -> Any:
        """What stands there, None where nothing does."""
        return self.holder.get(self.key) if isinstance(self.holder, dict) else self.holder[self.key]


@dataclass(frozen=True)
class Sample:
    """A spec, which place of it was changed, and how."""

    spec: Any
    path: str
    change: str


def is_free_form(schema: Schema) -> bool:
    """Return whether any JSON may stand here."""
    return "type" not in schema


def full(schema: Schema) -> Any:
    """Return a value in which every field is given; the rules across fields are not obeyed."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            parts = schema.get("properties", {}).items()
            return {name: _meant(name) if name in _MEANING else full(inner) for name, inner in parts}
        case "array":
            return [full(schema["items"])]
        case "string":
            pattern, most = schema.get("pattern", ""), schema.get("maxLength", 16)
            return next(text for text in _TEXTS if len(text) <= most and re.search(pattern, text))
        case "boolean":
            return True
        case _:
            least, most = _bounds(schema)
            return min(max(least, 0), most) + _inside(schema)


def _meant(name: str) -> Any:
    """Return a copy: a test changes what it draws."""
    return copy.deepcopy(_MEANING[name])


def _inside(schema: Schema) -> float:
    """Return the step from a bound that is excluded to a value that is not."""
    if not schema.get("exclusiveMinimum"):
        return 0
    return 1 if schema["type"] == "integer" else 0.5


def right(schema: Schema) -> Values:
    """Return values that the schema takes."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if is_free_form(schema):
        return _JSON.filter(lambda value: value is not None)
    return _RIGHT[schema["type"]](schema)


def _right_text(schema: Schema) -> Values:
    least, most = schema.get("minLength", 0), schema.get("maxLength", 16)
    if "pattern" in schema:
        made = st.from_regex(schema["pattern"], fullmatch=True)
        return made.filter(lambda text: least <= len(text) <= most)
    return st.text("aZ0-é", min_size=least, max_size=min(most, 16)) | st.just("é" * most)


def _right_number(schema: Schema) -> Values:
    least, most = _bounds(schema)
    lowest, highest = bool(schema.get("exclusiveMinimum")), bool(schema.get("exclusiveMaximum"))
    return st.floats(least, most, exclude_min=lowest, exclude_max=highest)


def _right_integer(schema: Schema) -> Values:
    least, most = _bounds(schema)
    first, last = int(least) + bool(schema.get("exclusiveMinimum")), int(most)
    return st.integers(first, last) | st.sampled_from([first, last])


def _right_list(schema: Schema) -> Values:
    least, most = schema.get("minItems", 0), min(schema.get("maxItems", _SHORT_LIST), _SHORT_LIST)
    unique = schema.get("x-kubernetes-list-type") == "set"
    return st.lists(right(schema["items"]), min_size=least, max_size=most, unique=unique)


def _right_object(schema: Schema) -> Values:
    if "additionalProperties" in schema:
        names = st.sampled_from(["cpu", "memory", "zone"])
        return st.dictionaries(names, right(schema["additionalProperties"]), max_size=2)
    return st.just(full(schema))


_RIGHT: dict[str, Callable[[Schema], Values]] = {
    "string": _right_text,
    "number": _right_number,
    "integer": _right_integer,
    "boolean": lambda _: st.booleans(),
    "array": _right_list,
    "object": _right_object,
}


def _bounds(schema: Schema) -> tuple[float, float]:
    return schema.get("minimum", -_LARGEST), schema.get("maximum", _LARGEST - 1)


def places(spec: Spec) -> list[Place]:
    """Return every place of the spec, those of optional fields that are not given among them."""
    return list(_places(SCHEMA, {"spec": spec}, "spec", "spec", optional=False))


def _places(schema: Schema, holder: Any, key: Any, path: str, *, optional: bool) -> Iterator[Place]:
    place = Place(path, schema, holder, key, optional)
    yield place
    if isinstance(place.value, dict):
        required = schema.get("required", ())
        for name, inner in schema.get("properties", {}).items():
            yield from _places(inner, place.value, name, f"{path}.{name}", optional=name not in required)
    if isinstance(place.value, list) and place.value and "items" in schema:
        yield from _places(schema["items"], place.value, 0, f"{path}[]", optional=False)


@st.composite
def right_specs(draw: st.DrawFn) -> Spec:
    """Return specs that obey the schema and the rules across fields."""
    spec: Spec = full(SCHEMA)
    obey_rules(spec, draw(st.sampled_from(COMPRESSIONS)), draw(st.sampled_from(SOURCES)))
    for _ in range(draw(st.integers(0, 5))):
        place = draw(st.sampled_from([each for each in places(spec)[1:] if each.path not in STRICTER]))
        if place.optional and draw(st.booleans()):
            place.holder.pop(place.key, None)
        elif place.schema.get("type") != "object" and place.key not in _MEANING:
            place.holder[place.key] = draw(right(place.schema))
    obey_rules(spec, _compression(spec["strategy"]))
    return spec


def _compression(strategy: Spec) -> tuple[str, ...]:
    given = {name for name in _COMPRESSING if name in strategy}
    return next((names for names in COMPRESSIONS if given == {*names}), COMPRESSIONS[0])


def obey_rules(spec: Spec, compression: tuple[str, ...], source: str = SOURCES[0]) -> None:
    """Change what breaks a rule that no schema of a single field can say."""
    dataset, strategy = spec["dataset"], spec["strategy"]
    _obey_model_rules(spec["model"], strategy, source)
    _obey_dataset_rules(dataset)
    trains = not {*compression} <= {"configUri", "preset", "QuantPost"}
    sections = set() if trains else {"Distillation", "TrainConfig"}
    for name in {*_COMPRESSING, *sections} - {*compression}:
        strategy.pop(name, None)
    for name in compression:
        strategy.setdefault(name, full(SCHEMA["properties"]["strategy"]["properties"][name]))
    if {*compression} <= {"QuantAware", "Quantization", "QuantPost", "ChannelPrune", "preset"}:
        spec.get("acceptance", {}).pop("minSparsity", None)
    if trains:
        _train_once(strategy.setdefault("TrainConfig", {"learning_rate": 0.1}))
    if strategy.get("QuantPost", {}).get("algo", "hist") != "hist":
        strategy["QuantPost"].pop("hist_percent", None)
    if "UnstructurePrune" in compression:
        _prune_one_way(strategy["UnstructurePrune"])
        _train_long_enough(strategy)
    _gate_what_is_measured(spec)
    for old, new in (("distill_lambda", "alpha"), ("distill_loss", "loss"), ("distill_node_pair", "node")):
        if new in strategy.get("Distillation", {}):
            strategy["Distillation"].pop(old, None)


def _obey_model_rules(model: Spec, strategy: Spec, source: str) -> None:
    """Keep one source of the model: the one that is given, else `source`."""
    kept = next(iter(model)) if len(model) == 1 else source
    for name in {*SOURCES} - {kept}:
        model.pop(name, None)
    model.setdefault(kept, full(SCHEMA["properties"]["model"]["properties"][kept]))
    if "paddleseg" in model:
        model["paddleseg"]["inputShape"][0] = model["paddleseg"]["inputShape"][0] or 1
        for name in ("teacher_model_filename", "teacher_params_filename"):  # its files have their own names
            strategy.get("Distillation", {}).pop(name, None)


def _gate_what_is_measured(spec: Spec) -> None:
    runtimes = SCHEMA["properties"]["benchmark"]["properties"]["runtimes"]["default"]
    measured = spec.get("benchmark", {}).get("runtimes", runtimes)
    gate = spec.get("acceptance", {}).get("minSpeedup")
    if gate is not None and gate["runtime"] not in measured:
        gate["runtime"] = measured[0]


def _obey_dataset_rules(dataset: Spec) -> None:
    if dataset.get("classNames"):
        dataset["classNames"] = [f"class {n}" for n in range(dataset["numClasses"])]
    if dataset.get("classNames") or dataset.get("format", "PaddleSeg") == "PaddleSeg":
        dataset.pop("labelList", None)
    elif dataset["format"] == "Labelme":
        dataset.setdefault("labelList", "labels.txt")
    given = [bool(dataset.get(name)) for name in ("trainTransforms", "valTransforms")]
    if all(given):
        dataset.pop("readerConfigUri", None)
    else:
        dataset["trainTransforms"] = dataset["valTransforms"] = []
        dataset.setdefault("readerConfigUri", "s3://bucket/reader.yaml")


def _train_once(train: Spec) -> None:
    if "epochs" in train:
        train.pop("train_iter", None)
    else:
        train.setdefault("train_iter", 1)
    train.setdefault("learning_rate", 0.1)
    if "optimizer_builder" in train:
        train.pop("optimizer", None)
        train.pop("optim_args", None)


def _prune_one_way(prune: Spec) -> None:
    if prune.get("sparse_block", [1, 1]) not in ([1, 1], [4, 1]):
        prune["sparse_block"] = [1, 1]
    if prune.get("prune_mode") == "threshold":
        prune.setdefault("threshold", 0.01)
        for name in ("ratio", "pruned_ratio", "gmp_config", "local_sparsity"):
            prune.pop(name, None)
    else:
        prune.pop("threshold", None)
        if "ratio" in prune or "pruned_ratio" not in prune:
            prune.setdefault("ratio", 0.5)
            prune.pop("pruned_ratio", None)
    if "gmp_config" not in prune:
        prune.pop("prune_strategy", None)
        return
    ramp = prune["gmp_config"]
    prune["prune_strategy"] = "gmp"
    ramp["pruning_steps"] = min(ramp["pruning_steps"], 99)
    ramp["pruning_iterations"] = max(ramp["pruning_iterations"], 10 * ramp["pruning_steps"] + 1)
    ramp["initial_ratio"] = min(ramp["initial_ratio"], prune.get("ratio", prune.get("pruned_ratio")))


def _train_long_enough(strategy: Spec) -> None:
    train, ramp = strategy["TrainConfig"], strategy["UnstructurePrune"].get("gmp_config")
    if ramp is None or "train_iter" not in train:
        return
    ramp["stable_iterations"] = min(ramp.get("stable_iterations", 0), 9)
    ramp["pruning_iterations"] = min(ramp["pruning_iterations"], 99_999)
    train["train_iter"] = max(train["train_iter"], 99_999 + 9)


@st.composite
def changed_specs(draw: st.DrawFn) -> Sample:
    """Return specs with one place changed, most often to something that must be refused."""
    spec: Spec = full(SCHEMA)
    obey_rules(spec, draw(st.sampled_from(COMPRESSIONS)), draw(st.sampled_from(SOURCES)))
    return changed_at(draw, spec, draw(st.sampled_from(places(spec)[1:])))


def changed_at(draw: st.DrawFn, spec: Spec, place: Place) -> Sample:
    """Change a place of the spec, most often to something that must be refused."""
    change = draw(st.sampled_from([_remove, _add_key, *(4 * [_replace])]))
    return Sample(spec, place.path, change(draw, place))


def _remove(_: st.DrawFn, place: Place) -> str:
    if isinstance(place.holder, list):
        place.holder.clear()
    else:
        place.holder.pop(place.key, None)
    return "removed"


def _add_key(draw: st.DrawFn, place: Place) -> str:
    if not isinstance(place.value, dict) or "properties" not in place.schema:
        return _replace(draw, place)
    spelled = sorted({_snake(name) for name in place.schema["properties"]} - set(place.schema["properties"]))
    place.value[draw(st.sampled_from(["unknown", *spelled]))] = 1
    return "a key added"


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name).removeprefix("_")


def _replace(draw: st.DrawFn, place: Place) -> str:
    what, values = draw(st.sampled_from(list(_near(place.schema))))
    place.holder[place.key] = draw(values)
    return what


_OF_TYPES: dict[str, Values] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "integer": st.sampled_from([0, 1, -1, 8, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63), 10**30]),
    "number": st.sampled_from([0.5, 1.0, -0.0, 8.0, 1e300, 5e-324]),
    "string": st.sampled_from(["", "1", "0.5", "true", "null", "\n", "8"]),
    "array": st.sampled_from([[], [1], [None], ["a", "a"]]),
    "object": st.sampled_from([{}, {"unknown": 1}]),
}
_AT_AN_END = st.sampled_from(["\n", " ", "/", "..", "-", "A", "é", "\x00"])


def _near(schema: Schema) -> Iterator[tuple[str, Values]]:
    """Yield values of each type, and those at the bounds of the right ones and just beyond."""
    for name, values in _OF_TYPES.items():
        yield f"{name} for {schema.get('type', 'anything')}", values
    for bound in {"minimum", "maximum"} & schema.keys():
        edge = schema[bound]
        yield bound, st.sampled_from([edge - 1, edge, edge + 1])
    if "maxLength" in schema:
        most = schema["maxLength"]
        yield "length", st.sampled_from([letter * length for letter in "aé" for length in (most, most + 1)])
    if "pattern" in schema:
        yield (
            "pattern",
            st.tuples(right(schema), _AT_AN_END).flatmap(lambda ends: st.permutations(ends).map("".join)),
        )
    if "enum" in schema:
        yield "enum", st.sampled_from([str(schema["enum"][0]).swapcase(), f"{schema['enum'][0]} "])
    if schema.get("type") == "array":
        yield "items", _lists(schema)
    if "additionalProperties" in schema:
        most = schema["maxProperties"]
        counts = st.sampled_from([most, most + 1])
        yield "properties", st.tuples(right(schema["additionalProperties"]), counts).map(_mapping)


def _mapping(drawn: tuple[Any, int]) -> dict[str, Any]:
    value, count = drawn
    return {f"k{n}": value for n in range(count)}


def _lists(schema: Schema) -> Values:
    most = schema.get("maxItems", 8)
    lengths = st.sampled_from([0, 1, 2, most, most + 1])
    return st.tuples(right(schema["items"]), lengths).map(lambda drawn: [drawn[0]] * drawn[1])
