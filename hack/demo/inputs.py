"""What the demo compresses: the sample, or the user's own pictures with a teacher trained on them."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from minio import Minio
from minio.error import S3Error

from demo.console import DemoError, say, step
from demo.target import ROOT, Target, cache_folder

SAMPLE = ROOT / "examples" / "sample"
KINDS = ("models", "datasets", "compressed")
_UPLOADS = 16
_LISTS = ("train.txt", "val.txt")


@dataclass(frozen=True)
class Inputs:
    """A model and a dataset under one name; `model_files` are those of the model's folder to upload."""

    name: str
    model: Path
    dataset: Path
    model_files: tuple[str, ...] = ("model.pdmodel", "model.pdiparams")


def sample_inputs() -> Inputs:
    """Return the committed sample model and the generated sample pictures."""
    dataset = cache_folder() / "sample" / _digest(_scripts())[:12]
    if not (dataset / "val.txt").is_file():
        with step("Generating the sample dataset"):
            _python(SAMPLE / "make_dataset.py", str(dataset))
    return Inputs("sample", SAMPLE / "model", dataset)


def own_inputs(dataset: Path) -> Inputs:
    """Return the user's pictures and a teacher trained on them, cached by the pictures' digest."""
    for name in _LISTS:
        if not (dataset / name).is_file():
            raise DemoError(
                f"DATA={dataset}: {name} is missing; PaddleSeg's layout has train.txt and val.txt of "
                '"image mask" lines'
            )
    digest = _digest([*_scripts(), *sorted(dataset / path for path in _listed(dataset))])[:12]
    model = cache_folder() / "teachers" / digest
    if not (model / "teacher.json").is_file():
        with step("Training a teacher on your pictures (about 3 minutes on two cores)"):
            _python(SAMPLE / "train_teacher.py", str(dataset), str(model))
    return Inputs(f"own-{digest}", model, dataset)


def upload(inputs: Inputs, target: Target) -> None:
    """Upload model and pictures; what already lies there unchanged is left alone."""
    client = store_client(target)
    for bucket in {urlsplit(target.uri(kind, inputs.name)).netloc for kind in KINDS}:
        if not client.bucket_exists(bucket):
            client.make_bucket(bucket)
    uris = {kind: target.uri(kind, inputs.name) for kind in KINDS}
    files = [(uris["models"], inputs.model, name) for name in inputs.model_files]
    files += [(uris["datasets"], inputs.dataset, name) for name in _listed(inputs.dataset)]
    with ThreadPoolExecutor(_UPLOADS) as pool:
        sent = list(pool.map(lambda file: _put(client, *file), files))
    say(f"   {sum(sent)} of {len(sent)} files uploaded, the rest was there")


def _put(client: Minio, uri: str, folder: Path, path: str) -> bool:
    bucket, key = urlsplit(uri).netloc, f"{urlsplit(uri).path.lstrip('/')}{path}"
    source = folder / path
    digest = hashlib.md5(source.read_bytes(), usedforsecurity=False).hexdigest()
    try:
        if client.stat_object(bucket, key).etag == digest:
            return False
    except S3Error as error:
        if error.code != "NoSuchKey":
            raise
    client.fput_object(bucket, key, str(source))
    return True


def store_client(target: Target) -> Minio:
    """Return a client of the target's object store."""
    endpoint = urlsplit(target.endpoint)
    return Minio(
        endpoint.netloc,
        access_key=target.access_key,
        secret_key=target.secret_key,
        secure=endpoint.scheme == "https",
    )


def _listed(dataset: Path) -> list[str]:
    """Return the list files and every picture and mask that they name, once each."""
    return list(dict.fromkeys((*_LISTS, *(path for name in _LISTS for path in _paths_in(dataset / name)))))


def _paths_in(list_file: Path) -> Iterator[str]:
    for line in list_file.read_text().splitlines():
        for path in line.split():
            if not (list_file.parent / path).is_file():
                raise DemoError(f"{list_file}: {path} is missing")
            yield path


def _scripts() -> list[Path]:
    """Return the scripts that draw the sample and train on it: another script, another result."""
    return sorted(SAMPLE.glob("*.py"))


def _digest(paths: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        whole.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def _python(script: Path, *args: str) -> None:
    done = subprocess.run([sys.executable, str(script), *args], check=False, env=dict(os.environ))
    if done.returncode:
        raise DemoError(f"{script.name} ended with exit code {done.returncode}")
