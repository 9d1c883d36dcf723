"""What is read of the API server's JSON, and what is skipped."""

import json

import pytest
from msgspec import Raw

from segcompress_operator.planning.bodies import JobBody
from segcompress_operator.watching.decoding import Reader, whole

READER = Reader(JobBody)


def test_a_page_says_where_the_next_one_begins() -> None:
    text = b'{"metadata": {"resourceVersion": "7", "continue": "abc"}, "items": [{"metadata": {"uid": "u"}}]}'
    page = READER.page(text)
    assert (page.version, page.rest, page.size) == ("7", "abc", len(text))
    assert [READER.read(item) for item in page.items] == [{"metadata": {"uid": "u"}}]


@pytest.mark.parametrize("items", ["null", "[]"])
def test_an_empty_page_has_no_items(items: str) -> None:
    page = READER.page(b'{"metadata": {"resourceVersion": "7"}, "items": %s}' % items.encode())
    assert (page.items, page.rest) == ([], "")


def test_a_job_is_read_without_its_template() -> None:
    spec = {"backoffLimit": 2, "template": {"spec": {"containers": [{"name": "runner"}]}}}
    meta = {"name": "n", "managedFields": [{"manager": "kubectl"}]}
    body = {"kind": "Job", "metadata": meta, "spec": spec, "status": {"active": 1}}
    read = READER.read(Raw(json.dumps(body).encode()))
    assert read == {"metadata": {"name": "n"}, "spec": {"backoffLimit": 2}, "status": {"active": 1}}


def test_an_event_is_its_type_and_its_object() -> None:
    type_, raw = READER.event(b'{"type": "ERROR", "object": {"code": 410, "message": "too old"}}')
    assert (type_, whole(raw)) == ("ERROR", {"code": 410, "message": "too old"})


@pytest.mark.parametrize("line", [b'{"type": "ADDED", "obj', b"", b"[]", b'{"type": "ADDED"}'])
def test_what_is_no_event_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the stream asks for no more
        READER.event(line)
