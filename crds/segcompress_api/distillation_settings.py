"""Which variables are distilled, by which loss, with what weight: the section's one meaning."""

from dataclasses import dataclass

from segcompress_api import optimisation
from segcompress_api.errors import InvalidSpecError, nearest, shown
from segcompress_api.strategy import Distillation

LOSSES = ("l2", "soft_label", "dkd", "skd")
_OLD_LOSSES = {"l2_loss": "l2", "soft_label_loss": "soft_label"}
_TEACHER = "teacher_"


@dataclass(frozen=True)
class ModelFileNames:
    """The names of the job's own model files, which an old file may repeat as its teacher's."""

    model: str
    params: str


@dataclass(frozen=True)
class DistillationSettings:
    """Student variables to distil: one group for each loss, named without `teacher_`.

    Empty groups mean the model's last layers, as upstream chooses them.
    """

    groups: tuple[tuple[str, ...], ...]
    losses: tuple[str, ...]
    alphas: tuple[float, ...]


def distillation_settings(section: Distillation, files: ModelFileNames, field: str) -> DistillationSettings:
    """Return the meaning of the section; raises InvalidSpecError naming the field under `field`."""
    _check_teacher(section, files, field)
    if section.distill_node_pair is not None:
        groups = _groups(section.distill_node_pair, f"{field}.distill_node_pair")
        groups = tuple(_students(group, f"{field}.distill_node_pair") for group in groups)
    else:
        groups = _groups(section.node, f"{field}.node") if section.node is not None else ()
    loss_field, losses = _each(section, ("loss", "distill_loss"), "l2", field)
    alpha_field, alphas = _each(section, ("alpha", "distill_lambda"), 1.0, field)
    count = max(len(groups), 1)
    for name, values in ((loss_field, losses), (alpha_field, alphas)):
        if len(values) != count:
            raise InvalidSpecError(
                name, f"has {len(values)} for {count} node lists", "give one, or one for each list"
            )
    return DistillationSettings(
        groups=groups,
        losses=tuple(_loss(value, loss_field) for value in losses),
        alphas=tuple(optimisation.positive(value, alpha_field) for value in alphas),
    )


def _each(
    section: Distillation, names: tuple[str, str], default: object, field: str
) -> tuple[str, tuple[object, ...]]:
    """Return the path of the spelling that was given, and its values."""
    name = next((n for n in names if getattr(section, n) is not None), None)
    value = default if name is None else getattr(section, name)
    if isinstance(value, list) and not value:
        raise InvalidSpecError(f"{field}.{name}", "is an empty list")
    return f"{field}.{name or names[0]}", tuple(value) if isinstance(value, list) else (value,)


def _groups(value: object, field: str) -> tuple[tuple[str, ...], ...]:
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return (tuple(value),) if value else ()
    if isinstance(value, list) and all(_is_name_list(group) for group in value):
        return tuple(tuple(group) for group in value)
    raise InvalidSpecError(
        field, "must be a list of variable names, or a list of such lists", "such as [relu_30.tmp_0]"
    )


def _is_name_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)


def _students(pairs: tuple[str, ...], field: str) -> tuple[str, ...]:
    """Return the student's half of `teacher_x, x` pairs: ACT adds the prefix itself."""
    if len(pairs) % 2:
        raise InvalidSpecError(field, f"has {len(pairs)} names; they go in pairs teacher_NAME, NAME")
    for teacher, student in zip(pairs[::2], pairs[1::2], strict=True):
        if teacher != _TEACHER + student:
            raise InvalidSpecError(
                field, f"{teacher} is not the teacher's {student}", f"write {_TEACHER}{student}"
            )
    return pairs[1::2]


def _loss(value: object, field: str) -> str:
    name = _OLD_LOSSES.get(str(value), str(value))
    if name not in LOSSES:
        match = nearest(name, LOSSES)
        raise InvalidSpecError(
            field,
            f"{shown(value)} is not a distillation loss",
            f"did you mean {match}?" if match else f"one of {', '.join(LOSSES)}",
        )
    return name


def _check_teacher(section: Distillation, files: ModelFileNames, field: str) -> None:
    own = {"teacher_model_filename": files.model, "teacher_params_filename": files.params}
    for name, right in own.items():
        given = getattr(section, name)
        if given is not None and given != right:
            raise InvalidSpecError(
                f"{field}.{name}", f"{given} is not the job's own model", f"leave it out, or write {right}"
            )
