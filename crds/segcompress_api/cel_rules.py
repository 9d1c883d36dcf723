"""The CEL rules of a job: what a schema cannot say, refused by the API server with our message."""

from collections.abc import Collection

from pydantic import BaseModel

from segcompress_api.base import CLUSTER_REQUIRED, DOTS, NO_DOTS, S3_FILE, S3_FOLDER
from segcompress_api.strategy import SPELLINGS
from segcompress_api.structural import Schema

_AS_STORED = " (if nothing was changed, send numbers as they are stored: 1, not 1.0)"


def rule(expression: str, message: str) -> Schema:
    """Return a validation rule."""
    return {"rule": expression, "message": message}


def immutability(
    spec: type[BaseModel], properties: Schema, mutable: Collection[str], kind: str
) -> list[Schema]:
    """Return one rule a field that is not mutable, so that the message names it (JobSet's way).

    CEL compares free-form settings as they were decoded, and a 1.0 is stored as 1: to a client that writes
    1.0 again, as Python's do, that is another number. No rule can look into such a leaf: the message says it.
    """
    rules = []
    for name, field in spec.model_fields.items():
        key = field.alias or name
        if key in mutable:
            continue
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        always = field.is_required() or field.default is not None or extra.get(CLUSTER_REQUIRED)
        same = f"self.{key} == oldSelf.{key}"
        expression = (
            same if always else f"has(self.{key}) == has(oldSelf.{key}) && (!has(self.{key}) || {same})"
        )
        hint = _AS_STORED if _is_free_form(properties[key]) else ""
        rules.append(rule(expression, f"spec.{key} is immutable: create another {kind}{hint}"))
    return rules


def _is_free_form(schema: Schema) -> bool:
    """Return whether some leaf of the schema takes any value."""
    inner = [*schema.get("properties", {}).values(), *filter(None, [schema.get("items")])]
    return "x-kubernetes-preserve-unknown-fields" in schema or any(map(_is_free_form, inner))


def _spelling_rules(section: str, properties: Schema) -> list[Schema]:
    """Return one rule a pair of spellings that CEL can see.

    A leaf without a type is invisible to CEL (tried with Kubernetes 1.36): pairs with a free-form half are
    left to the types themselves and end in InvalidSpec.
    """
    return [
        rule(f"!(has(self.{old}) && has(self.{new}))", f"{old} is the old name of {new}: give one of them")
        for old, new in SPELLINGS[section].items()
        if "type" in properties[old] and "type" in properties[new]
    ]


