"""The runner's pod: what it may do, what it reads, where it may write.

It passes Pod Security *restricted*, has no token of the API server, and gets credentials only by references
that the kubelet resolves. The token that it reports progress with is good for nothing else. The RunConfig is
a file, not an environment value: the kubelet would expand `$(NAME)` in the latter, and a spec could so carry
a credential into a report.
"""

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from segcompress_api.contract import (
    CA_BUNDLE_PATH,
    MEMORY_VARIABLE,
    OPTIONAL_SECRET_KEYS,
    POD_UID_VARIABLE,
    PROGRESS_AUDIENCE,
    PROGRESS_TOKEN_PATH,
    RUN_CONFIG_ANNOTATION,
    RUN_CONFIG_PATH,
    RUNNER_CONTAINER,
    SECRET_KEYS,
    TERMINATION_MESSAGE_PATH,
    THREADS_VARIABLE,
    WORK_BYTES_VARIABLE,
    WORK_DIR,
    ProgressTarget,
    RunConfig,
)
from segcompress_api.job import JobSpec, Runtime
from segcompress_api.quantities import amount, total
from segcompress_operator.resources.names import Owner, labels
from segcompress_operator.settings import GPU, GPU_SLICE, RunnerSettings

Manifest = dict[str, Any]

GRACE_SECONDS = 60
"""From SIGTERM to SIGKILL: enough to end a step and to say so."""

_CA_VOLUME = "object-store-ca"
_CONFIG_VOLUME = "run-config"
_TOKEN_VOLUME = "progress-token"  # noqa: S105 - a name, no secret
_TOKEN_SECONDS = 3600
"""The kubelet renews a token after four fifths of its life."""


def make_pod_template(owner: Owner, spec: JobSpec, start: int, settings: RunnerSettings) -> Manifest:
    """Return the pod template of the runner; `spec.storage` must be there."""
    config = RunConfig(
        namespace=owner.namespace,
        name=owner.name,
        uid=owner.uid,
        start=start,
        spec=spec,
        progress=_progress_target(settings),
    )
    annotation = config.model_dump_json(by_alias=True, exclude_none=True)
    return {
        "metadata": {
            "labels": {**settings.labels, **labels(owner.name, start)},
            "annotations": {**settings.annotations, RUN_CONFIG_ANNOTATION: annotation},
        },
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": GRACE_SECONDS,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": dict(settings.pod_security),
            "containers": [_container(spec, settings)],
            "volumes": _volumes(_secret_name(spec), settings),
            **_host_aliases(settings),
            **_placement(spec.runtime, settings),
            **_pull_secrets(settings),
        },
    }


def _progress_target(settings: RunnerSettings) -> ProgressTarget | None:
    target = settings.progress
    return None if target is None else ProgressTarget(url=target.url, ca=target.ca)


def _host_aliases(settings: RunnerSettings) -> Manifest:
    """Return the operator's name and address: the certificate holds the name, and no DNS is needed."""
    target = settings.progress
    if target is None or not target.address:
        return {}
    return {"hostAliases": [{"ip": target.address, "hostnames": [urlsplit(target.url).hostname]}]}


def _container(spec: JobSpec, settings: RunnerSettings) -> Manifest:
    return {
        "name": RUNNER_CONTAINER,
        "image": spec.runtime.image or settings.image,
        "imagePullPolicy": settings.pull_policy,
        "env": _environment(_secret_name(spec), settings),
        "resources": _resources(spec.runtime, settings),
        "securityContext": dict(settings.container_security),
        "terminationMessagePath": TERMINATION_MESSAGE_PATH,
        # A runner that dies without a word still leaves its last log lines.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": _CONFIG_VOLUME, "mountPath": _folder(RUN_CONFIG_PATH), "readOnly": True},
            {"name": _CA_VOLUME, "mountPath": _folder(CA_BUNDLE_PATH), "readOnly": True},
            *_token_mounts(settings),
            {"name": "work", "mountPath": WORK_DIR},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own emptyDir
        ],
    }


def _token_mounts(settings: RunnerSettings) -> list[Manifest]:
    if settings.progress is None:
        return []
    return [{"name": _TOKEN_VOLUME, "mountPath": _folder(PROGRESS_TOKEN_PATH), "readOnly": True}]


def _token_volumes(settings: RunnerSettings) -> list[Manifest]:
    """Return a token that the operator alone accepts: its audience is not the API server's."""
    if settings.progress is None:
        return []
    token = {
        "audience": PROGRESS_AUDIENCE,
        "expirationSeconds": _TOKEN_SECONDS,
        "path": _file(PROGRESS_TOKEN_PATH),
    }
    return [{"name": _TOKEN_VOLUME, "projected": {"sources": [{"serviceAccountToken": token}]}}]


