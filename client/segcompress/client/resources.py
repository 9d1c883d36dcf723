"""Resources of one kind in a namespace, as typed models: what jobs and sweeps share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from segcompress.client.cluster import Body, Cluster
from segcompress.client.errors import ClientError, NotFoundError, WaitTimeoutError
from segcompress.client.kinds import Kind, R
from segcompress.client.manifests import as_body, as_type
from segcompress.client.outcomes import standing
from segcompress.client.watching import states
from segcompress_api.conditions import is_finished
from segcompress_api.errors import nearest


class Resources(Generic[R]):
    """Resources of one kind in `namespace`.

    Every method raises a ClientError whose message is for the user: see `segcompress.client.errors`.
    """

    def __init__(self, cluster: Cluster, kind: Kind[R], namespace: str) -> None:
        self._cluster = cluster
        self._kind = kind
        self.namespace = namespace

    def submit(self, resource: R | Mapping[str, Any]) -> R:
        """Create a resource from a model or the content of a YAML file, and return it as created.

        Raises InvalidJobError with one line for each wrong field, AlreadyExistsError, and NotFoundError where
        the namespace does not exist. It goes to the namespace that it names, or else to the client's.
        """
        body = as_body(resource, self._kind)
        namespace = body["metadata"].get("namespace") or self.namespace
        return self._typed(self._cluster.create(namespace, self._kind.plural, body))

    def get(self, name: str) -> R:
        """Return one; raises NotFoundError, which suggests the closest name."""
        return self._typed(self._one(name).get())

    def list(self, selector: str | None = None, *, all_namespaces: bool = False) -> Sequence[R]:
        """Return resources that match a label selector such as `team=vision`, the oldest first."""
        found = self._cluster.find(None if all_namespaces else self.namespace, self._kind.plural, selector)
        found.sort(key=lambda body: (body["metadata"]["creationTimestamp"], body["metadata"]["name"]))
        return tuple(self._typed(body) for body in found)

    def watch(self, name: str, timeout: float | None = None) -> Iterator[R]:
        """Yield one as it is, then after each change, even if the API server is unavailable for minutes.

        A state may come twice. Ends after a state in which it is finished. Raises NotFoundError where it
        is deleted, and WaitTimeoutError after `timeout` seconds.
        """
        found = None
        try:
            for body in states(self._one(name), timeout):
                found = self._typed(body)
                yield found
                if is_finished(found.status.conditions):
                    return
        except WaitTimeoutError:
            where = f" is still {standing(found)}" if found else ": no answer"
            raise WaitTimeoutError(f"{name}{where} after {timeout:g} s") from None

    def wait(
        self, name: str, timeout: float | None = None, on_change: Callable[[R], None] | None = None
    ) -> R:
        """Return one once it has finished, however it ended: `outcome` says how.

        `on_change` is called with each state, the first and the last too. Raises as `watch` does.
        """
        for found in self.watch(name, timeout):
            if on_change is not None:
                on_change(found)
        return found

    def _typed(self, body: Body) -> R:
        return as_type(body, self._kind)

    def _one(self, name: str) -> "One":
        return One(self._cluster, self._kind, self.namespace, name)


@dataclass(frozen=True)
class One:
    """One resource as `watching` reads it."""

    cluster: Cluster
    kind: Kind[Any]
    namespace: str
    name: str

    def get(self) -> Body:
        """Return it as it is; raises NotFoundError, which suggests the closest name."""
        try:
            return self.cluster.get(self.namespace, self.kind.plural, self.name)
        except NotFoundError as error:
            raise NotFoundError(self._not_found(str(error))) from None

    def changes(self, body: Body, seconds: float) -> Iterator[tuple[str, Body]]:
        """Yield its changes."""
        return self.cluster.changes(self.namespace, self.kind.plural, body, seconds)

    def _not_found(self, message: str) -> str:
        """Return the message for a missing resource; `message` if its kind is missing too."""
        try:
            names = [body["metadata"]["name"] for body in self.cluster.find(self.namespace, self.kind.plural)]
        except NotFoundError:
            return message
        except ClientError:  # permission to get does not imply permission to list
            names = []
        match = nearest(self.name, names)
        remedy = f"; did you mean {match}?" if match else ""
        return f"there is no {self.kind.word} {self.name} in namespace {self.namespace}{remedy}"
