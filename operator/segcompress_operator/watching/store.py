"""Records of one kind, as far as its streams have delivered them: by uid and by owner.

Three rules keep ghosts out, whatever comes in which order:

- A record is replaced only by a newer version of itself (versions of one kind are ordered, KEP-5504).
- A LIST is authoritative for its kind and scope: what it lacks is gone. One that is older than what was
  delivered comes from a restored etcd, whose versions begin anew.
- The answer to a write may overtake the stream or come late. An unknown object is taken from an answer only
  where the stream has yet to reach that version; otherwise the stream has seen it come and go.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Generic, Protocol, TypeVar

from segcompress_operator.kinds import Ref

Scope = str | None
"""A watched namespace; None for all of the cluster's."""


class Record(Protocol):
    """What a store needs to know of a record; `==` compares the facts and not the version."""

    @property
    def uid(self) -> str:
        """Identity of the object."""

    @property
    def namespace(self) -> str:
        """Where the object lives."""

    @property
    def owner_uid(self) -> str:
        """Identity of its controller, "" for none."""

    @property
    def resource_version(self) -> str:
        """Version of the object."""


R = TypeVar("R", bound=Record)
OnChange = Callable[[R | None, R | None], None]
OnListed = Callable[[Scope], None]
Outlives = Callable[[R], bool]


class Store(Generic[R]):
    """Tells `on_change` the record before and after, where facts changed; None for an absent one.

    `on_listed` hears of the first LIST of a scope, and of the first after the scope was refused. A record
    that `outlives` its object stays when that goes, until `forget_gone` or `remove`.
    """

    def __init__(
        self, on_change: OnChange[R], on_listed: OnListed, outlives: Outlives[R] = lambda _: False
    ) -> None:
        self._on_change = on_change
        self._on_listed = on_listed
        self._outlives = outlives
        self._records: dict[str, R] = {}
        self._owned: dict[str, dict[str, R]] = {}
        self._gone: set[str] = set()
        self._positions: dict[Scope, str] = {}

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[R]:
        return iter(self._records.values())

    def get(self, uid: str) -> R | None:
        """Return the record of that uid."""
        return self._records.get(uid)

    def owned(self, owner_uid: str) -> list[R]:
        """Return the records with that owner; one that changes keeps its position."""
        return list(self._owned.get(owner_uid, {}).values())

    def is_listed(self, namespace: str) -> bool:
        """Return whether all objects of the namespace have been delivered."""
        return None in self._positions or namespace in self._positions

    def take(self, record: R) -> None:
        """Take in what a LIST or a watch delivered."""
        old = self._records.get(record.uid)
        if old is None or not older(record.resource_version, old.resource_version):
            self.replace(record)

    def moved(self, scope: Scope, version: str) -> None:
        """Note that the stream of `scope` has delivered everything up to `version`."""
        if version:
            self._positions[scope] = version

    def answered(self, record: R) -> None:
        """Take in the answer to a write of our own."""
        if record.uid in self._records:
            self.take(record)
            return
        position = self._positions.get(None) or self._positions.get(record.namespace)
        if position is not None and older(position, record.resource_version):
            self.replace(record)

    def replace(self, record: R) -> None:
        """Put the record in the place of what was known under its uid."""
        old = self._records.get(record.uid)
        if old is not None and old.owner_uid != record.owner_uid:
            self._disown(old)
        self._records[record.uid] = record
        self._owned.setdefault(record.owner_uid, {})[record.uid] = record
        if old != record:
            self._on_change(old, record)

    def drop(self, uid: str) -> None:
        """Note that an object is gone."""
        record = self._records.get(uid)
        if record is None:
            return
        if self._outlives(record):
            self._gone.add(uid)
        else:
            self.remove(uid)

    def forget_gone(self, owner_uid: str) -> None:
        """Forget the records with that owner that outlived their objects."""
        for uid in self._gone & self._owned.get(owner_uid, {}).keys():
            self.remove(uid)

    def remove(self, uid: str) -> None:
        """Forget a record."""
        self._gone.discard(uid)
        old = self._records.pop(uid, None)
        if old is not None:
            self._disown(old)
            self._on_change(old, None)

    def listing(self, scope: Scope, version: str) -> None:
        """Note that a LIST at `version` begins; one of the past is of a restored backup, and all is new.

        It asks for no version, so it is read from etcd itself and never from a cache that lags behind.
        """
        if older(version, self._positions.get(scope, "")):
            self.refused(scope)

    def listed(self, scope: Scope, version: str, uids: Collection[str]) -> None:
        """Note the end of a LIST at `version`: what it lacks is gone, unless it is younger than that."""
        for record in [*self._within(scope)]:
            if record.uid not in uids and not older(version, record.resource_version):
                self.drop(record.uid)
        first = scope not in self._positions
        self.moved(scope, version)
        if first:
            self._on_listed(scope)

    def refused(self, scope: Scope) -> None:
        """Forget a scope that the API server no longer tells of."""
        self._positions.pop(scope, None)
        for record in [*self._within(scope)]:
            self.remove(record.uid)

    def _disown(self, record: R) -> None:
        siblings = self._owned[record.owner_uid]
        siblings.pop(record.uid, None)
        if not siblings:
            del self._owned[record.owner_uid]

    def _within(self, scope: Scope) -> Iterator[R]:
        return (record for record in self if scope is None or record.namespace == scope)


class NamedRecord(Record, Protocol):
    """A record that can also be looked up by its key."""

    @property
    def ref(self) -> Ref:
        """Kind, namespace and name of the object."""


N = TypeVar("N", bound=NamedRecord)


class NamedStore(Store[N]):
    """A store that also finds records by key: an object that was recreated replaces the previous one."""

    def __init__(self, on_change: OnChange[N], on_listed: OnListed) -> None:
        super().__init__(on_change, on_listed)
        self._uids: dict[Ref, str] = {}

    def named(self, ref: Ref) -> N | None:
        """Return the record with that key."""
        return self.get(self._uids.get(ref, ""))

    def replace(self, record: N) -> None:
        """Store the record in place of any with its uid or its key."""
        before = self._uids.get(record.ref, record.uid)
        if before != record.uid:
            self.remove(before)
        self._uids[record.ref] = record.uid
        super().replace(record)

    def remove(self, uid: str) -> None:
        """Forget a record."""
        record = self.get(uid)
        if record is not None:
            del self._uids[record.ref]
        super().remove(uid)


def older(one: str, other: str) -> bool:
    """Return whether version `one` is older; versions that are not numbers cannot be compared."""
    return one.isdecimal() and other.isdecimal() and int(one) < int(other)
