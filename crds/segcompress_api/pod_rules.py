"""What the API server requires of a pod and no schema of ours can say: a pod that is refused never starts.

Source: ValidatePodSpec of Kubernetes 1.36 (pkg/apis/core/validation); only the fields that a spec can set.
"""

from collections.abc import Iterator

from segcompress_api.errors import InvalidSpecError, nearest
from segcompress_api.job import Resources, Runtime, Toleration
from segcompress_api.manifest import check_key
from segcompress_api.quantities import amount

_STANDARD = ("cpu", "memory", "ephemeral-storage")
_HUGE_PAGES = "hugepages-"
_NATIVE = "kubernetes.io/"
"""In the names of resources that are not devices: these can be divided, and requested below their limits."""

_QUOTA = "requests."
"""Before a device's name in a quota."""


def pod_faults(runtime: Runtime) -> Iterator[InvalidSpecError]:
    """Yield each reason for which the API server would refuse the run's pod."""
    yield from _faults_of_resources(runtime.resources)
    for key in runtime.node_selector:
        yield from _fault_of_key(f"spec.runtime.nodeSelector[{key}]", key)
    for index, toleration in enumerate(runtime.tolerations):
        yield from _faults_of_toleration(f"spec.runtime.tolerations[{index}]", toleration)


def _faults_of_resources(resources: Resources) -> Iterator[InvalidSpecError]:
    for kind, given in (("requests", resources.requests), ("limits", resources.limits)):
        for name, quantity in given.items():
            yield from _faults_of_resource(f"spec.runtime.resources.{kind}[{name}]", name, quantity)
    for name, quantity in resources.requests.items():
        field = f"spec.runtime.resources.requests[{name}]"
        yield from _faults_of_request(field, name, quantity, resources.limits.get(name))


def _faults_of_resource(field: str, name: str, quantity: str) -> Iterator[InvalidSpecError]:
    if name in _STANDARD or name.startswith(_HUGE_PAGES):
        return
    if not _is_resource(name):
        match = nearest(name, _STANDARD)
        remedy = (
            f"did you mean {match}?" if match else "give cpu, memory, or a device such as example.com/npu"
        )
        yield InvalidSpecError(field, "is not a resource of a container", remedy)
        return
    yield from _fault_of_key(field, name)
    if name.startswith(_QUOTA):
        yield InvalidSpecError(field, f"must not begin with {_QUOTA}", "quotas name devices so")
    number = amount(quantity)
    # Not by %, which raises for numbers of more digits than decimal's precision.
    if not _is_divisible(name) and number != number.to_integral_value():
        yield InvalidSpecError(field, f"must be a whole number, got {quantity}", "devices cannot be divided")


def _is_resource(name: str) -> bool:
    return "/" in name or name in _STANDARD or name.startswith(_HUGE_PAGES)


def _is_divisible(name: str) -> bool:
    return name in _STANDARD or _NATIVE in name


def _faults_of_request(field: str, name: str, request: str, limit: str | None) -> Iterator[InvalidSpecError]:
    if not _is_resource(name):
        return
    if not _is_divisible(name) and (limit is None or amount(limit) != amount(request)):
        yield InvalidSpecError(
            field,
            f"must be equal to the limit, {limit or 'which is missing'}, got {request}",
            "give the limit",
        )
    elif limit is not None and amount(request) > amount(limit):
        problem = f"must be at most the limit of {limit}, got {request}"
        yield InvalidSpecError(field, problem, "lower the request, or raise the limit")


def _faults_of_toleration(field: str, toleration: Toleration) -> Iterator[InvalidSpecError]:
    if toleration.key:
        yield from _fault_of_key(f"{field}.key", toleration.key)
    elif toleration.operator != "Exists":
        problem = f"must be Exists when key is empty, got {toleration.operator or 'none'}"
        yield InvalidSpecError(f"{field}.operator", problem, "give the key of a taint")
    if toleration.operator == "Exists" and toleration.value:
        yield InvalidSpecError(
            f"{field}.value",
            f"must be empty if operator is Exists, got {toleration.value}",
            "use operator Equal, or leave the value out",
        )
    if toleration.toleration_seconds is not None and toleration.effect != "NoExecute":
        problem = f"must be NoExecute if tolerationSeconds is given, got {toleration.effect or 'none'}"
        yield InvalidSpecError(f"{field}.effect", problem)


def _fault_of_key(field: str, key: str) -> Iterator[InvalidSpecError]:
    try:
        check_key(key)
    except ValueError as error:
        yield InvalidSpecError(field, str(error))
