"""The command line: `PYTHONPATH=hack python3 -m images build|archive|size|check|push|base [TARGET…] [--gpu]`.

Parses and prints; answers go to standard output, what happens meanwhile to standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from images.base import base_identity, forget_base
from images.build import build_images, prepare, wanted_record
from images.check import check_image
from images.engines import Buildah, Engine, choose_engine, with_working_driver
from images.errors import ImagesError
from images.execution import execute
from images.lock import alone
from images.records import Record, is_current, read_records
from images.settings import TARGETS, Image, Settings
from images.sizes import table

if TYPE_CHECKING:
    from collections.abc import Sequence

KEPT_BY_SUDO = (
    *("PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "SSL_CERT_FILE"),
    *("IMAGE_PREFIX", "IMAGE_TAG", "REGISTRY_AUTH_FILE"),
)


def parser() -> argparse.ArgumentParser:
    """Return the grammar of the command line."""
    top = argparse.ArgumentParser(prog="images", description="The images `operator` and `runner`.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (
        ("build", "build images and their archives; print NAME=REFERENCE lines"),
        ("archive", "the same; print the archives' paths"),
        ("size", "the same; print what takes up the space in them, by package"),
        ("check", "the same; run them as a pod does and import their libraries"),
        (
            "push",
            "the same; send them to the registry IMAGE_PREFIX, as IMAGE_TAG; print NAME=REFERENCE lines",
        ),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("targets", nargs="*", metavar="TARGET", help="operator, runner (default: both)")
        command.add_argument("--gpu", action="store_true", help="the runner with CUDA (about 6 GB)")
        _add_engine(command)
        if name == "push":
            command.add_argument("--insecure", action="store_true", help="allow a registry without TLS")
    base = commands.add_parser("base", help="make the base image by debootstrap; print its sha256")
    base.add_argument("--refresh", action="store_true", help="make it anew, with today's packages")
    _add_engine(base)
    return top


def _add_engine(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--engine", choices=("auto", "docker", "buildah"), default="auto", help="default: auto"
    )


def chosen_images(targets: Sequence[str], *, gpu: bool) -> tuple[Image, ...]:
    """Return the images that the words of the command line name."""
    for target in targets:
        if target not in TARGETS:
            raise ImagesError(f"no image is called '{target}': must be {' or '.join(TARGETS)}")
    if gpu and "operator" in targets:
        raise ImagesError("--gpu: only the runner has a GPU variant; leave `operator` out")
    if gpu:
        return (Image("runner", gpu=True),)
    return tuple(Image(target) for target in TARGETS if target in targets or not targets)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = parser().parse_args(arguments)
    try:
        settings = Settings.from_environment(os.environ)
        engine = choose_engine(options.engine, settings)
        if options.command == "base":
            return _base(settings, engine, refresh=options.refresh)
        _answer_all(options, settings, engine)
    except ImagesError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the next call goes on from the layers that are done", file=sys.stderr)
        return 130
    return 0


def _answer_all(options: argparse.Namespace, settings: Settings, engine: Engine) -> None:
    images = chosen_images(options.targets, gpu=options.gpu)
    if options.command == "push":
        settings.destination(images[0], "")  # Refuse before the build what cannot be pushed after it.
    records = _built(settings, engine, images)
    if options.command in {"check", "push"}:
        _become_root(settings, engine)
    for image in images:
        print(_answer(options, settings, engine, image, records[image.name]))


def _built(settings: Settings, engine: Engine, images: Sequence[Image]) -> dict[str, Record]:
    known = read_records(settings.records)
    if not all(is_current(known.get(image.name), wanted_record(settings, engine, image)) for image in images):
        _become_root(settings, engine)
    return build_images(settings, engine, images, os.environ)


def _answer(
    options: argparse.Namespace, settings: Settings, engine: Engine, image: Image, record: Record
) -> str:
    match options.command:
        case "archive":
            return record.archive
        case "size":
            return table(image.name, Path(record.archive))
        case "check":
            with alone(settings):
                return f"{image.name}: {check_image(settings, engine, image, record)}"
        case "push":
            destination = settings.destination(image, record.digest)
            pushing = with_working_driver(engine) if isinstance(engine, Buildah) else engine
            for command in pushing.push(record.reference, destination, insecure=options.insecure):
                execute(f"push {destination}", command, settings.log(f"{image.name}-push"))
            return f"{image.name}={destination}"
    return f"{image.name}={record.reference}"


def _base(settings: Settings, engine: Engine, *, refresh: bool) -> int:
    if not isinstance(engine, Buildah):
        raise ImagesError("Docker pulls the base image itself; with --engine buildah it is made here")
    _become_root(settings, engine)
    if refresh:
        forget_base(settings)
    with alone(settings):
        prepare(settings, engine)
    print(base_identity(settings))
    return 0


def _become_root(settings: Settings, engine: Engine) -> None:
    """Go on as root through sudo where buildah needs it; the environment that matters is kept."""
    if os.geteuid() == 0 or not isinstance(engine, Buildah):
        return
    kept = [f"{name}={os.environ[name]}" for name in KEPT_BY_SUDO if name in os.environ]
    print("buildah needs root here: going on through sudo.", file=sys.stderr)
    cache = f"SEGCOMPRESS_CACHE={settings.root.parent}"
    try:
        os.execvp("sudo", ["sudo", "env", cache, *kept, sys.executable, "-m", "images", *sys.argv[1:]])  # noqa: S606
    except FileNotFoundError as error:
        raise ImagesError(
            "buildah needs root, and sudo is missing: become root, or start a Docker engine"
        ) from error


if __name__ == "__main__":
    raise SystemExit(main())
