"""What belongs to others: namespaces, nodes, priorities, images, memory, and the operator's own marks."""

from collections.abc import Iterator
from typing import Any

from hostile.case import Case, End, Fails, Harmless, Refused, Theme

_SECRET = "spec.storage.secretRef.name"
_SELECTOR, _IMAGE = "template.spec.nodeSelector", "template.spec.containers.0.image"
_RUNTIME = "spec.runtime"
_OWN_MARKS = {
    "segcompress.dev/job-name": "another",
    "segcompress.dev/start": "7",
    "app.kubernetes.io/managed-by": "Helm",
    "batch.kubernetes.io/controller-uid": "6b1f1c36",
}
_ANNOTATIONS = {
    "segcompress.dev/run-config": "{}",
    "batch.kubernetes.io/job-tracking": "",
    "seccomp.security.alpha.kubernetes.io/pod": "unconfined",
    "container.apparmor.security.beta.kubernetes.io/runner": "unconfined",
    "sidecar.istio.io/inject": "true",
    "helm.sh/hook": "pre-delete",
}

_SECRETS: dict[str, tuple[str, End]] = {
    "a Secret of another namespace": ("kube-system/admin", Refused(_SECRET)),
    "a Secret upwards": ("../kube-system/secrets/admin", Refused(_SECRET)),
    "a Secret by its address": ("kube-system.admin.svc:443", Refused(_SECRET)),
    "a Secret whose name has a dot": (
        "kube-system.admin",
        Harmless(("template.spec.containers.0.env", "template.spec.volumes")),
    ),
}

_IMAGES: dict[str, End] = {
    "registry.example.com/team/runner:1": Harmless((_IMAGE,)),
    "registry.example.com/evil:1": Fails("spec.runtime.image"),
    "registry.example.com/team/../evil:1": Fails("spec.runtime.image"),
    "registry.example.com/teammate/runner:1": Fails("spec.runtime.image"),
    "registry.example.com/team-evil:1": Fails("spec.runtime.image"),
    "registry.example.com:443/team/runner:1": Fails("spec.runtime.image"),
    "REGISTRY.example.com/team/runner:1": Fails("spec.runtime.image"),
    "docker.io/registry.example.com/team/runner:1": Fails("spec.runtime.image"),
    "registry.example.com@evil.example/team/runner:1": Fails("spec.runtime.image"),
    "registry.example.com/segcompress-runner:test": Fails("spec.runtime.image"),
    "": Refused("spec.runtime.image"),
}

_LIMITS: dict[str, tuple[dict[str, str], End]] = {
    "a node's memory": ({"memory": "1Ti"}, Fails("limits[memory]: must be at most 64Gi")),
    "a node's cores": ({"cpu": "999"}, Fails("limits[cpu]: must be at most 16")),
    "no limit of memory": ({"memory": "0"}, Fails("limits[memory]: must be more than 0")),
    "a node's disk": ({"ephemeral-storage": "1Ti"}, Fails("limits[ephemeral-storage]")),
    "huge pages": ({"hugepages-2Mi": "1Gi"}, Fails("limits[hugepages-2Mi]")),
    "GPUs by another way": ({"nvidia.com/gpu": "8"}, Fails("limits[nvidia.com/gpu]")),
    "another device": ({"example.com/fpga": "1"}, Fails("limits[example.com/fpga]")),
    "less than nothing": ({"cpu": "-1"}, Refused("spec.runtime.resources.limits.cpu")),
    "an endless number": ({"cpu": "9" * 33}, Refused("spec.runtime.resources.limits.cpu")),
    "a number of nothing": ({"memory": "NaN"}, Refused("spec.runtime.resources.limits.memory")),
    "an exponent": ({"memory": "1e99"}, Refused("spec.runtime.resources.limits.memory")),
}

