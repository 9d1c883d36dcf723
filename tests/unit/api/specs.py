"""Whole specs that are right: they obey the schema, and the rules across fields, too."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from unit.api.differences import STRICTER
from unit.api.values import MEANING, SCHEMA, Schema, full, right

Spec = dict[str, Any]

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
        elif place.schema.get("type") != "object" and place.key not in MEANING:
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
    if "gmp_config" in prune or not (prune.get("local_sparsity") and "prune_params_type" in prune):
        prune.pop("criterion", None)
    if prune.get("layer_ratios") and not prune.get("local_sparsity"):
        prune.pop("layer_ratios")
    if prune.get("prune_mode") == "threshold":
        prune.setdefault("threshold", 0.01)
        for name in ("ratio", "pruned_ratio", "gmp_config", "local_sparsity", "layer_ratios", "criterion"):
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
