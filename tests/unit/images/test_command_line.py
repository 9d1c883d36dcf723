"""The words of the command line name images, or are refused in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from images.__main__ import chosen_images, main
from images.errors import ImagesError
from images.settings import Image

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("targets", "gpu", "expected"),
    [
        pytest.param([], False, ("operator", "runner"), id="both by default"),
        pytest.param(["runner"], False, ("runner",), id="one"),
        pytest.param(["runner", "operator"], False, ("operator", "runner"), id="operator first: it is small"),
        pytest.param(["runner"], True, ("runner-gpu",), id="gpu"),
        pytest.param([], True, ("runner-gpu",), id="gpu means the runner"),
    ],
)
def test_chosen_images(targets: list[str], expected: tuple[str, ...], *, gpu: bool) -> None:
    assert tuple(image.name for image in chosen_images(targets, gpu=gpu)) == expected


def test_paddle_of_a_gpu_image() -> None:
    assert (Image("runner").paddle, Image("runner", gpu=True).paddle) == ("paddlepaddle", "paddlepaddle-gpu")


def test_wrong_words_are_named() -> None:
    with pytest.raises(ImagesError, match="no image is called 'runer': must be operator or runner"):
        chosen_images(["runer"], gpu=False)
    with pytest.raises(ImagesError, match="only the runner has a GPU variant"):
        chosen_images(["operator"], gpu=True)


def test_push_without_a_registry_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGCOMPRESS_CACHE", str(tmp_path))
    monkeypatch.delenv("IMAGE_PREFIX", raising=False)
    assert main(["push", "--engine", "buildah"]) == 1
    assert capsys.readouterr().err == (
        "error: push needs a registry: set IMAGE_PREFIX, such as IMAGE_PREFIX=registry.example.com/team\n"
    )
