"""The command lines that the engines are called with."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from images.engines import Build, Buildah, Docker, Engine
from images.errors import ImagesError
from images.settings import Image, Settings

REFERENCE = "localhost/segcompress/runner:dev-1"
DESTINATION = "registry.example/team/runner:0.1.0"
SETTINGS = Settings(Path("/cache/images"))
BUILDAH = Buildah(SETTINGS)
ENGINES = [pytest.param(Docker(), id="docker"), pytest.param(BUILDAH, id="buildah")]


def build_of(*, gpu: bool = False, ca_bundle: Path | None = None) -> Build:
    return Build(Image("runner", gpu=gpu), REFERENCE, Path("/project"), ca_bundle)


def pairs(command: tuple[str, ...]) -> set[tuple[str, str]]:
    return set(pairwise(command))


@pytest.mark.parametrize("engine", ENGINES)
def test_build_names_target_paddle_and_reference(engine: Engine) -> None:
    command = engine.build(build_of())
    wanted = {("--target", "runner"), ("--build-arg", "PADDLE=paddlepaddle"), ("--tag", REFERENCE)}
    assert wanted <= pairs(command)
    assert command[-1] == "/project"


@pytest.mark.parametrize("engine", ENGINES)
def test_gpu_is_the_same_target_with_another_paddle(engine: Engine) -> None:
    command = engine.build(build_of(gpu=True))
    assert {("--target", "runner"), ("--build-arg", "PADDLE=paddlepaddle-gpu")} <= pairs(command)


@pytest.mark.parametrize("engine", ENGINES)
def test_ca_bundle_goes_in_as_a_secret_and_only_where_there_is_one(engine: Engine) -> None:
    assert "--secret" not in engine.build(build_of())
    command = engine.build(build_of(ca_bundle=Path("/ca.crt")))
    assert ("--secret", "id=ca-bundle,src=/ca.crt") in pairs(command)


@pytest.mark.parametrize(
    "command",
    [
        BUILDAH.build(build_of()),
        BUILDAH.build_base("debian:x", Path("/cache/images/base")),
        BUILDAH.exists("debian:x"),
        BUILDAH.save(REFERENCE, Path("/cache/images/runner.new")),
        *BUILDAH.push(REFERENCE, DESTINATION, insecure=False),
        BUILDAH.remove(REFERENCE),
    ],
    ids=lambda command: command[9],
)
def test_buildah_touches_no_storage_but_ours(command: tuple[str, ...]) -> None:
    assert {("--root", "/cache/images/storage"), ("--runroot", str(SETTINGS.run_root))} <= pairs(command)
    assert {"BUILDAH_ISOLATION=chroot", "TMPDIR=/cache/images/tmp"} <= set(command)


def test_archive_carries_the_image_name() -> None:
    archive = Path("/cache/images/runner.new")
    assert BUILDAH.save(REFERENCE, archive)[-2:] == (REFERENCE, f"docker-archive:{archive}:{REFERENCE}")
    assert Docker().save(REFERENCE, archive) == ("docker", "save", "--output", str(archive), REFERENCE)


def test_insecure_push_is_buildahs_option_and_the_daemons_with_docker() -> None:
    (push,) = BUILDAH.push(REFERENCE, DESTINATION, insecure=True)
    assert "--tls-verify=false" in push
    (push,) = BUILDAH.push(REFERENCE, DESTINATION, insecure=False)
    assert "--tls-verify=true" in push
    with pytest.raises(ImagesError, match=r"daemon\.json"):
        Docker().push(REFERENCE, DESTINATION, insecure=True)


def test_image_is_pushed_under_the_registrys_name() -> None:
    (push,) = BUILDAH.push(REFERENCE, DESTINATION, insecure=False)
    assert push[-2:] == (REFERENCE, f"docker://{DESTINATION}")
    assert Docker().push(REFERENCE, DESTINATION, insecure=False) == (
        ("docker", "tag", REFERENCE, DESTINATION),
        ("docker", "push", DESTINATION),
    )
