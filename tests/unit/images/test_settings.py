"""Names and paths follow from the environment alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from images.errors import ImagesError
from images.settings import Image, Settings, base_image, find_ca_bundle

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize("environ", [{}, {"IMAGE_PREFIX": "registry.example/team", "IMAGE_TAG": "v1"}])
def test_name_on_this_machine_follows_the_inputs_and_is_no_registrys(environ: dict[str, str]) -> None:
    settings = Settings.from_environment({"HOME": "/home/u", **environ})
    assert settings.reference(Image("runner"), DIGEST) == "localhost/segcompress/runner:dev-0123456789ab"
    gpu = Image("runner", gpu=True)
    assert settings.reference(gpu, DIGEST) == "localhost/segcompress/runner-gpu:dev-0123456789ab"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param(
            {"IMAGE_PREFIX": "registry.example:5000/team/"},
            "registry.example:5000/team/runner:dev-0123456789ab",
            id="tag follows the inputs",
        ),
        pytest.param(
            {"IMAGE_PREFIX": "docker.io/team", "IMAGE_TAG": "v1"},
            "docker.io/team/runner:v1",
            id="tag chosen by the user",
        ),
        pytest.param(
            {"IMAGE_PREFIX": "registry:5000", "IMAGE_TAG": "v1"}, "registry:5000/runner:v1", id="host"
        ),
        pytest.param(
            {"IMAGE_PREFIX": "localhost/x", "IMAGE_TAG": "v1"}, "localhost/x/runner:v1", id="localhost"
        ),
    ],
)
def test_name_in_a_registry(environ: dict[str, str], expected: str) -> None:
    settings = Settings.from_environment({"HOME": "/home/u", **environ})
    assert settings.destination(Image("runner"), DIGEST) == expected


def test_push_without_a_registry_says_what_to_set() -> None:
    with pytest.raises(ImagesError, match="set IMAGE_PREFIX, such as"):
        Settings.from_environment({"HOME": "/home/u"}).destination(Image("runner"), DIGEST)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        pytest.param(
            {"IMAGE_PREFIX": "Registry.Example/Team"},
            "IMAGE_PREFIX is 'Registry.Example/Team'",
            id="capitals",
        ),
        pytest.param({"IMAGE_PREFIX": "team"}, "must start with a registry", id="no registry"),
        pytest.param({"IMAGE_TAG": "a b"}, "IMAGE_TAG is 'a b'", id="tag"),
    ],
)
def test_what_cannot_be_a_name_is_refused_by_its_variable(environ: dict[str, str], message: str) -> None:
    with pytest.raises(ImagesError, match=message):
        Settings.from_environment(environ)


def test_state_lies_in_the_named_cache_or_in_the_users(tmp_path: Path) -> None:
    assert Settings.from_environment({"SEGCOMPRESS_CACHE": str(tmp_path)}).root == tmp_path / "images"
    assert Settings.from_environment({"HOME": "/home/u"}).root == Path("/home/u/.cache/segcompress/images")


def test_two_caches_never_share_what_buildah_has_mounted(tmp_path: Path) -> None:
    first = Settings.from_environment({"SEGCOMPRESS_CACHE": str(tmp_path / "a")})
    second = Settings.from_environment({"SEGCOMPRESS_CACHE": str(tmp_path / "b")})
    assert first.run_root != second.run_root


def test_the_ca_bundle_named_in_the_environment_comes_first(tmp_path: Path) -> None:
    bundle = tmp_path / "company.crt"
    bundle.write_text("certificates")
    named = {"SSL_CERT_FILE": str(tmp_path / "gone.crt"), "CURL_CA_BUNDLE": str(bundle)}
    assert find_ca_bundle(named) == bundle


def test_base_image_is_read_from_the_dockerfile() -> None:
    assert (
        base_image("# x\nARG BASE_IMAGE=registry.example/debian:1\nFROM ${BASE_IMAGE}\n")
        == "registry.example/debian:1"
    )
    with pytest.raises(ImagesError, match="ARG BASE_IMAGE"):
        base_image("FROM debian\n")
