"""s3:// addresses: parallel, verified, patient up to a bound."""

import io
import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from minio import Minio

from segcompress_runner.errors import (
    InvalidInputError,
    PreemptedError,
    StorageAccessDeniedError,
    StorageUnreachableError,
)
from segcompress_runner.storage.address import Address, safe_join
from segcompress_runner.storage.answers import FAULTS, TransferError, judge
from segcompress_runner.storage.bulk import BulkReader, bulk_reader
from segcompress_runner.storage.conditional import entity_tag, put_if
from segcompress_runner.storage.connections import GuardedPoolManager
from segcompress_runner.storage.protocol import Named, OnDone, Stat, Tagged
from segcompress_runner.storage.receiving import Expected, md5_of, read_up_to, receive
from segcompress_runner.storage.settings import S3Settings

_T = TypeVar("_T")
_PART = 64 * 2**20
_CONNECTIONS = 64
_AHEAD = 4
"""Requests that wait, for each connection: enough to keep all busy, whatever the number of files."""

_LISTED_FROM = 64
"""Number of files from which one listing (1,000 objects a request) is cheaper than a request for each."""

_LISTED_SHARE = 20
_LONGEST_PAUSE_S = 8.0


@dataclass(frozen=True)
class _Source:
    """A folder to fetch from, and the fast way to it, where there is one."""

    folder: Address
    bulk: BulkReader | None


