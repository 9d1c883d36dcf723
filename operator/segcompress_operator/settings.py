"""The operator's settings, read from the environment once, at start.

Everything below __main__ gets them as an argument; nothing else reads the environment.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from segcompress_operator.errors import SettingError

PullPolicy = Literal["Always", "IfNotPresent", "Never"]
LogFormat = Literal["json", "plain"]

_PREFIX = "SEGCOMPRESS_"
_QUANTITY = re.compile(r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$")


@dataclass(frozen=True)
class RunnerSettings:
    """What every runner pod gets that its resource does not say.

    Quantities are spelled as in a pod; requests count only where the resource has neither a request nor a
    limit of that name.
    """

    image: str
    allowed_image_prefixes: tuple[str, ...] = ()
    pull_policy: PullPolicy = "IfNotPresent"
    pull_secrets: tuple[str, ...] = ()
    request_cpu: str = "1"
    request_memory: str = "2Gi"
    work_size: str = "20Gi"
    tmp_size: str = "2Gi"
    shm_size: str = "1Gi"

    def allows(self, image: str) -> bool:
        """Return whether a resource may name `image` itself."""
        return any(image.startswith(prefix) for prefix in self.allowed_image_prefixes)


@dataclass(frozen=True)
class Settings:
    """How the operator works; `namespaces` empty means all of the cluster's."""

    runner: RunnerSettings
    namespaces: tuple[str, ...] = ()
    workers: int = 16
    log_format: LogFormat = "json"
    log_level: str = "INFO"
    health_port: int = 8080
    component: str = field(default="segcompress-operator")


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Return the settings in `environment`; raises SettingError naming the variable."""
    read = _Reader(environment)
    image = read.text("RUNNER_IMAGE", "")
    if not image:
        raise SettingError(
            f"{_PREFIX}RUNNER_IMAGE", "is required and missing; such as ghcr.io/acme/segcompress-runner:0.1.0"
        )
    return Settings(
        runner=RunnerSettings(
            image=image,
            allowed_image_prefixes=read.names("ALLOWED_IMAGE_PREFIXES"),
            pull_policy=cast(
                "PullPolicy",
                read.choice("IMAGE_PULL_POLICY", ("IfNotPresent", "Always", "Never")),
            ),
            pull_secrets=read.names("IMAGE_PULL_SECRETS"),
            request_cpu=read.quantity("REQUEST_CPU", "1"),
            request_memory=read.quantity("REQUEST_MEMORY", "2Gi"),
            work_size=read.quantity("WORK_SIZE", "20Gi"),
            tmp_size=read.quantity("TMP_SIZE", "2Gi"),
            shm_size=read.quantity("SHM_SIZE", "1Gi"),
        ),
        namespaces=read.names("NAMESPACES"),
        workers=read.number("WORKERS", 16, least=1),
        log_format=cast("LogFormat", read.choice("LOG_FORMAT", ("json", "plain"))),
        log_level=read.choice("LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
        health_port=read.number("HEALTH_PORT", 8080, least=0),
    )


class _Reader:
    """Reads typed values; an empty value counts as unset, for charts pass settings that way."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str, default: str) -> str:
        return self._environment.get(_PREFIX + name, "").strip() or default

    def names(self, name: str) -> tuple[str, ...]:
        parts = (part.strip() for part in self.text(name, "").split(","))
        return tuple(part for part in parts if part)

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """Return one of `choices`; the first is the default."""
        value = self.text(name, choices[0])
        if value not in choices:
            raise SettingError(_PREFIX + name, f"{value!r} is none of {', '.join(choices)}")
        return value

    def quantity(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if not _QUANTITY.match(value):
            raise SettingError(_PREFIX + name, f"{value!r} is no quantity; such as {default}")
        return value

    def number(self, name: str, default: int, least: int) -> int:
        value = self.text(name, str(default))
        if not value.isdecimal() or int(value) < least:
            raise SettingError(_PREFIX + name, f"{value!r} is no whole number of at least {least}")
        return int(value)
