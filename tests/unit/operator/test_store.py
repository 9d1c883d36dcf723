"""The store of one kind: what a stream delivered, with no ghosts in whatever order it came."""

from dataclasses import dataclass, field

import pytest

from segcompress_operator.kinds import COMPRESSION_JOBS, Ref
from segcompress_operator.watching.store import NamedStore, Scope, Store


@dataclass(frozen=True)
class Thing:
    uid: str
    resource_version: str = field(compare=False)
    fact: int = 0
    namespace: str = "vision"
    owner_uid: str = "owner"
    name: str = "demo"

    @property
    def ref(self) -> Ref:
        return Ref(COMPRESSION_JOBS, self.namespace, self.name)


class Listener:
    def __init__(self, *scopes: Scope) -> None:
        self.changes: list[tuple[Thing | None, Thing | None]] = []
        self.listed: list[Scope] = []
        self.store: Store[Thing] = Store(lambda *change: self.changes.append(change), self.listed.append)
        for scope in scopes or (None,):
            self.store.listed(scope, "10", set())

    @property
    def uids(self) -> set[str]:
        return {thing.uid for thing in self.store}


@pytest.fixture
def listener() -> Listener:
    return Listener()


def test_change_of_facts_is_told_with_both_sides(listener: Listener) -> None:
    old, new = Thing("a", "11"), Thing("a", "12", fact=1)
    listener.store.take(old)
    listener.store.take(new)
    listener.store.drop("a")
    assert listener.changes == [(None, old), (old, new), (new, None)]


def test_new_version_of_the_same_facts_is_not_told(listener: Listener) -> None:
    listener.store.take(Thing("a", "11"))
    listener.store.take(Thing("a", "12"))
    assert len(listener.changes) == 1
    assert listener.store.get("a") == Thing("a", "")
    found = listener.store.get("a")
    assert found is not None
    assert found.resource_version == "12"


def test_older_version_never_replaces_a_newer_one(listener: Listener) -> None:
    listener.store.take(Thing("a", "100", fact=1))
    listener.store.take(Thing("a", "99", fact=2))
    listener.store.answered(Thing("a", "99", fact=2))
    assert listener.store.get("a") == Thing("a", "100", fact=1)


def test_answer_that_comes_after_the_deletion_brings_nothing_back(listener: Listener) -> None:
    listener.store.take(Thing("a", "11"))
    listener.store.drop("a")
    listener.store.moved(None, "13")
    listener.store.answered(Thing("a", "12", fact=1))
    assert listener.uids == set()


def test_list_of_a_restored_etcd_replaces_all_that_was_known(listener: Listener) -> None:
    """Its versions are lower than those seen, and none of these says which object is newer."""
    for uid in ("lost", "kept"):
        listener.store.take(Thing(uid, "100"))
    listener.store.moved(None, "100")
    listener.store.listing(None, "50")
    assert not listener.store.is_listed("vision")
    listener.store.take(Thing("kept", "40", fact=1))
    listener.store.listed(None, "50", {"kept"})
    assert (listener.uids, listener.store.get("kept")) == ({"kept"}, Thing("kept", "40", fact=1))
    assert listener.listed == [None, None]


def test_list_of_the_present_keeps_what_was_known(listener: Listener) -> None:
    listener.store.take(Thing("kept", "100"))
    listener.store.moved(None, "100")
    listener.store.listing(None, "100")
    assert (listener.uids, listener.store.is_listed("vision")) == ({"kept"}, True)


def test_answer_for_an_object_that_a_list_lacked_brings_nothing_back(listener: Listener) -> None:
    listener.store.listed(None, "20", set())
    listener.store.answered(Thing("a", "15"))
    assert listener.uids == set()


def test_answer_that_overtakes_the_stream_is_known_at_once(listener: Listener) -> None:
    listener.store.answered(Thing("a", "11"))
    assert listener.uids == {"a"}


def test_answer_from_a_scope_that_is_not_listed_is_not_kept() -> None:
    listener = Listener("other")
    listener.store.answered(Thing("a", "11"))
    assert listener.uids == set()


def test_list_drops_what_it_lacks_unless_that_is_younger(listener: Listener) -> None:
    for thing in (Thing("gone", "11"), Thing("kept", "12"), Thing("young", "21")):
        listener.store.take(thing)
    listener.store.listed(None, "20", {"kept"})
    assert listener.uids == {"kept", "young"}


def test_list_says_nothing_of_other_scopes() -> None:
    listener = Listener("vision", "audio")
    listener.store.take(Thing("a", "11"))
    listener.store.take(Thing("b", "11", namespace="audio"))
    listener.store.listed("audio", "20", set())
    assert listener.uids == {"a"}


def test_refused_scope_is_forgotten_until_it_is_listed_again() -> None:
    listener = Listener("vision", "audio")
    listener.store.take(Thing("a", "11"))
    listener.store.take(Thing("b", "11", namespace="audio"))
    listener.store.refused("vision")
    assert listener.uids == {"b"}
    assert (listener.store.is_listed("vision"), listener.store.is_listed("audio")) == (False, True)
    listener.store.listed("vision", "20", set())
    listener.store.listed("vision", "30", set())
    assert listener.listed == ["vision", "audio", "vision"]


def test_children_are_found_by_their_owner(listener: Listener) -> None:
    for thing in (Thing("a", "11"), Thing("b", "11"), Thing("c", "11", owner_uid="another")):
        listener.store.take(thing)
    assert [thing.uid for thing in listener.store.owned("owner")] == ["a", "b"]
    listener.store.take(Thing("a", "12"))
    assert [thing.resource_version for thing in listener.store.owned("owner")] == ["12", "11"]
    assert [len(listener.store.owned(uid)) for uid in ("another", "nobody")] == [1, 0]
    listener.store.drop("a")
    listener.store.drop("b")
    assert listener.store.owned("owner") == []
    assert len(listener.store) == 1


def test_child_that_changes_its_owner_is_found_by_the_new_one_alone(listener: Listener) -> None:
    listener.store.take(Thing("a", "11"))
    listener.store.take(Thing("a", "12", owner_uid=""))
    assert listener.store.owned("owner") == []
    assert [thing.uid for thing in listener.store.owned("")] == ["a"]
    listener.store.listed(None, "20", set())
    assert listener.store.owned("owner") == listener.store.owned("") == []


def test_record_may_outlive_its_object() -> None:
    store: Store[Thing] = Store(lambda *_: None, lambda _: None, lambda thing: thing.fact == 1)
    store.take(Thing("a", "11", fact=1))
    store.drop("a")
    store.listed(None, "20", set())
    store.take(Thing("b", "21", fact=1))
    assert {thing.uid for thing in store} == {"a", "b"}
    store.forget_gone("owner")
    assert {thing.uid for thing in store} == {"b"}


def test_object_that_was_created_anew_takes_its_predecessor_s_place() -> None:
    changes: list[tuple[Thing | None, Thing | None]] = []
    store: NamedStore[Thing] = NamedStore(lambda *change: changes.append(change), lambda _: None)
    old, new, other = Thing("a", "11"), Thing("b", "12"), Thing("c", "13", name="other")
    for thing in (old, other, new):
        store.take(thing)
    assert (store.named(new.ref), store.named(other.ref)) == (new, other)
    assert changes == [(None, old), (None, other), (old, None), (None, new)]
    store.drop("a")
    assert store.named(new.ref) == new
    store.drop("b")
    assert store.named(new.ref) is None
