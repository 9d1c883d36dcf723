"""An image is tried as a pod runs it."""

from __future__ import annotations

import ast

import pytest

from images.check import MODULES, check_program, chroot_command, docker_command
from images.settings import TARGETS, Image


@pytest.mark.parametrize("image", [*(Image(target) for target in TARGETS), Image("runner", gpu=True)])
def test_the_program_imports_what_the_image_is_for(image: Image) -> None:
    tree = ast.parse(check_program(image)[-1])
    imported = {name.name for node in tree.body if isinstance(node, ast.Import) for name in node.names}
    assert set(MODULES[image.target]) <= imported


def test_only_the_gpu_image_is_asked_for_cuda() -> None:
    assert "is_compiled_with_cuda" in check_program(Image("runner", gpu=True))[-1]
    assert "is_compiled_with_cuda" not in check_program(Image("runner"))[-1]


def test_docker_runs_it_without_rights_or_network() -> None:
    command = docker_command("runner:x", ("python", "-c", "pass"))
    assert {"--read-only", "--tmpfs=/tmp", "--tmpfs=/work", "65532:65532", "none"} <= set(command)
    assert command[-5:] == ("--entrypoint", "python", "runner:x", "-c", "pass")


def test_chroot_runs_it_as_the_images_user_with_the_images_environment() -> None:
    command = chroot_command("/mnt/root", ("HOME=/tmp",), ("python", "-c", "pass"))
    assert command[:2] == ("unshare", "--mount")
    assert command[-9:] == (
        "/mnt/root",
        "65532:65532",
        "tmp work",
        "env",
        "-i",
        "HOME=/tmp",
        "python",
        "-c",
        "pass",
    )
