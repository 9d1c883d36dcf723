"""The client's requests, one function each. Only this module and `connection` use the Kubernetes library.

Bodies stay plain JSON. No decision is made here: what an answer means is said by `refusals`.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import urllib3
from kubernetes.client import ApiClient, ApiException, CoreV1Api, CustomObjectsApi
from kubernetes.watch import Watch

from segcompress.client.connection import Connection
from segcompress.client.errors import ClientError, UnreachableError
from segcompress.client.refusals import error_of
from segcompress_api.base import API_GROUP, API_VERSION
from segcompress_api.contract import RUNNER_CONTAINER
from segcompress_api.errors import one_line

Body = dict[str, Any]

_CONNECT_S, _ANSWER_S = 10.0, 30.0
_REQUEST = (_CONNECT_S, _ANSWER_S)
_SILENT_S = 300.0
"""A followed log ends after so many silent seconds; the caller asks again."""

_PAGE = 500


class Cluster:
    """One user's connection to one API server."""

    def __init__(self, connection: Connection) -> None:
        self.host = str(connection.configuration.host)
        api = ApiClient(connection.configuration)
        self._objects = CustomObjectsApi(api)
        self._core = CoreV1Api(api)

    def create(self, namespace: str, plural: str, body: Mapping[str, Any]) -> Body:
        """Create an object; unknown keys are refused, not dropped."""
        with self._translated():
            made: Body = self._objects.create_namespaced_custom_object(
                *_KIND, namespace, plural, dict(body), field_validation="Strict", _request_timeout=_REQUEST
            )
        return made

    def get(self, namespace: str, plural: str, name: str) -> Body:
        """Return one object."""
        with self._translated():
            found: Body = self._objects.get_namespaced_custom_object(
                *_KIND, namespace, plural, name, _request_timeout=_REQUEST
            )
        return found

    def find(self, namespace: str | None, plural: str, selector: str | None = None) -> list[Body]:
        """Return the objects of a namespace, or of all, page by page."""
        items: list[Body] = []
        options = {"label_selector": selector, "limit": _PAGE, "_request_timeout": _REQUEST}
        while True:
            with self._translated():
                if namespace is None:
                    page = self._objects.list_custom_object_for_all_namespaces(*_KIND, plural, **options)
                else:
                    page = self._objects.list_namespaced_custom_object(*_KIND, namespace, plural, **options)
            items += page["items"]
            options["_continue"] = page["metadata"].get("continue")
            if not options["_continue"]:
                return items

    def changes(self, namespace: str, plural: str, body: Body, seconds: float) -> Iterator[tuple[str, Body]]:
        """Yield (ADDED, MODIFIED or DELETED, object) for each change after `body`, for `seconds`.

        Ends earlier where the server or the network ends the watch; what was missed is then to be asked for.
        """
        meta, whole = body["metadata"], max(1, round(seconds))
        events = Watch().stream(
            self._objects.list_namespaced_custom_object,
            *(*_KIND, namespace, plural),
            field_selector=f"metadata.name={meta['name']}",
            resource_version=meta["resourceVersion"],
            timeout_seconds=whole,
            _request_timeout=(_CONNECT_S, whole + _CONNECT_S),
        )
        try:
            with self._translated():
                for event in filter(None, events):  # the library makes None of an empty line
                    yield event["type"], event["object"]
        except (KeyError, TypeError) as error:  # a proxy's words, or an error without a reason
            raise self._unreachable(
                f"the watch sent something that is not an event ({one_line(repr(error))})"
            ) from None
        finally:
            events.close()

    def pods(self, namespace: str, selector: str) -> list[Body]:
        """Return the pods that match `selector`."""
        with self._translated():
            answer = self._core.list_namespaced_pod(
                namespace, label_selector=selector, _preload_content=False, _request_timeout=_REQUEST
            )
            pods: list[Body] = json.loads(_good(answer).data)["items"]
        return pods

    def log(self, namespace: str, pod: str, *, follow: bool, since_seconds: int | None) -> Iterator[str]:
        """Yield the lines of the runner's log, each preceded by its timestamp and a space."""
        with self._translated():
            answer = self._core.read_namespaced_pod_log(
                *(pod, namespace),
                container=RUNNER_CONTAINER,
                follow=follow,
                timestamps=True,
                since_seconds=since_seconds,
                _preload_content=False,
                _request_timeout=(_CONNECT_S, _SILENT_S if follow else _ANSWER_S),
            )
            try:
                yield from _lines(_good(answer), follow=follow)
            except urllib3.exceptions.ReadTimeoutError:
                if not follow:
                    raise
            finally:
                answer.close()

    def secret(self, namespace: str, name: str) -> dict[str, str]:
        """Return the decoded data of a Secret."""
        with self._translated():
            answer = self._core.read_namespaced_secret(
                name, namespace, _preload_content=False, _request_timeout=_REQUEST
            )
            data = json.loads(_good(answer).data).get("data") or {}
        return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except ApiException as error:
            raise self._error_of(error) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._unreachable(_cause(error)) from None

    def _error_of(self, error: ApiException) -> ClientError:
        if not error.status:  # no answer came: TLS
            return self._unreachable(one_line(str(error.reason)))
        return error_of(int(error.status), error.body or str(error.reason or ""))

    def _unreachable(self, cause: str) -> UnreachableError:
        return UnreachableError(
            f"the API server at {self.host} cannot be reached: {cause}; is the cluster running, and is "
            "this the right one?"
        )


_KIND = (API_GROUP, API_VERSION)


def _good(answer: Any) -> Any:
    """Return a response whose content is not read yet; raises ApiException for an error status."""
    if answer.status != HTTPStatus.OK:
        raise ApiException(http_resp=answer)
    return answer


def _lines(answer: Any, *, follow: bool) -> Iterator[str]:
    """Yield the lines of a log; the last one without its end too, unless the rest of it is yet to come."""
    rest = b""
    for piece in answer.stream(decode_content=False):
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)
    if rest and not follow:
        yield rest.decode(errors="replace")


def _cause(error: BaseException) -> str:
    """Return the innermost message of a chain of errors: `connection refused`, not a pool's repr."""
    words = str(getattr(error, "reason", None) or error)
    return one_line(words.rpartition(": ")[2] or words) or type(error).__name__
