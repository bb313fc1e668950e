"""Logging of a server process and of its children: one record per line on stderr, as text or as JSON."""

from __future__ import annotations

import logging
import time
from typing import Literal, TypeAlias

import msgspec

LogFormat: TypeAlias = Literal["text", "json"]
TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class TextFormatter(logging.Formatter):
    """Records as a line of text, with their time in UTC as in the access log."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"


class JsonFormatter(TextFormatter):
    """Records as objects: `time` (UTC), `level`, `logger`, `message`, `process`, and `exception` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """logging's: the line, in which every line break of the message is escaped."""
        fields: dict[str, object] = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _encodable(record.getMessage()),
            "process": record.process,
        }
        if record.exc_info:
            fields["exception"] = _encodable(self.formatException(record.exc_info))
        return msgspec.json.encode(fields).decode()


def _encodable(text: str) -> str:
    """The text without halves of characters, as names of files can have them: JSON takes none."""
    return text.encode("utf-8", "backslashreplace").decode()


def configure_logging(level: str, form: LogFormat = "text") -> None:
    """Sets up the root logger. The access log is no part of it: it has a switch of its own, and no levels."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter(TEXT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
