"""Log lines of the operator: one JSON object a line for machines, or plain text for people.

A line in JSON says in fields which job or sweep it is about, and which attempt of a job (the newest pod's
name) where there is one: whoever logs need not repeat them.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from segcompress_operator.settings import LogFormat

_NOBODY: Mapping[str, str] = MappingProxyType({})
_subject: ContextVar[Mapping[str, str]] = ContextVar("subject", default=_NOBODY)


@contextmanager
def about(**fields: str) -> Iterator[None]:
    """Put the fields into every line of this task while the context lasts."""
    before = _subject.set(fields)
    try:
        yield
    finally:
        _subject.reset(before)


def add_to_subject(**fields: str) -> None:
    """Put more fields into the lines to come, until the context of `about` ends."""
    _subject.set({**_subject.get(), **fields})


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, subject, message, the traceback of a bug."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **_subject.get(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure_logging(format_: LogFormat, level: str) -> None:
    """Send all log lines to standard error; kopf's talk of each event only where debugging."""
    handler = logging.StreamHandler()
    plain = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s")
    handler.setFormatter(JsonFormatter() if format_ == "json" else plain)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    if level != "DEBUG":
        logging.getLogger("kopf").setLevel(logging.WARNING)
        # The streams say in one line what kopf says of each try.
        logging.getLogger("kopf.requests").setLevel(logging.CRITICAL)
        # Our own one line says what the client warns of.
        logging.getLogger("kubernetes").setLevel(logging.ERROR)
