"""The CEL rules of a sweep: what its schema cannot say, refused by the API server with our message."""

from segcompress_api.cel_rules import add_rules, immutability, rule
from segcompress_api.job import JobSpec
from segcompress_api.paths import UNSWEPT_FIELDS
from segcompress_api.structural import Schema
from segcompress_api.sweep import (
    ACCURACY_GOALS,
    LABEL_KEY,
    MUTABLE_SWEEP_FIELDS,
    NO_ACCURACY,
    NO_SUSPEND,
    NOT_YOUR_LABEL,
    PATHS_APART,
    SWEEP_KIND,
    SweepSpec,
)

_SWEPT = sorted(info.alias or name for name, info in JobSpec.model_fields.items())

_ACCURACY = [[*goal] for goal in ACCURACY_GOALS]

_SPEC_RULES = [
    rule(
        "self.algorithm.name != 'Grid' || self.parameters.all(p, !has(p.range) || has(p.range.step))",
        "algorithm Grid requires values, or a range with a step, for each parameter",
    ),
    rule(
        "!has(self.knownTrials) || self.algorithm.name in ['TPE', 'NSGAII']",
        "knownTrials has no effect unless algorithm is TPE or NSGAII",
    ),
    rule(
        f"!has(self.earlyStopping) || self.objectives.exists(o, [o.metric, o.goal] in {_ACCURACY})",
        NO_ACCURACY,
    ),
]
_TEMPLATE_RULES = [
    rule("!self.spec.suspend", NO_SUSPEND),
]
_META_RULES = [
    rule(
        "!has(self.labels)"
        " || self.labels.all(k, !k.startsWith('segcompress.dev/') && !k.startsWith('app.kubernetes.io/'))",
        NOT_YOUR_LABEL,
    ),
]
_PARAMETER_RULES = [
    rule("has(self.values) != has(self.range)", "give exactly one of values and range"),
    rule(
        f"self.path.split('.')[0] in {_SWEPT}",
        "path must begin with a field of a SegCompressionJob's spec, such as strategy.UnstructurePrune.ratio",
    ),
    *(
        rule(f"self.path.split('.')[0] != '{field}'", f"{field} cannot be swept: {why}")
        for field, why in UNSWEPT_FIELDS.items()
    ),
]
_PARAMETERS_RULES = [
    rule(
        "self.all(p, self.all(q, p.name == q.name || !(q.path + '.').startsWith(p.path + '.')))",
        PATHS_APART,
    ),
]
_RANGE_RULES = [
    rule("double(self.min) < double(self.max)", "max must be greater than min"),
    rule("self.scale != 'Log' || double(self.min) > 0.0", "min must be greater than 0 if scale is Log"),
    rule(
        "!has(self.step) || (self.scale == 'Linear' && double(self.step) > 0.0)",
        "step must be greater than 0, and requires scale Linear",
    ),
]
_KNOWN_RULES = [
    rule(
        f"self.matchLabels.all(k, k.matches('{LABEL_KEY}'))",
        "keys of matchLabels must be label keys, such as model or example.com/model",
    ),
]
_CONSTRAINT_RULES = [rule("has(self.max) != has(self.min)", "give exactly one of max and min")]


def add_sweep_rules(spec: Schema) -> None:
    """Add the rules to the schema of a sweep's spec, each where its fields are."""
    properties = spec["properties"]
    spec["x-kubernetes-validations"] = [
        *_SPEC_RULES,
        *immutability(SweepSpec, properties, MUTABLE_SWEEP_FIELDS, SWEEP_KIND),
    ]
    template, parameters = properties["template"], properties["parameters"]
    template["x-kubernetes-validations"] = _TEMPLATE_RULES
    template["properties"]["metadata"]["x-kubernetes-validations"] = _META_RULES
    add_rules(template["properties"]["spec"])
    parameters["x-kubernetes-validations"] = _PARAMETERS_RULES
    parameters["items"]["x-kubernetes-validations"] = _PARAMETER_RULES
    parameters["items"]["properties"]["range"]["x-kubernetes-validations"] = _RANGE_RULES
    properties["knownTrials"]["x-kubernetes-validations"] = _KNOWN_RULES
    properties["constraints"]["items"]["x-kubernetes-validations"] = _CONSTRAINT_RULES
