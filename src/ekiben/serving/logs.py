"""Logging of a server process and of its children: one line per record, on stderr."""

from __future__ import annotations

import logging

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def configure_logging(level: str) -> None:
    """Sets up the root logger. The HTTP library is heard from warnings on: its start and stop lines repeat ours.

    The access log is written or not by a switch of its own, whatever the level.
    """
    logging.basicConfig(level=level.upper(), format=FORMAT, force=True)
    logging.getLogger("uvicorn.error").setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    logging.getLogger("ekiben.access").setLevel(logging.INFO)
