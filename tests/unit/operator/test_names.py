"""Names and labels of what the operator makes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcompress_api.naming import _ALPHABET, child_name, label_value, short_hash
from segcompress_operator.resources.names import event_name, runner_job_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("demo", "demo", id="short"),
        pytest.param("a.b", "a-b", id="dots become dashes"),
        pytest.param("x" * 253, "x" * 50, id="long"),
        pytest.param("y" * 45 + "-" * 9, "y" * 45, id="no dash before the suffix"),
    ],
)
def test_child_name_is_cut_never_its_suffix(name: str, expected: str) -> None:
    assert child_name(name, "-abcdefghij-1") == expected + "-abcdefghij-1"
    assert len(child_name(name, "-abcdefghij-1")) <= 63


def test_names_come_from_identity() -> None:
    assert runner_job_name("demo", "u", 1) == runner_job_name("demo", "u", 1)
    names = {runner_job_name("demo", uid, start) for uid in ("u", "v") for start in (1, 2)}
    assert len(names) == 4
    assert len({short_hash(str(n)) for n in range(100_000)}) == 100_000


def test_chance_that_two_names_of_a_million_share_a_hash_is_small() -> None:
    million = 10**6
    assert million**2 / 2 / len(_ALPHABET) ** len(short_hash("")) < 1 / 7000


@given(st.from_regex(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?", fullmatch=True), st.integers(0, 2**60))
def test_names_are_valid_whatever_they_are_cut_from(name: str, moment: int) -> None:
    event = event_name(name, f"{moment:x}")
    assert len(event) <= 253
    assert re.fullmatch(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?", event)
    assert not re.search(r"[.-]\.[0-9a-f]+$", event)
    for made in (runner_job_name(name, "uid", 1), label_value(name)):
        assert len(made) <= 63
        assert re.fullmatch(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?", made)


@pytest.mark.parametrize("end", [".", "-", ".-", "x.", "--"])
def test_name_of_an_event_is_not_cut_before_a_dot_or_dash(end: str) -> None:
    moment = "6432af"
    cut = "n" * (253 - len(moment) - 1 - len(end)) + end
    assert event_name(cut + "tail", moment) == cut.rstrip(".-") + f".{moment}"


def test_long_names_make_valid_distinct_labels() -> None:
    long = ["n" * 100 + end for end in "ab"]
    assert label_value("demo.v1") == "demo.v1"
    assert len({label_value(name) for name in long}) == 2
    assert all(len(label_value(name)) <= 63 for name in long)
