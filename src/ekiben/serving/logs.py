"""Logging of a server process and of its children: one record per line on stderr, as text or as JSON."""

from __future__ import annotations

import logging
import time
from typing import Literal, TypeAlias

import msgspec

LogFormat: TypeAlias = Literal["text", "json"]
TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class JsonFormatter(logging.Formatter):
    """Records as objects: `time` (UTC), `level`, `logger`, `message`, `process`, and `exception` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """logging's: the line, in which every line break of the message is escaped."""
        fields: dict[str, object] = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(fields).decode()


def configure_logging(level: str, form: LogFormat = "text") -> None:
    """Sets up the root logger. The HTTP library is heard from warnings on: its start and stop lines repeat ours."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else logging.Formatter(TEXT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("uvicorn.error").setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    logging.getLogger("ekiben.access").setLevel(logging.INFO)
