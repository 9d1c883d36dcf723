"""What the types make of a spec, and where they are known to differ from the API server."""

import json
from typing import Any

from pydantic import ValidationError

from segcompress_api.act_settings import settings_of
from segcompress_api.errors import InvalidSpecError
from segcompress_api.job import JobSpec

STRICTER = {
    "spec.strategy.Distillation.alpha": "free-form to the API server",
    "spec.strategy.Distillation.loss": "free-form to the API server",
    "spec.strategy.Distillation.node": "free-form to the API server",
    "spec.strategy.Distillation.distill_lambda": "free-form, and one spelling of two",
    "spec.strategy.Distillation.distill_loss": "free-form, and one spelling of two",
    "spec.strategy.Distillation.distill_node_pair": "free-form, and one spelling of two",
    "spec.strategy.Distillation.teacher_model_filename": "must be the job's own model",
    "spec.strategy.Distillation.teacher_params_filename": "must be the job's own model",
    "spec.model.inference.modelFile": "must be the teacher's, where an ACT file names one",
    "spec.model.inference.paramsFile": "must be the teacher's, where an ACT file names one",
    "spec.strategy.ChannelPrune.pruned_ratio": "free-form to the API server",
    "spec.strategy.TrainConfig.learning_rate": "free-form to the API server",
    "spec.strategy.TrainConfig.optimizer_builder": "free-form to the API server",
    "spec.strategy.TrainConfig.optim_args": "free-form, and one spelling of two",
    "spec.strategy.TrainConfig.optimizer": "names a class, and one spelling of two",
}
"""Places where the types refuse more than the API server can, and why."""

LAXER = {
    "spec.storage": "no Secret is needed without a cluster",
    "spec.model.inference.uri": "file:// without a cluster",
    "spec.model.paddleseg.configUri": "file:// without a cluster",
    "spec.model.paddleseg.weightsUri": "file:// without a cluster",
    "spec.dataset.uri": "file:// without a cluster",
    "spec.dataset.readerConfigUri": "file:// without a cluster",
    "spec.output.uri": "file:// without a cluster",
    "spec.strategy.configUri": "file:// without a cluster",
    "spec.strategy.Global": "free-form: the cap spares etcd",
    "spec.dataset.trainTransforms[]": "free-form: the cap spares etcd",
    "spec.dataset.valTransforms[]": "free-form: the cap spares etcd",
}
"""Places where the types take more than the API server does, and why."""

STRICTER_CHANGES = {
    "null": "the API server drops the key; the types refuse null where a value is due",
    "number for integer": "the API server takes 1.0 for 1",
}
"""Beginnings of changes after which the types may refuse more, at any place."""


def refusal(spec: Any) -> str:
    """Return why the types refuse the spec, "" where they take it."""
    try:
        made = JobSpec.model_validate_json(json.dumps(spec), by_name=False)
        if made.strategy.config_uri is None and made.strategy.preset is None:
            settings_of(made.strategy, made.model.files)
    except (ValidationError, InvalidSpecError) as error:
        return str(error)
    return ""


def may_differ(path: str, change: str, *, stricter: bool) -> bool:
    """Return whether the types may be stricter, or laxer, than the API server about a spec changed there."""
    if stricter:
        return path in STRICTER or change.startswith(tuple(STRICTER_CHANGES))
    return path in LAXER
