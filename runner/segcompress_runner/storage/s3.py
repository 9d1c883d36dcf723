"""s3:// addresses: parallel, verified, patient up to a bound."""

import hashlib
import io
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from minio import Minio
from minio.error import S3Error, ServerError

from segcompress_runner.errors import InvalidInputError, PreemptedError, StorageUnreachableError
from segcompress_runner.storage.address import Address, safe_join
from segcompress_runner.storage.answers import FAULTS, TransferError, judge
from segcompress_runner.storage.connections import GuardedPoolManager
from segcompress_runner.storage.protocol import Named, Stat, Step
from segcompress_runner.storage.settings import S3Settings

_T = TypeVar("_T")
_CHUNK = 2**20
_PART = 64 * 2**20
_MD5 = re.compile(r"^[0-9a-f]{32}$")
_LONGEST_PAUSE_S = 8.0
_TAKEN, _CONFLICT, _REFUSED = 412, 409, 300


class S3Storage:
    """An object store. Requests that fail in passing are repeated for at most `patience_s` seconds."""

    def __init__(
        self,
        settings: S3Settings,
        *,
        connections: int = 16,
        patience_s: float = 60,
        stop: Callable[[], bool] = lambda: False,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.settings = settings
        self._connections = connections
        self._patience_s = patience_s
        self._stop = stop
        self._note = note
        self._noted = threading.Event()
        self._pool = GuardedPoolManager(connections, settings.ca_bundle)
        amazon = settings.host.split(":")[0].endswith((".amazonaws.com", ".amazonaws.com.cn"))
        self._client = Minio(
            settings.host,
            access_key=settings.access_key,
            secret_key=settings.secret_key,
            session_token=settings.session_token,
            secure=settings.secure,
            # Without a region minio-py asks for the bucket's, which takes a right that users seldom have.
            region=settings.region or (None if amazon else "us-east-1"),
            http_client=self._pool,
        )

    def stat(self, folder: Address, files: Sequence[Named]) -> tuple[Stat, ...]:
        """Return size and ETag of each object."""
        return tuple(self._each(files, lambda file: self._stat(folder, file), lambda _: None))

    def _stat(self, folder: Address, file: Named) -> Stat:
        key = (folder / file.name).path
        found = self._call(file.at(folder), lambda: self._client.stat_object(folder.bucket, key))
        return Stat(file, f"etag:{found.etag}", int(found.size or 0))

    def fetch(self, folder: Address, files: Sequence[Stat], into: Path, step: Step) -> Path:
        """Fetch objects into files of the same names under `into`; what lies there verified is kept."""
        into.mkdir(parents=True, exist_ok=True)
        needed, free = sum(file.size for file in files), shutil.disk_usage(into).free
        if needed > free:
            raise InvalidInputError(
                f"{folder}: the inputs take {needed >> 20} MiB and {into} has {free >> 20} MiB left"
            )
        self._each(files, lambda file: self._fetch(folder, file, into), step)
        return into

    def _fetch(self, folder: Address, wanted: Stat, into: Path) -> None:
        target = safe_join(into, wanted.file.name)
        etag = wanted.digest.removeprefix("etag:")
        if target.is_file() and target.stat().st_size == wanted.size and _md5_of(target) == etag:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.part")
        self._call(wanted.file.at(folder), lambda: self._download(folder, wanted, partial))
        partial.replace(target)

    def _download(self, folder: Address, wanted: Stat, target: Path) -> None:
        etag = wanted.digest.removeprefix("etag:")
        key = (folder / wanted.file.name).path
        response = self._client.get_object(folder.bucket, key, request_headers={"If-Match": f'"{etag}"'})
        digest, size = hashlib.md5(usedforsecurity=False), 0
        try:
            with target.open("wb") as file:
                for chunk in response.stream(_CHUNK):
                    self._raise_if_stopped()
                    size += file.write(chunk)
                    digest.update(chunk)
        finally:
            response.close()
            response.release_conn()
        hashed = _MD5.match(etag) and "x-amz-server-side-encryption" not in response.headers
        if size != wanted.size or (hashed and digest.hexdigest() != etag):
            raise TransferError(f"{size} of {wanted.size} bytes came, or others than were stored")

    def read(self, address: Address, limit: int) -> bytes:
        """Return an object's content."""
        content = self._call(str(address), lambda: self._read(address, limit + 1))
        if len(content) > limit:
            raise InvalidInputError(f"{address}: is over {limit} bytes, which is more than is taken here")
        return content

    def _read(self, address: Address, limit: int) -> bytes:
        response = self._client.get_object(address.bucket, address.path)
        try:
            return bytes(response.read(limit))
        finally:
            response.close()
            response.release_conn()

    def write(self, address: Address, content: bytes) -> None:
        """Put one object."""
        self._call(str(address), lambda: self._put(address, content))

    def _put(self, address: Address, content: bytes) -> None:
        self._client.put_object(address.bucket, address.path, io.BytesIO(content), len(content))

    def reserve(self, folder: Address, note: str) -> None:
        """Put started.txt: no other request tells whether this key may write there."""
        self.write(folder / "started.txt", note.encode())

    def create(self, address: Address, content: bytes) -> bool:
        """Put one object with `If-None-Match: *`.

        minio-py's put_object (7.2.20) has no header argument, and its metadata become user metadata; a
        presigned URL leaves headers free. A False may also mean that an earlier try of our own arrived.
        """
        return self._call(str(address), lambda: self._create(address, content))

    def _create(self, address: Address, content: bytes) -> bool:
        url = self._client.get_presigned_url(
            "PUT", address.bucket, address.path, expires=timedelta(minutes=10)
        )
        headers = {"If-None-Match": "*", "Content-Type": "application/json"}
        response = self._pool.urlopen("PUT", url, body=content, headers=headers)
        if response.status == _TAKEN:
            return False
        if response.status == _CONFLICT:
            raise ServerError("two publishers at once", response.status)
        if response.status >= _REFUSED:
            raise _answer(response)
        return True

    def upload(self, folder: Address, files: Mapping[str, Path], step: Step) -> None:
        """Put files and read back size and, where the store tells it, MD5."""
        self._each(tuple(files.items()), lambda item: self._upload(folder / item[0], item[1]), step)

    def _upload(self, address: Address, source: Path) -> None:
        def put() -> None:
            self._client.fput_object(address.bucket, address.path, str(source), part_size=_PART)
            found = self._client.stat_object(address.bucket, address.path)
            size = source.stat().st_size
            if found.size != size:
                raise TransferError(f"{found.size} of {size} bytes arrived")

        self._call(str(address), put)

    def _call(self, what: str, request: Callable[[], _T]) -> _T:
        """Return what `request` does; repeat it while its failures are passing and patience lasts."""
        started, pause = time.monotonic(), 0.25
        while True:
            self._raise_if_stopped()
            try:
                return request()
            except FAULTS as fault:
                verdict = judge(fault, what, self.settings.endpoint)
            if not verdict.passing:
                raise verdict.error from None
            left = started + self._patience_s - time.monotonic()
            if left <= 0:
                tried = f"; tried for {time.monotonic() - started:.0f} s"
                raise StorageUnreachableError(str(verdict.error) + tried) from None
            self._tell(str(verdict.error))
            self._sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _each(self, items: Sequence[_T], work: Callable[[_T], Any], step: Step) -> list[Any]:
        """Do `work` for every item on a pool of threads; the first error ends it."""
        pool = ThreadPoolExecutor(max_workers=self._connections, thread_name_prefix="s3")
        try:
            futures = [pool.submit(work, item) for item in items]
            for done, _ in enumerate(_finished(futures, self._raise_if_stopped), 1):
                step(done)
            return [future.result() for future in futures]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _tell(self, problem: str) -> None:
        if not self._noted.is_set():
            self._noted.set()
            self._note(f"{problem}; trying again for {self._patience_s:.0f} s")

    def _raise_if_stopped(self) -> None:
        if self._stop():
            raise PreemptedError("stopped while speaking to the object store")

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._raise_if_stopped()
            time.sleep(min(left, 0.2))


def _finished(futures: Sequence[Future[Any]], check: Callable[[], None]) -> Iterable[None]:
    """Yield once for each future that ends well, as they end; raise what the first other one raised."""
    pending = set(futures)
    while pending:
        check()
        done, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()


def _answer(response: Any) -> Exception:
    """Return minio's exception for an answer to a request of our own."""
    try:
        error: Exception = S3Error.fromxml(response)
    except Exception:  # noqa: BLE001 - any body that is no S3 error
        error = ServerError(f"HTTP {response.status}", response.status)
    return error


def _md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
