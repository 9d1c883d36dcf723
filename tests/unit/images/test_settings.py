"""Names and paths follow from the environment alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from images.errors import ImagesError
from images.settings import Image, Settings, base_image, find_ca_bundle

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("environ", "image", "expected"),
    [
        pytest.param(
            {},
            Image("operator"),
            "docker.io/segcompress/operator:dev-0123456789ab",
            id="tag follows the inputs",
        ),
        pytest.param(
            {"IMAGE_TAG": "v1"},
            Image("runner"),
            "docker.io/segcompress/runner:v1",
            id="tag chosen by the user",
        ),
        pytest.param(
            {"IMAGE_PREFIX": "registry.example:5000/team/"},
            Image("runner"),
            "registry.example:5000/team/runner:dev-0123456789ab",
            id="registry",
        ),
        pytest.param(
            {"IMAGE_PREFIX": "localhost/x"},
            Image("runner"),
            "localhost/x/runner:dev-0123456789ab",
            id="localhost",
        ),
        pytest.param(
            {}, Image("runner", gpu=True), "docker.io/segcompress/runner-gpu:dev-0123456789ab", id="gpu"
        ),
    ],
)
def test_reference_of_an_image(environ: dict[str, str], image: Image, expected: str) -> None:
    assert Settings.from_environment({"HOME": "/home/u", **environ}).reference(image, DIGEST) == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({"IMAGE_PREFIX": "registry.example/team"}, True, id="dot"),
        pytest.param({"IMAGE_PREFIX": "registry:5000"}, True, id="port"),
        pytest.param({"IMAGE_PREFIX": "localhost/team"}, True, id="localhost"),
        pytest.param({"IMAGE_PREFIX": "team"}, False, id="name alone"),
        pytest.param({}, False, id="default"),
    ],
)
def test_only_a_prefix_with_a_registry_can_be_pushed_to(environ: dict[str, str], *, expected: bool) -> None:
    assert Settings.from_environment(environ).has_registry is expected


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        pytest.param(
            {"IMAGE_PREFIX": "Registry.Example/Team"}, "IMAGE_PREFIX is 'Registry.Example/Team'", id="prefix"
        ),
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
