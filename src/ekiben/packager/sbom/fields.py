"""The small parts that CycloneDX components are made of: text, hashes, properties, references. Pure.

A key whose part is empty is left out, as the format has it; `compact` does that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TypeAlias
from urllib.parse import quote

Fields: TypeAlias = dict[str, object]

# Algorithms of lock files as CycloneDX spells them, with the length of their digests.
_ALGORITHMS = {
    "md5": ("MD5", 32),
    "sha1": ("SHA-1", 40),
    "sha256": ("SHA-256", 64),
    "sha384": ("SHA-384", 96),
    "sha512": ("SHA-512", 128),
}
_HEX = re.compile(r"[0-9a-f]+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FACTS = ("hashes", "properties", "externalReferences")


def text_of(value: object) -> str:
    """A plain value as text: numbers and booleans as JSON writes them, dates as ISO 8601. What Unicode cannot encode
    (half of a surrogate pair, which YAML lets in) becomes `?`."""
    match value:
        case str():
            text = value
        case date():
            text = value.isoformat()
        case _:
            text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return text.encode("utf-8", "replace").decode()


def compact(fields: Mapping[str, object]) -> Fields:
    """`fields` without what is None or empty."""
    return {key: value for key, value in fields.items() if value not in (None, "", [], {})}


def component(kind: str, reference: str, name: str, **fields: object) -> Fields:
    """A component with the keys that every one has, and those of `fields` that are not empty."""
    return {"type": kind, "bom-ref": reference, "name": text_of(name), **compact(fields)}


def hashes(written: Iterable[str]) -> list[Fields]:
    """`algorithm:hex` texts as hashes, sorted, each once; what is none is left out."""
    return [{"alg": name, "content": content} for name, content in sorted(set(_known(written)))]


def _known(written: Iterable[str]) -> Iterable[tuple[str, str]]:
    for one in written:
        algorithm, _, content = one.partition(":")
        name, length = _ALGORITHMS.get(algorithm, ("", 0))
        if len(content) == length and _HEX.fullmatch(content):
            yield name, content


def properties(pairs: Iterable[tuple[str, object]]) -> list[Fields]:
    """Named texts in the namespace `ekiben:`, sorted, each once; pairs without a value are left out."""
    texts = {(f"ekiben:{text_of(name)}", text_of(value)) for name, value in pairs if value not in (None, "")}
    return [{"name": name, "value": value} for name, value in sorted(texts)]


def reference(text: str) -> str:
    """A URL, or a file's name, fit to stand where the format wants a reference by RFC 3987."""
    text = text_of(text)
    if not _SCHEME.match(text):
        return quote(text, safe="")
    return _STRAY_PERCENT.sub("%25", quote(text, safe="/?@:!$&'()*+,;=~%"))


def joined(components: Iterable[Fields]) -> list[Fields]:
    """The components sorted by their references, each reference once: lists of facts are put together, of other parts
    the first in JSON's order stays, so that nothing depends on the order in which they come."""
    by_reference: dict[str, Fields] = {}
    for component in components:
        key = str(component["bom-ref"])
        by_reference[key] = _merged(by_reference[key], component) if key in by_reference else component
    return [by_reference[key] for key in sorted(by_reference)]


def _merged(one: Fields, other: Fields) -> Fields:
    merged = {**other, **one}
    for key in one.keys() & other.keys():
        ours, theirs = one[key], other[key]
        if key in _FACTS and isinstance(ours, list) and isinstance(theirs, list):
            facts = {_json(fact): fact for fact in (*ours, *theirs)}
            merged[key] = [facts[text] for text in sorted(facts)]
        else:
            merged[key] = min(ours, theirs, key=_json)
    return merged


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True)
