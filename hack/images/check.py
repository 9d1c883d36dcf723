"""Try an image as a pod runs it: as its own user, on a read-only root, with only /tmp and /work to write to.

Imports what the program in it stands on. That proves that all libraries load, not that the program is right.
"""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from images.engines import Buildah, Command, Engine, with_working_driver
from images.errors import ImagesError
from images.execution import execute

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from images.records import Record
    from images.settings import Image, Settings

USER = "65532:65532"
WRITABLE = ("tmp", "work")
MODULES = {
    "operator": ("segcompress_operator", "segcompress_operator.planning.sweeps.learned", "kopf"),
    "runner": (
        *("segcompress_runner", "paddle", "paddleslim.auto_compression", "paddleseg"),
        *("onnxruntime", "openvino", "MNN", "_tools", "paddle2onnx", "cv2", "minio"),
        "segcompress_runner.outputs.html.page",
    ),
}
# In mounts of its own, so that none can stay behind; by chroot, which needs no container runtime.
READ_ONLY_ROOT = """
set -eu
root=$1 user=$2
mount --bind "$root" "$root"
mount -o remount,ro,bind "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
for folder in $3; do [ ! -d "$root/$folder" ] || mount -t tmpfs -o mode=1777 tmpfs "$root/$folder"; done
shift 3
exec chroot --userspec="$user" "$root" "$@"
"""


def check_program(image: Image) -> Command:
    """Return the call that imports what the image is for and prints how long that took."""
    lines = ["import time, warnings", "warnings.simplefilter('ignore')", "started = time.monotonic()"]
    lines += [f"import {module}" for module in MODULES[image.target]]
    lines += ["print(f'imports took {time.monotonic() - started:.1f} s')"]
    if image.gpu:
        lines += ["assert paddle.is_compiled_with_cuda(), 'this Paddle was compiled without CUDA'"]
        lines += ["print('compiled with CUDA', paddle.version.cuda(), 'and cuDNN', paddle.version.cudnn())"]
    return ("python", "-c", "\n".join(lines))


def docker_command(reference: str, program: Sequence[str]) -> Command:
    """Return the call that runs a program in an image with Docker."""
    limits = ["--rm", "--read-only", "--user", USER, "--network", "none"]
    limits += [f"--tmpfs=/{folder}" for folder in WRITABLE]
    return ("docker", "run", *limits, "--entrypoint", program[0], reference, *program[1:])


def chroot_command(root: str, environ: Sequence[str], program: Sequence[str]) -> Command:
    """Return the call that runs a program in an image's file system with the image's environment."""
    inside = (root, USER, " ".join(WRITABLE), "env", "-i", *environ, *program)
    return ("unshare", "--mount", "sh", "-c", READ_ONLY_ROOT, "sh", *inside)


def check_image(settings: Settings, engine: Engine, image: Image, record: Record) -> str:
    """Run the check in a built image and return what it printed; raise ImagesError where a library fails."""
    log = settings.log(f"{image.name}-check")
    program = check_program(image)
    if isinstance(engine, Buildah):
        buildah = with_working_driver(engine)
        environ = _ask(buildah.environment(record.reference)).split("\n")
        with _mounted(buildah, record.reference) as root:
            execute(f"check {image.name}", chroot_command(root, environ, program), log)
    else:
        execute(f"check {image.name}", docker_command(record.reference, program), log)
    return log.read_text(encoding="utf-8").strip()


@contextmanager
def _mounted(buildah: Buildah, reference: str) -> Iterator[str]:
    container = _ask(buildah.command("from", "--quiet", reference))
    try:
        yield _ask(buildah.command("mount", container))
    finally:
        _ask(buildah.command("rm", container))


def _ask(command: Sequence[str]) -> str:
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise ImagesError(f"`{' '.join(command)}` failed: {asked.stderr.strip()}")
    return asked.stdout.strip()
