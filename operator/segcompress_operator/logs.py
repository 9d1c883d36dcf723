"""Log lines of the operator: one JSON object a line for machines, or plain text for people."""

import json
import logging

from segcompress_operator.settings import LogFormat


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, message, and the traceback of a bug."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
            "level": record.levelname.lower(),
            "logger": record.name,
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
        for each in ("kopf.requests", "kopf._cogs.clients.watching"):
            logging.getLogger(each).setLevel(logging.CRITICAL)
        # Our own one line says what the client warns of.
        logging.getLogger("kubernetes").setLevel(logging.ERROR)