_TRAINED = (
    "has(self.UnstructurePrune) || has(self.ChannelPrune) || has(self.ASPPrune) || has(self.QuantAware)"
    " || has(self.Quantization)"
)
_WHOLE = "(has(self.configUri) || has(self.preset))"
_STRATEGY_RULES = [
    rule(
        f"{_WHOLE} ? !({_TRAINED} || has(self.QuantPost) || has(self.TrainConfig)"
        f" || has(self.Distillation)) : {_TRAINED} || has(self.QuantPost)",
        "give either configUri alone, preset alone, or sections that compress: UnstructurePrune, "
        "ChannelPrune, ASPPrune, QuantAware, QuantPost",
    ),
    rule(
        "!(has(self.configUri) && has(self.preset))",
        "preset cannot be combined with configUri: give one of them",
    ),
    rule(
        "[has(self.UnstructurePrune), has(self.ChannelPrune), has(self.ASPPrune)].filter(x, x).size() <= 1",
        "UnstructurePrune, ChannelPrune and ASPPrune cannot be combined: give one of them",
    ),
    rule(
        "!(has(self.QuantPost) && (has(self.QuantAware) || has(self.Quantization)))",
        "QuantPost cannot be combined with QuantAware: give one of them",
    ),
    rule(
        "!(has(self.QuantAware) && has(self.Quantization))",
        "Quantization is the old name of QuantAware: give one of them",
    ),
    rule(
        f"!({_TRAINED}) || has(self.TrainConfig)",
        "TrainConfig is required by every section but QuantPost, which trains nothing",
    ),
    rule(
        f"{_WHOLE} || {_TRAINED} || !(has(self.TrainConfig) || has(self.Distillation))",
        "TrainConfig and Distillation have no effect: QuantPost alone trains nothing",
    ),
    rule(
        "!has(self.UnstructurePrune) || !has(self.UnstructurePrune.gmp_config) || !has(self.TrainConfig)"
        " || !has(self.TrainConfig.train_iter) || self.UnstructurePrune.gmp_config.stable_iterations"
        " + self.UnstructurePrune.gmp_config.pruning_iterations <= self.TrainConfig.train_iter",
        "the pruning ramp (stable_iterations + pruning_iterations) must not be longer than train_iter",
    ),
]
_TRAIN_RULES = [rule("has(self.epochs) != has(self.train_iter)", "give exactly one of epochs and train_iter")]
_PRUNE_RULES = [
    rule(
        "has(self.prune_strategy) == has(self.gmp_config)",
        "gmp_config is required by prune_strategy gmp, and has no effect without it",
    ),
    rule(
        "self.prune_mode == 'threshold' || has(self.ratio) || has(self.pruned_ratio)",
        "ratio is required by prune_mode ratio, such as 0.75",
    ),
    rule(
        "self.prune_mode == 'threshold' ? has(self.threshold) && !has(self.ratio) && !has(self.pruned_ratio)"
        " : !has(self.threshold)",
        "prune_mode threshold requires threshold and takes no ratio; prune_mode ratio takes no threshold",
    ),
    rule(
        "self.prune_mode == 'ratio' || !(has(self.prune_strategy) || self.local_sparsity)",
        "prune_mode threshold cannot be combined with gmp or local_sparsity",
    ),
    rule(
        "!has(self.gmp_config) || !(has(self.ratio) || has(self.pruned_ratio)) || "
        "self.gmp_config.initial_ratio <= (has(self.ratio) ? self.ratio : self.pruned_ratio)",
        "gmp_config.initial_ratio must be at most the ratio",
    ),
    rule(
        "self.criterion == 'magnitude'"
        " || !has(self.prune_strategy) && self.local_sparsity && has(self.prune_params_type)",
        "criterion reconstruction requires prune_mode ratio, prune_params_type conv1x1_only and "
        "local_sparsity: true, and takes no gmp_config",
    ),
    rule(
        "!has(self.layer_ratios) || size(self.layer_ratios) == 0 || self.local_sparsity",
        "layer_ratios requires prune_mode ratio and local_sparsity: true",
    ),
    rule(
        "self.sparse_block == [1, 1] || self.sparse_block == [4, 1]", "sparse_block must be [1, 1] or [4, 1]"
    ),
    rule(
        "self.sparse_block == [1, 1] || has(self.prune_params_type) && self.prune_mode == 'ratio'",
        "sparse_block [4, 1] requires prune_params_type conv1x1_only and prune_mode ratio",
    ),
]
_POST_RULES = [
    rule("!has(self.hist_percent) || self.algo == 'hist'", "hist_percent has no effect unless algo is hist")
]
_GMP_RULES = [
    rule(
        "self.pruning_iterations > 10 * self.pruning_steps",
        "each pruning step requires more than 10 iterations: pruning_iterations > 10 * pruning_steps",
    )
]
_SPEC_RULES = [
    rule(
        "!has(self.acceptance.minSparsity)"
        " || has(self.strategy.configUri)"
        " || has(self.strategy.preset) && self.strategy.preset == 'SparseDistillation'"
        " || has(self.strategy.UnstructurePrune) || has(self.strategy.ASPPrune)",
        "acceptance.minSparsity requires UnstructurePrune or ASPPrune: nothing else sets weights to zero",
    ),
    rule(
        "!has(self.acceptance.minSpeedup) || self.acceptance.minSpeedup.runtime in self.benchmark.runtimes",
        "acceptance.minSpeedup.runtime must be one of benchmark.runtimes: others are not measured",
    ),
]
_MODEL_RULES = [
    rule("has(self.inference) != has(self.paddleseg)", "give exactly one of inference and paddleseg")
]
_PADDLESEG_RULES = [
    rule(
        "self.inputShape[0] != 0 && self.inputShape[1] == 3"
        " && self.inputShape[2] > 0 && self.inputShape[3] > 0",
        "inputShape must be a batch (-1 for any), 3 channels, height and width, such as [1, 3, 512, 1024]",
    )
]
_DATASET_RULES = [
    rule(
        "size(self.classNames) == 0 || size(self.classNames) == self.numClasses",
        "classNames must have one name for each of numClasses",
    ),
    rule(
        "!has(self.labelList) || self.format != 'PaddleSeg'",
        "labelList requires format Labelme or EISeg: the masks of format PaddleSeg hold class ids",
    ),
    rule(
        "!has(self.labelList) || size(self.classNames) == 0",
        "labelList cannot be combined with classNames; give one of them",
    ),
    rule(
        "self.format != 'Labelme' || has(self.labelList) || size(self.classNames) > 0",
        "format Labelme requires classNames or labelList: its labels have no ids",
    ),
    rule(
        "has(self.readerConfigUri) || (size(self.trainTransforms) > 0 && size(self.valTransforms) > 0)",
        "trainTransforms and valTransforms are required unless readerConfigUri is given",
    ),
    rule(
        "!has(self.readerConfigUri) || (size(self.trainTransforms) == 0 && size(self.valTransforms) == 0)",
        "readerConfigUri cannot be combined with transforms; give the file or the lists",
    ),
]


_URI_RULES = [rule(f"!self.matches('{DOTS}')", NO_DOTS)]


def _add_rules_of_addresses(schema: Schema) -> None:
    """Add the rules of an address to every one in `schema`."""
    if schema.get("pattern") in (S3_FOLDER, S3_FILE):
        schema["x-kubernetes-validations"] = _URI_RULES
    for inner in schema.get("properties", {}).values():
        _add_rules_of_addresses(inner)


def add_rules(spec: Schema) -> None:
    """Add the rules to the schema of a job's spec, each where its fields are."""
    _add_rules_of_addresses(spec)
    properties = spec["properties"]
    strategy = properties["strategy"]
    sections = strategy["properties"]
    spec["x-kubernetes-validations"] = _SPEC_RULES
    strategy["x-kubernetes-validations"] = _STRATEGY_RULES
    properties["dataset"]["x-kubernetes-validations"] = _DATASET_RULES
    model = properties["model"]
    model["x-kubernetes-validations"] = _MODEL_RULES
    model["properties"]["paddleseg"]["x-kubernetes-validations"] = _PADDLESEG_RULES
    by_section = {"TrainConfig": _TRAIN_RULES, "UnstructurePrune": _PRUNE_RULES}
    for name in SPELLINGS:
        rules = _spelling_rules(name, sections[name]["properties"]) + by_section.get(name, [])
        if rules:
            sections[name]["x-kubernetes-validations"] = rules
    sections["QuantPost"]["x-kubernetes-validations"] = _POST_RULES
    sections["UnstructurePrune"]["properties"]["gmp_config"]["x-kubernetes-validations"] = _GMP_RULES
