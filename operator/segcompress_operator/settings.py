"""The operator's settings, read from the environment once, at start.

Everything below __main__ gets them as an argument; nothing else reads the environment.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast

from segcompress_api.quantities import amount
from segcompress_operator.environment import PREFIX, Environment
from segcompress_operator.errors import SettingError

PullPolicy = Literal["Always", "IfNotPresent", "Never"]
LogFormat = Literal["json", "plain"]

GPU = "nvidia.com/gpu"
GPU_SLICE = "nvidia.com/mig-"
"""What the names of slices begin with."""
USER = 65532
_MAXIMUM = MappingProxyType({"cpu": "16", "memory": "64Gi", GPU: "1"})
_POD_SECURITY = MappingProxyType(
    {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
)
_CONTAINER_SECURITY = MappingProxyType(
    {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
)
_HTTPS = re.compile(r"https://[a-z0-9.-]+:[0-9]+")
_OUR_KEYS = ("segcompress.dev/", "app.kubernetes.io/", "batch.kubernetes.io/")


@dataclass(frozen=True)
class Allowed:
    """What a resource may ask of the cluster: rights on our kind alone give nothing beyond this.

    `maximum` holds the largest quantity of each resource that a pod may name; one that is not listed may not
    be named at all.
    """

    image_prefixes: tuple[str, ...] = ()
    toleration_keys: tuple[str, ...] = ()
    priority_classes: tuple[str, ...] = ()
    runtime_classes: tuple[str, ...] = ()
    workload_priority_classes: tuple[str, ...] = ()
    """Values that Kueue's label `kueue.x-k8s.io/priority-class` may have."""
    maximum: Mapping[str, str] = field(default_factory=lambda: dict(_MAXIMUM))


@dataclass(frozen=True)
class ProgressSettings:
    """Where runner pods report their progress: `url` as they see it, `port` and `tls` as the operator serves.

    `tls` is a folder that holds tls.crt, tls.key and ca.crt. `address` is the Service's own, so that pods
    need no DNS; "" where they are to look its name up. `service` is its namespace and name, where the
    operator is to notice that it has another address.
    """

    url: str
    tls: Path
    address: str = ""
    service: tuple[str, str] | None = None
    port: int = 8443


@dataclass(frozen=True)
class ReportTarget:
    """What a pod needs to know to report its progress; `ca` in PEM."""

    url: str
    address: str
    ca: str


@dataclass(frozen=True)
class RunnerSettings:
    """What every runner pod gets that its resource does not say.

    Quantities are spelled as in a pod; requests count only where the resource has neither a request nor a
    limit of that name.
    """

    image: str
    allowed: Allowed = Allowed()
    pull_policy: PullPolicy = "IfNotPresent"
    pull_secrets: tuple[str, ...] = ()
    request_cpu: str = "1"
    request_memory: str = "2Gi"
    work_size: str = "20Gi"
    tmp_size: str = "2Gi"
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()
    pod_security: Mapping[str, Any] = field(default_factory=lambda: dict(_POD_SECURITY))
    container_security: Mapping[str, Any] = field(default_factory=lambda: dict(_CONTAINER_SECURITY))
    progress: ReportTarget | None = None


@dataclass(frozen=True)
class LeaseSettings:
    """The Lease whose holder leads; others may take it `seconds` after it was last renewed."""

    namespace: str
    name: str
    seconds: int = 10


