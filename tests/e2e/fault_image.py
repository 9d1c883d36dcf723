"""The runner's image with a fault in it (`fault/break_one_step.py`), as an archive of a few kilobytes.

The archive (OCI image layout) names the runner's own layers by digest and holds none of them: they are in
the cluster already, unpacked when the runner's image was loaded.
"""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

FAULT = Path(__file__).parent / "fault" / "break_one_step.py"
PACKAGES = "app/.venv/lib/python3.11/site-packages"
_OCI = "application/vnd.oci.image"

Json = dict[str, Any]


def make_fault_image(runner: Path, to: Path) -> str:
    """Write the archive made from the runner's docker-archive; return the image's reference."""
    config, sizes = _read_runner(runner)
    # Python runs a line of a .pth file at its start.
    start = f"import {FAULT.stem}\n".encode()
    layer = _tar(
        {f"{PACKAGES}/{FAULT.name}": FAULT.read_bytes(), f"{PACKAGES}/{FAULT.stem}.pth": start},
    )
    config["rootfs"]["diff_ids"].append(f"sha256:{_sha256(layer)}")
    config["history"].append({"created_by": "a fault for tests"})
    blobs = {"config": json.dumps(config).encode(), "layer": layer}
    layers = [_described("layer.v1.tar", digest, size) for digest, size in sizes.items()]
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.manifest.v1+json",
        "config": _descriptor("config.v1+json", blobs["config"]),
        "layers": [*layers, _descriptor("layer.v1.tar", layer)],
    }
    blobs["manifest"] = json.dumps(manifest).encode()
    reference = f"localhost/segcompress/runner:fault-{_sha256(blobs['manifest'])[:12]}"
    entry = _descriptor("manifest.v1+json", blobs["manifest"])
    entry["annotations"] = {"io.containerd.image.name": reference}
    files = {f"blobs/sha256/{_sha256(content)}": content for content in blobs.values()}
    files["oci-layout"] = json.dumps({"imageLayoutVersion": "1.0.0"}).encode()
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
    to.write_bytes(_tar(files))
    return reference


def _read_runner(archive: Path) -> tuple[Json, dict[str, int]]:
    """Return the image's configuration, and the size of each of its layers by digest, in their order."""
    with tarfile.open(archive) as opened:
        (image,) = _json(opened, "manifest.json")
        config: Json = _json(opened, image["Config"])
        sizes = [opened.getmember(name).size for name in image["Layers"]]
    return config, dict(zip(config["rootfs"]["diff_ids"], sizes, strict=True))


def _json(archive: tarfile.TarFile, name: str) -> Any:
    member = archive.extractfile(name)
    assert member is not None
    return json.loads(member.read())


def _descriptor(kind: str, content: bytes) -> Json:
    return _described(kind, f"sha256:{_sha256(content)}", len(content))


def _described(kind: str, digest: str, size: int) -> Json:
    return {"mediaType": f"{_OCI}.{kind}", "digest": digest, "size": size}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _tar(files: dict[str, bytes]) -> bytes:
    """Return an archive of the files: no times, so that the same files give the same bytes."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()
