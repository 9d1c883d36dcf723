"""The operator's settings."""

import pytest

from segcompress_operator.errors import SettingError
from segcompress_operator.settings import settings_from

IMAGE = {"SEGCOMPRESS_RUNNER_IMAGE": "runner:1"}


def test_defaults() -> None:
    settings = settings_from(IMAGE)
    assert settings.runner.image == "runner:1"
    assert settings.namespaces == ()
    assert settings.runner.allowed_image_prefixes == ()
    assert not settings.runner.allows("runner:1")
    assert (settings.workers, settings.health_port, settings.log_format) == (16, 8080, "json")


def test_lists_and_empty_values() -> None:
    given = {**IMAGE, "SEGCOMPRESS_NAMESPACES": " a, b,", "SEGCOMPRESS_WORKERS": ""}
    settings = settings_from(given)
    assert settings.namespaces == ("a", "b")
    assert settings.workers == 16


def test_allowed_prefix() -> None:
    settings = settings_from({**IMAGE, "SEGCOMPRESS_ALLOWED_IMAGE_PREFIXES": "ghcr.io/acme/"})
    assert settings.runner.allows("ghcr.io/acme/runner:2")
    assert not settings.runner.allows("ghcr.io/acmeevil/runner:2")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RUNNER_IMAGE", " "),
        ("WORKERS", "0"),
        ("WORKERS", "many"),
        ("LOG_FORMAT", "xml"),
        ("REQUEST_MEMORY", "2 gigabytes"),
        ("IMAGE_PULL_POLICY", "Sometimes"),
        ("HEALTH_PORT", "-1"),
    ],
)
def test_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"SEGCOMPRESS_{name}: "):
        settings_from({**IMAGE, f"SEGCOMPRESS_{name}": value})
