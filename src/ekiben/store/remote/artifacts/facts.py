"""The facts of an item as annotations of its manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.store.archive.names import shown
from ekiben.store.receipt import format_time, parse_time
from ekiben.store.remote.artifacts.artifact import ItemFacts
from ekiben.tag import Tag

TAG = "io.ekiben.tag"
DIGEST = "io.ekiben.digest"
SIZE = "io.ekiben.size"
CREATED = "org.opencontainers.image.created"  # OCI image-spec, annotations.md

_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")  # a time without a zone is none


def format_facts(facts: ItemFacts) -> dict[str, str]:
    """The annotations that say it."""
    return {
        TAG: str(facts.tag),
        DIGEST: str(facts.digest),
        SIZE: str(facts.size_bytes),
        CREATED: format_time(facts.created),
    }


def parse_facts(annotations: Mapping[str, str]) -> ItemFacts | None:
    """The facts that annotations tell, None where they tell none of ours. Raises ImageError, InvalidTag, InvalidDigest
    where they tell some and not all, or what cannot be."""
    if annotations.keys().isdisjoint((TAG, DIGEST, SIZE)):
        return None
    missing = [name for name in (TAG, DIGEST, SIZE, CREATED) if not annotations.get(name)]
    if missing:
        raise ImageError(f"it lacks the annotation `{missing[0]}`")
    tag = exact_tag(annotations[TAG])
    if not _SIZE.fullmatch(annotations[SIZE]):
        raise ImageError(f"`{SIZE}` is no number of bytes")
    return ItemFacts(tag, Digest.parse(annotations[DIGEST]), rfc3339(annotations[CREATED]), int(annotations[SIZE]))


def exact_tag(text: str) -> Tag:
    """The tag that names a version. Raises InvalidTag, ImageError where it names none."""
    tag = Tag.parse(text)
    if not tag.is_exact:
        raise ImageError(f"`{tag}` names no version")
    return tag


def rfc3339(text: str) -> datetime:
    """The time that `text` spells, with its zone. Raises ImageError."""
    try:
        if _TIME.fullmatch(text):
            return parse_time(text)
    except (ValueError, OverflowError):  # a day that is none, one before the first year
        pass
    raise ImageError(f"`{shown(text)}` is no time in RFC 3339")
