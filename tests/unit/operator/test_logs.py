"""Lines of the log say which job and attempt they are about."""

import json
import logging

from segcompress_operator.logs import JsonFormatter, about, add_to_subject


def line(message: str = "x") -> dict[str, str]:
    record = logging.LogRecord("segcompress_operator", logging.INFO, "f.py", 1, message, None, None)
    parsed: dict[str, str] = json.loads(JsonFormatter().format(record))
    parsed.pop("time")
    return parsed


PLAIN = {"level": "info", "logger": "segcompress_operator", "message": "x"}


def test_line_within_a_round_names_job_and_attempt() -> None:
    with about(job="vision/demo"):
        assert line() == PLAIN | {"job": "vision/demo"}
        add_to_subject(attempt="demo-x7k2p-1-abcde")
        assert line() == PLAIN | {"job": "vision/demo", "attempt": "demo-x7k2p-1-abcde"}
    assert line() == PLAIN


def test_next_round_does_not_inherit_the_attempt() -> None:
    with about(job="vision/one"):
        add_to_subject(attempt="one-1")
    with about(job="vision/two"):
        assert line() == PLAIN | {"job": "vision/two"}