@dataclass(frozen=True)
class Settings:
    """How the operator works; `namespaces` empty means all of the cluster's.

    Without a `lease` it takes no notice of other operators.
    """

    runner: RunnerSettings
    namespaces: tuple[str, ...] = ()
    lease: LeaseSettings | None = None
    workers: int = 16
    log_format: LogFormat = "json"
    log_level: str = "INFO"
    health_port: int = 8080
    progress: ProgressSettings | None = None
    component: str = field(default="segcompress-operator")


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Return the settings in `environment`; raises SettingError naming the variable."""
    read = Environment(environment)
    return Settings(
        runner=_runner(read),
        namespaces=read.names("NAMESPACES"),
        lease=_lease(read),
        workers=read.number("WORKERS", 16, least=1),
        log_format=cast("LogFormat", read.choice("LOG_FORMAT", ("json", "plain"))),
        log_level=read.choice("LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
        health_port=read.number("HEALTH_PORT", 8080, least=0),
        progress=_progress(read),
    )


def _lease(read: Environment) -> LeaseSettings | None:
    lease = read.object("LEASE")
    return None if lease is None else LeaseSettings(*lease, read.number("LEASE_SECONDS", 10, least=3))


def _runner(read: Environment) -> RunnerSettings:
    image = read.text("RUNNER_IMAGE", "")
    if not image:
        raise SettingError(
            f"{PREFIX}RUNNER_IMAGE", "is required and missing; such as ghcr.io/acme/segcompress-runner:0.1.0"
        )
    allowed = _allowed(read)
    pull_policies = ("IfNotPresent", "Always", "Never")
    return RunnerSettings(
        image=image,
        allowed=allowed,
        pull_policy=cast("PullPolicy", read.choice("IMAGE_PULL_POLICY", pull_policies)),
        pull_secrets=read.names("IMAGE_PULL_SECRETS"),
        request_cpu=_request(read, "cpu", "1", allowed),
        request_memory=_request(read, "memory", "2Gi", allowed),
        work_size=read.quantity("WORK_SIZE", "20Gi"),
        tmp_size=read.quantity("TMP_SIZE", "2Gi"),
        labels=_keys_of_others(read, "POD_LABELS"),
        annotations=_keys_of_others(read, "POD_ANNOTATIONS"),
        node_selector=read.texts("NODE_SELECTOR"),
        tolerations=read.mappings("TOLERATIONS"),
        pod_security=read.mapping("POD_SECURITY_CONTEXT", _POD_SECURITY),
        container_security=read.mapping("SECURITY_CONTEXT", _CONTAINER_SECURITY),
    )


def _progress(read: Environment) -> ProgressSettings | None:
    """Return where progress is reported; None where no address is given."""
    url = read.text("PROGRESS_URL", "")
    if not url:
        return None
    if not _HTTPS.fullmatch(url):
        raise SettingError(f"{PREFIX}PROGRESS_URL", f"must be https://host:port, got {url!r}")
    return ProgressSettings(
        url=url,
        tls=Path(read.text("PROGRESS_TLS", "/etc/segcompress-tls")),
        address=read.address("PROGRESS_ADDRESS"),
        service=read.object("PROGRESS_SERVICE"),
        port=read.number("PROGRESS_PORT", 8443, least=1),
    )


def _allowed(read: Environment) -> Allowed:
    return Allowed(
        image_prefixes=read.names("ALLOWED_IMAGE_PREFIXES"),
        toleration_keys=read.names("ALLOWED_TOLERATION_KEYS"),
        priority_classes=read.names("ALLOWED_PRIORITY_CLASSES"),
        runtime_classes=read.names("ALLOWED_RUNTIME_CLASSES"),
        workload_priority_classes=read.names("ALLOWED_WORKLOAD_PRIORITY_CLASSES"),
        maximum=read.quantities("MAXIMUM", _MAXIMUM),
    )


def _request(read: Environment, resource: str, default: str, allowed: Allowed) -> str:
    """Return a default request, which must not be over the maximum of its own."""
    name = f"REQUEST_{resource.upper()}"
    request, most = read.quantity(name, default), allowed.maximum.get(resource)
    if most is not None and amount(request) > amount(most):
        raise SettingError(PREFIX + name, f"must be at most {most} ({PREFIX}MAXIMUM), got {request}")
    return request


def _keys_of_others(read: Environment, name: str) -> dict[str, str]:
    """Return labels or annotations, none of which the operator writes itself."""
    given = read.texts(name)
    ours = next((key for key in given if key.startswith(_OUR_KEYS)), None)
    if ours is not None:
        raise SettingError(PREFIX + name, f"{ours} is written by the operator; choose another key")
    return given
