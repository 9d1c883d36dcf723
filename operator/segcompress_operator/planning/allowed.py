"""What a resource may ask of the cluster: nothing that its author could not have without the operator.

The operator makes Jobs with its own rights. Whoever may write our kind but no Pods would otherwise gain what
the operator can name: priorities, runtimes, tainted nodes, devices, foreign images, a whole node's memory.
Each refusal names the field, what is allowed, and the value of the chart that an administrator can change.
"""

from collections.abc import Iterable, Mapping

from segcompress_api.errors import InvalidSpecError
from segcompress_api.job import Runtime
from segcompress_api.quantities import amount
from segcompress_operator.resources.names import WORKLOAD_PRIORITY_LABEL
from segcompress_operator.resources.runner_pod import whole_gpus
from segcompress_operator.settings import GPU, Allowed, RunnerSettings

_SCRATCH = "ephemeral-storage"


def check_allowed(runtime: Runtime, labels: Mapping[str, str], settings: RunnerSettings) -> None:
    """Raise InvalidSpecError where the resource asks for more than the settings allow."""
    allowed = settings.allowed
    _check_image(runtime.image, allowed.image_prefixes)
    _check_name(
        "spec.runtime.priorityClassName",
        runtime.priority_class_name,
        allowed.priority_classes,
        "priorityClassNames",
    )
    _check_name(
        "spec.runtime.runtimeClassName",
        runtime.runtime_class_name,
        allowed.runtime_classes,
        "runtimeClassNames",
    )
    _check_name(
        f"metadata.labels[{WORKLOAD_PRIORITY_LABEL}]",
        labels.get(WORKLOAD_PRIORITY_LABEL),
        allowed.workload_priority_classes,
        "workloadPriorityClassNames",
    )
    _check_tolerations(runtime, allowed.toleration_keys)
    _check_node_selector(runtime, settings.node_selector)
    _check_resources(runtime, allowed)


def admits(prefix: str, image: str) -> bool:
    """Return whether `image` lies below `prefix`, which ends only where a part of the name does.

    `ghcr.io/acme` admits `ghcr.io/acme/runner:1` and `ghcr.io/acme:1`, but neither `ghcr.io/acme-evil` nor
    another port of a host.
    """
    if not image.startswith(prefix) or ".." in image:
        return False
    rest = image[len(prefix) :]
    if prefix.endswith("/") or not rest or rest[0] in "/@":
        return True
    return rest[0] == ":" and "/" not in rest and ":" not in prefix.rpartition("/")[2]


def _check_image(image: str | None, prefixes: tuple[str, ...]) -> None:
    if image is not None and not any(admits(prefix, image) for prefix in prefixes):
        raise _refused("spec.runtime.image", f"{image} is not allowed", prefixes, "imagePrefixes")


def _check_name(field: str, name: str | None, names: tuple[str, ...], chart_value: str) -> None:
    if name and name not in names:
        raise _refused(field, f"{name} is not allowed", names, chart_value)


def _check_tolerations(runtime: Runtime, keys: tuple[str, ...]) -> None:
    for index, toleration in enumerate(runtime.tolerations):
        field = f"spec.runtime.tolerations[{index}].key"
        if not toleration.key:
            raise _refused(field, "is required: without it every taint is tolerated", keys, "tolerationKeys")
        if toleration.key not in keys:
            raise _refused(field, f"{toleration.key} is not allowed", keys, "tolerationKeys")


def _check_node_selector(runtime: Runtime, fixed: Mapping[str, str]) -> None:
    for key, value in runtime.node_selector.items():
        if fixed.get(key, value) != value:
            raise InvalidSpecError(
                f"spec.runtime.nodeSelector[{key}]",
                f"must be {fixed[key]}, got {value}",
                "the chart's runner.nodeSelector says so",
            )


def _check_resources(runtime: Runtime, allowed: Allowed) -> None:
    for kind, given in (("requests", runtime.resources.requests), ("limits", runtime.resources.limits)):
        for name, quantity in given.items():
            _check_quantity(f"spec.runtime.resources.{kind}[{name}]", name, quantity, allowed)
    for name, quantity in runtime.resources.limits.items():
        if not amount(quantity):
            field = f"spec.runtime.resources.limits[{name}]"
            raise InvalidSpecError(field, f"must be more than 0, got {quantity}", "0 would be no limit")
    gpus = whole_gpus(runtime)
    if gpus > amount(allowed.maximum.get(GPU, "0")):
        raise _over("spec.runtime.gpus", str(gpus), GPU, allowed)


def _check_quantity(field: str, name: str, quantity: str, allowed: Allowed) -> None:
    if name == GPU:
        raise InvalidSpecError(field, "is set by spec.runtime.device and gpus", "leave it out")
    if name == _SCRATCH:
        raise InvalidSpecError(field, "is set by the chart's runner.scratch", "leave it out")
    if name not in allowed.maximum:
        names = sorted(set(allowed.maximum) - {GPU})
        raise InvalidSpecError(field, "is not allowed", _remedy(names, "runner.maximum"))
    if amount(quantity) > amount(allowed.maximum[name]):
        raise _over(field, quantity, name, allowed)


def _over(field: str, given: str, name: str, allowed: Allowed) -> InvalidSpecError:
    most = allowed.maximum.get(name, "0")
    return InvalidSpecError(
        field, f"must be at most {most}, got {given}", f"the chart's runner.maximum limits {name}"
    )


def _refused(field: str, problem: str, names: Iterable[str], chart_value: str) -> InvalidSpecError:
    return InvalidSpecError(field, problem, _remedy(names, f"runner.allowed.{chart_value}"))


def _remedy(names: Iterable[str], chart_value: str) -> str:
    known = ", ".join(names) or "none"
    return f"allowed: {known} (the chart's {chart_value})"