class S3Storage:
    """An object store. Requests that fail in passing are repeated for at most `patience_s` seconds."""

    def __init__(
        self,
        settings: S3Settings,
        *,
        patience_s: float = 60,
        grace_s: float = 20,
        stop: Callable[[], bool] = lambda: False,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.settings = settings
        self._connections = _CONNECTIONS
        self._patience_s = patience_s
        self._grace_s = grace_s
        self._stop = stop
        self._note = note
        self._noted = threading.Event()
        self._pool = GuardedPoolManager(_CONNECTIONS, settings.ca_bundle)
        self._client = Minio(
            settings.host,
            access_key=settings.access_key,
            secret_key=settings.secret_key,
            session_token=settings.session_token,
            secure=settings.secure,
            # Without a region minio-py asks for the bucket's, which takes a right that users seldom have.
            region=settings.region or (None if settings.amazon else "us-east-1"),
            http_client=self._pool,
        )

    def stat(self, folder: Address, files: Sequence[Named]) -> tuple[Stat, ...]:
        """Return size and ETag of each object: many by listing the folder, few one by one."""
        listed = self._listed(folder, files) if len(files) >= _LISTED_FROM else {}
        rest = [file for file in files if file.name not in listed]
        asked = self._each(rest, lambda file: self._stat(folder, file), lambda _: None)
        found = listed | {stat.file.name: stat for stat in asked}
        return tuple(found[file.name] for file in files)

    def _listed(self, folder: Address, files: Sequence[Named]) -> dict[str, Stat]:
        """Return those of `files` that listing shows; none where this key may not list."""
        try:
            return self._call(str(folder), lambda: self._list(folder, files))
        except StorageAccessDeniedError:
            return {}

    def _list(self, folder: Address, files: Sequence[Named]) -> dict[str, Stat]:
        """List at most a few times as many objects as are wanted: a folder may hold much else."""
        wanted = {file.name: file for file in files}
        prefix = f"{folder.path}/" if folder.path else ""
        objects = self._client.list_objects(folder.bucket, prefix=prefix, recursive=True)
        found = dict[str, Stat]()
        for item in itertools.islice(objects, _LISTED_SHARE * len(files)):
            self._raise_if_stopped()
            file = wanted.get(str(item.object_name).removeprefix(prefix))
            if file is not None and item.etag:
                found[file.name] = Stat(file, f"etag:{item.etag}", int(item.size or 0))
            if len(found) == len(wanted):
                break
        return found

    def _stat(self, folder: Address, file: Named) -> Stat:
        key = (folder / file.name).path
        found = self._call(file.at(folder), lambda: self._client.stat_object(folder.bucket, key))
        return Stat(file, f"etag:{entity_tag(found.etag or '')}", int(found.size or 0))

    def fetch(self, folder: Address, files: Sequence[Stat], into: Path, on_done: OnDone) -> Path:
        """Fetch objects into files of the same names under `into`; what lies there verified is kept."""
        into.mkdir(parents=True, exist_ok=True)
        timeout_s = min(self._grace_s, self._patience_s / 2)
        source = _Source(folder, bulk_reader(self.settings, folder.bucket, timeout_s))
        self._each(files, lambda file: self._fetch(source, file, into), on_done)
        return into

    def _fetch(self, source: _Source, wanted: Stat, into: Path) -> None:
        target = safe_join(into, wanted.file.name)
        etag = wanted.digest.removeprefix("etag:")
        if target.is_file() and target.stat().st_size == wanted.size and md5_of(target) == etag:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.part")
        end = time.monotonic() + self._patience_s
        key = (source.folder / wanted.file.name).path
        content = source.bulk.get(key, etag, wanted.size) if source.bulk else None
        if content is None:
            what = wanted.file.at(source.folder)
            self._call(what, lambda: self._download(source.folder, wanted, partial, end), end)
        else:
            partial.write_bytes(content)
        partial.replace(target)

    def _download(self, folder: Address, wanted: Stat, target: Path, end: float) -> None:
        etag = wanted.digest.removeprefix("etag:")
        key = (folder / wanted.file.name).path
        response = self._client.get_object(folder.bucket, key, request_headers={"If-Match": f'"{etag}"'})
        grace = min(self._grace_s, max(0.0, end - time.monotonic()))
        try:
            receive(response, target, Expected(wanted.size, etag, grace), self._raise_if_stopped)
        finally:
            response.close()
            response.release_conn()

    def read(self, address: Address, limit: int) -> bytes:
        """Return an object's content."""
        return self.read_tagged(address, limit).content

    def read_tagged(self, address: Address, limit: int) -> Tagged:
        """Return an object's content and its ETag."""
        end = time.monotonic() + self._patience_s
        found = self._call(str(address), lambda: self._read(address, limit + 1, end), end)
        if len(found.content) > limit:
            raise InvalidInputError(f"{address}: is over {limit} bytes, the limit for this file")
        return found

    def _read(self, address: Address, limit: int, end: float) -> Tagged:
        response = self._client.get_object(address.bucket, address.path)
        try:
            left = max(0.0, end - time.monotonic())
            content = read_up_to(response, limit, left, self._raise_if_stopped)
            return Tagged(content, entity_tag(response.headers.get("ETag", "")))
        finally:
            response.close()
            response.release_conn()

    def write(self, address: Address, content: bytes) -> None:
        """Put one object."""
        self._call(str(address), lambda: self._put(address, content))

    def _put(self, address: Address, content: bytes) -> None:
        self._client.put_object(
            address.bucket, address.path, io.BytesIO(content), len(content), content_type=address.media_type
        )

    def reserve(self, folder: Address, note: str) -> None:
        """Put started.txt: no other request tells whether this key may write there."""
        self.write(folder / "started.txt", note.encode())

    def create(self, address: Address, content: bytes) -> bool:
        """Put one object with `If-None-Match: *`; False may also mean that an earlier try of ours arrived."""
        return self._put_if(address, content, {"If-None-Match": "*"})

    def replace(self, address: Address, content: bytes, tag: str) -> bool:
        """Put one object with `If-Match`; False may also mean that an earlier try of ours arrived."""
        return self._put_if(address, content, {"If-Match": f'"{tag}"'})

    def _put_if(self, address: Address, content: bytes, condition: Mapping[str, str]) -> bool:
        return self._call(str(address), lambda: put_if(self._client, self._pool, address, content, condition))

    def upload(self, folder: Address, files: Mapping[str, Path], on_done: OnDone) -> None:
        """Put files and read back size and, where the store tells it, MD5."""
        self._each(tuple(files.items()), lambda item: self._upload(folder / item[0], item[1]), on_done)

    def _upload(self, address: Address, source: Path) -> None:
        def put() -> None:
            self._client.fput_object(
                address.bucket, address.path, str(source), content_type=address.media_type, part_size=_PART
            )
            found = self._client.stat_object(address.bucket, address.path)
            size = source.stat().st_size
            if found.size != size:
                raise TransferError(f"{found.size} of {size} bytes arrived")

        self._call(str(address), put)

    def _call(self, what: str, request: Callable[[], _T], last: float | None = None) -> _T:
        """Return what `request` does; repeat it while its failures are passing and patience lasts.

        With `last` (time.monotonic, s) no request waits for anything beyond it either.
        """
        end, pause = last or time.monotonic() + self._patience_s, 0.25
        while True:
            self._raise_if_stopped()
            try:
                with self._pool.until(last):
                    return request()
            except FAULTS as fault:
                verdict = judge(fault, what, self.settings.endpoint)
            if not verdict.passing:
                raise verdict.error from None
            left = end - time.monotonic()
            if left <= 0:
                tried = f"; tried for {self._patience_s - left:.0f} s"
                raise StorageUnreachableError(str(verdict.error) + tried) from None
            self._tell(str(verdict.error))
            self._sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _each(self, items: Sequence[_T], work: Callable[[_T], Any], on_done: OnDone) -> list[Any]:
        """Do `work` for every item on a pool of threads, a few ahead.

        The first error ends it. Of several, the first item's is raised: a repeated run reports the same.
        """
        pool = ThreadPoolExecutor(max_workers=self._connections, thread_name_prefix="s3")
        results: list[Any] = [None] * len(items)
        waiting, pending = iter(enumerate(items)), dict[Future[Any], int]()
        done = 0
        try:
            while True:
                for index, item in itertools.islice(waiting, _AHEAD * self._connections - len(pending)):
                    pending[pool.submit(work, item)] = index
                if not pending:
                    return results
                self._raise_if_stopped()
                for future in wait(pending, timeout=0.5, return_when=FIRST_COMPLETED).done:
                    if future.exception():
                        raise self._first_error(pending, pending[future])
                    results[pending.pop(future)] = future.result()
                    done += 1
                    on_done(done)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _first_error(self, pending: Mapping[Future[Any], int], failed: int) -> BaseException:
        """Return the error of the first item that fails, at the latest that of the item `failed`."""
        for future in sorted((f for f, index in pending.items() if index <= failed), key=pending.__getitem__):
            while not wait([future], timeout=0.5).done:
                self._raise_if_stopped()
            if error := future.exception():
                return error
        raise AssertionError(f"item {failed} did not fail")

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