def _secret_name(spec: JobSpec) -> str:
    if spec.storage is None:
        raise ValueError("a spec without storage has no pod; check_spec refuses it")
    return spec.storage.secret_ref.name


def _environment(secret: str, settings: RunnerSettings) -> list[Manifest]:
    return [
        *(_from_secret(secret, key, variable, optional=False) for key, variable in SECRET_KEYS.items()),
        *(
            _from_secret(secret, key, variable, optional=True)
            for key, variable in OPTIONAL_SECRET_KEYS.items()
        ),
        {"name": POD_UID_VARIABLE, "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
        {"name": WORK_BYTES_VARIABLE, "value": str(int(amount(settings.work_size)))},
        # Rounded up by the divisor; without a limit it is what the node can give.
        _resource("limits.cpu", THREADS_VARIABLE),
        _resource("requests.memory", MEMORY_VARIABLE),
    ]


def _resource(resource: str, variable: str) -> Manifest:
    reference = {"containerName": RUNNER_CONTAINER, "resource": resource, "divisor": "1"}
    return {"name": variable, "valueFrom": {"resourceFieldRef": reference}}


def _from_secret(secret: str, key: str, variable: str, *, optional: bool) -> Manifest:
    reference: Manifest = {"name": secret, "key": key}
    if optional:
        reference["optional"] = True
    return {"name": variable, "valueFrom": {"secretKeyRef": reference}}


def _resources(runtime: Runtime, settings: RunnerSettings) -> Manifest:
    """Return the user's requests and limits, with the settings' requests where neither is given.

    Scratch space is requested, so that the pod goes to a node that has it. Memory always has a limit: a pod
    without one could take the whole node's.
    """
    requests, limits = dict(runtime.resources.requests), dict(runtime.resources.limits)
    for name, default in (("cpu", settings.request_cpu), ("memory", settings.request_memory)):
        if name not in requests and name not in limits:
            requests[name] = default
    requests["ephemeral-storage"] = total(settings.work_size, settings.tmp_size)
    if "memory" in settings.allowed.maximum:
        limits.setdefault("memory", settings.allowed.maximum["memory"])
    gpus = whole_gpus(runtime)
    if gpus:
        limits[GPU] = str(gpus)
    return {"requests": requests, "limits": limits}


def whole_gpus(runtime: Runtime) -> int:
    """Return how many GPUs the pod gets: none where its limits name a slice of one."""
    sliced = any(name.startswith(GPU_SLICE) for name in runtime.resources.limits)
    return runtime.gpus if runtime.device == "GPU" and not sliced else 0


def _volumes(secret: str, settings: RunnerSettings) -> list[Manifest]:
    annotation = f"metadata.annotations['{RUN_CONFIG_ANNOTATION}']"
    return [
        {
            "name": _CONFIG_VOLUME,
            "downwardAPI": {
                "items": [{"path": _file(RUN_CONFIG_PATH), "fieldRef": {"fieldPath": annotation}}]
            },
        },
        {
            "name": _CA_VOLUME,
            "secret": {
                "secretName": secret,
                "optional": True,
                "items": [{"key": "ca.crt", "path": _file(CA_BUNDLE_PATH)}],
            },
        },
        *_token_volumes(settings),
        {"name": "work", "emptyDir": {"sizeLimit": settings.work_size}},
        {"name": "tmp", "emptyDir": {"sizeLimit": settings.tmp_size}},
    ]


def _placement(runtime: Runtime, settings: RunnerSettings) -> Manifest:
    """Return what user and settings say about nodes; an empty one is left to the API server's defaults."""
    tolerations = (*settings.tolerations, *(toleration.to_wire() for toleration in runtime.tolerations))
    placed = {
        "nodeSelector": {**runtime.node_selector, **settings.node_selector},
        "tolerations": [dict(toleration) for toleration in tolerations],
        "priorityClassName": runtime.priority_class_name,
        "runtimeClassName": runtime.runtime_class_name,
    }
    return {key: value for key, value in placed.items() if value}


def _pull_secrets(settings: RunnerSettings) -> Manifest:
    if not settings.pull_secrets:
        return {}
    return {"imagePullSecrets": [{"name": name} for name in settings.pull_secrets]}


def _folder(path: str) -> str:
    return str(PurePosixPath(path).parent)


def _file(path: str) -> str:
    return PurePosixPath(path).name
