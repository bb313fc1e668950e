"""Counts the rows of a body on the event loop: whole where it is small, by a sample of its beginning where it is large.

A count builds an object for each row with Python's lock held, in a thread no less than on the loop: 30 million rows
stopped every other request for seconds. The batcher asks for an estimate only, and a large body is a batch of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ekiben.serving.oip.media import INFERENCE
from ekiben.serving.payload.values import VALUES
from ekiben.serving.wire import JSON, Payload

WHOLE_BYTES = 256 * 1024  # bodies up to this are counted whole: a few milliseconds at the worst
SAMPLES_BYTES = (16 * 1024, 128 * 1024)  # of a larger one, the second where the first holds no whole row
_NO_JSON = ("multipart/form-data", "application/x-npy", VALUES, INFERENCE)
_TOKEN = re.compile(rb'"(?:[^"\\]+|\\.)*"?|[\[\]{},]', re.DOTALL)  # a string without end is one too: no way back
_CLOSERS = {b"[": b"]", b"{": b"}"}


def estimate_rows(count: Callable[[Payload], int], payload: Payload) -> int:
    """`count(payload)`; for a large JSON body the rows of its beginning times what that is a part of, 1 for huge rows.

    Other media types say their rows where they are cheap to find.
    """
    body = payload.body
    if len(body) <= WHOLE_BYTES or payload.content_type.startswith(_NO_JSON):
        return count(payload)
    for size in SAMPLES_BYTES:
        sample = beginning(bytes(body[:size]))
        rows = count(Payload(JSON, sample)) if sample else 1
        if rows > 1:
            return rows * len(body) // len(sample)
    return 1


def beginning(text: bytes) -> bytes:
    """The JSON that `text` begins with, cut before its last comma and closed; empty where there is no place to cut."""
    tokens = list(_TOKEN.finditer(text))
    while tokens and tokens[-1][0] != b",":
        tokens.pop()
    if not tokens:
        return b""
    still_open: list[bytes] = []
    for token in tokens:
        mark = token[0]
        if mark in _CLOSERS:
            still_open.append(_CLOSERS[mark])
        elif mark in (b"]", b"}") and still_open:
            still_open.pop()
    return text[: tokens[-1].start()] + b"".join(reversed(still_open))