_PLACES: dict[str, tuple[dict[str, Any], End]] = {
    "the priority of a node's own pods": (
        {f"{_RUNTIME}.priorityClassName": "system-node-critical"},
        Fails("spec.runtime.priorityClassName"),
    ),
    "another runtime": (
        {f"{_RUNTIME}.runtimeClassName": "privileged"},
        Fails("spec.runtime.runtimeClassName"),
    ),
    "every taint": ({f"{_RUNTIME}.tolerations": [{"operator": "Exists"}]}, Fails("tolerations[0].key")),
    "every taint, by an empty key": (
        {f"{_RUNTIME}.tolerations": [{"key": "", "operator": "Exists"}]},
        Fails("tolerations[0].key"),
    ),
    "the control plane's taint": (
        {f"{_RUNTIME}.tolerations": [{"key": "node-role.kubernetes.io/control-plane"}]},
        Fails("tolerations[0].key"),
    ),
    "a taint that is allowed": (
        {f"{_RUNTIME}.tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]},
        Harmless(("template.spec.tolerations",)),
    ),
    "nodes of the control plane, whose taint keeps others off": (
        {f"{_RUNTIME}.nodeSelector": {"node-role.kubernetes.io/control-plane": ""}},
        Harmless((_SELECTOR,)),
    ),
    "labels of nodes without an end": (
        {f"{_RUNTIME}.nodeSelector": {f"l{n}": "x" for n in range(33)}},
        Refused("spec.runtime.nodeSelector"),
    ),
    "two GPUs": ({f"{_RUNTIME}.gpus": 2}, Refused("spec.runtime.gpus")),
    "the node as device": ({f"{_RUNTIME}.device": "HOST"}, Refused("spec.runtime.device")),
}

_MARKS: dict[str, tuple[dict[str, Any], End]] = {
    "a queue that is not its own": (
        {"metadata.labels": {"kueue.x-k8s.io/queue-name": "of-another-team"}},
        Harmless(("metadata.labels",)),
    ),
    "a priority in the queue": (
        {"metadata.labels": {"kueue.x-k8s.io/priority-class": "first"}},
        Fails("metadata.labels[kueue.x-k8s.io/priority-class]"),
    ),
    "another namespace than that of the request": (
        {"metadata.namespace": "kube-system"},
        Refused("namespace"),
    ),
    "a status of its own": ({"status": {"phase": "Succeeded", "start": 7}}, Harmless()),
    "a finalizer in our name": ({"metadata.finalizers": ["segcompress.dev/keep"]}, Harmless()),
    "a longest name": ({"metadata.name": "a" * 253}, Harmless()),
    "a name of dots": ({"metadata.name": "a.b.c.d"}, Harmless()),
    "a name of digits": ({"metadata.name": "1"}, Harmless()),
    "a name with a slash": ({"metadata.name": "a/b"}, Refused("metadata.name")),
    "a name upwards": ({"metadata.name": ".."}, Refused("metadata.name")),
    "a name in capitals": ({"metadata.name": "DEMO"}, Refused("metadata.name")),
    "a name with a line break": ({"metadata.name": "a\nb"}, Refused("metadata.name")),
    "a name in another alphabet": ({"metadata.name": "dem\u043e"}, Refused("metadata.name")),
}


def _cases() -> Iterator[Case]:
    for what, (name, end) in _SECRETS.items():
        yield Case(what, {_SECRET: name}, end)
    for image, end in _IMAGES.items():
        yield Case(f"the image {image or 'without a name'}", {f"{_RUNTIME}.image": image}, end)
    for what, (limits, end) in _LIMITS.items():
        yield Case(what, {f"{_RUNTIME}.resources.limits": limits}, end)
    for what, (changes, end) in {**_PLACES, **_MARKS}.items():
        yield Case(what, changes, end)
    for label, value in _OWN_MARKS.items():
        yield Case(f"the label {label}", {"metadata.labels": {label: value}}, Harmless())
    for annotation, value in _ANNOTATIONS.items():
        yield Case(f"the annotation {annotation}", {"metadata.annotations": {annotation: value}}, Harmless())


THEME = Theme(
    "What belongs to others",
    "Secrets of other namespaces, images, nodes, priorities, memory, names, labels and annotations",
    tuple(_cases()),
)
