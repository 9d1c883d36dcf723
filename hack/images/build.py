"""Build images and their archives; return at once where nothing changed.

An archive is written beside its final name and moved there, and the record comes last: whatever was
interrupted is not recorded, so the next call does it again.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from images.base import base_identity, ensure_base
from images.engines import Build as EngineBuild
from images.engines import Buildah, Engine, with_working_driver
from images.errors import ImagesError
from images.execution import execute
from images.inputs import inputs_digest
from images.lock import alone
from images.packages import install_missing
from images.records import Record, is_current, read_records, write_record
from images.settings import PROJECT, Image, Settings, base_image, find_ca_bundle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FREE_BYTES = {False: 6_000_000_000, True: 24_000_000_000}


def wanted_record(settings: Settings, engine: Engine, image: Image) -> Record:
    """Return what the record will say once the image is built from the inputs as they are now."""
    base = (base_identity(settings) or "") if isinstance(engine, Buildah) else ""
    digest = inputs_digest(PROJECT, image, f"{engine.name} {base}")
    return Record(settings.reference(image, digest), str(settings.archive(image)), digest, engine.name, 0)


def build_images(
    settings: Settings, engine: Engine, images: Sequence[Image], environ: Mapping[str, str]
) -> dict[str, Record]:
    """Build what is not there yet and return the record of each image, by name."""
    if records := _all_current(settings, engine, images):
        return records
    with alone(settings):
        if records := _all_current(settings, engine, images):
            return records
        _check_space(settings, images)
        engine = prepare(settings, engine)
        return {image.name: _build(settings, engine, image, find_ca_bundle(environ)) for image in images}


def prepare(settings: Settings, engine: Engine) -> Engine:
    """Bring what the engine needs before its first build: packages, a storage that works, the base image."""
    if not isinstance(engine, Buildah):
        return engine
    install_missing(settings)
    buildah = with_working_driver(engine)
    subprocess.run(buildah.remove_leftovers(), capture_output=True, check=False)
    ensure_base(buildah, base_image((PROJECT / "Dockerfile").read_text(encoding="utf-8")))
    return buildah


def _all_current(settings: Settings, engine: Engine, images: Sequence[Image]) -> dict[str, Record] | None:
    built = read_records(settings.records)
    wanted = {image.name: wanted_record(settings, engine, image) for image in images}
    if all(is_current(built.get(name), record) for name, record in wanted.items()):
        return {name: built[name] for name in wanted}
    return None


def _build(settings: Settings, engine: Engine, image: Image, ca_bundle: Path | None) -> Record:
    before = read_records(settings.records).get(image.name)
    wanted = wanted_record(settings, engine, image)
    if before and is_current(before, wanted):
        return before
    build = EngineBuild(image, wanted.reference, PROJECT, ca_bundle)
    execute(f"image {image.name}", engine.build(build), settings.log(image.name))
    record = _write_archive(settings, engine, image, wanted)
    write_record(settings.records, image.name, record)
    if before and before.engine == engine.name and before.reference != record.reference:
        subprocess.run(engine.remove(before.reference), capture_output=True, check=False)
    return record


def _write_archive(settings: Settings, engine: Engine, image: Image, wanted: Record) -> Record:
    archive = Path(wanted.archive)
    beside = archive.with_suffix(".new")
    beside.unlink(missing_ok=True)

    def written() -> str:
        return f"{beside.stat().st_size / 1e6:.0f} MB" if beside.exists() else ""

    save = engine.save(wanted.reference, beside)
    execute(f"archive of {image.name}", save, settings.log(f"{image.name}-archive"), written)
    beside.replace(archive)
    return replace(wanted, size_bytes=archive.stat().st_size)


def _check_space(settings: Settings, images: Sequence[Image]) -> None:
    needed = sum(FREE_BYTES[image.gpu] for image in images if image.target == "runner")
    free = shutil.disk_usage(settings.root).free
    if free < needed:
        raise ImagesError(
            f"{settings.root} has {free / 1e9:.1f} GB free and the build may need {needed / 1e9:.0f} GB: "
            "make room, or set SEGCOMPRESS_CACHE to a folder on a larger disk"
        )
