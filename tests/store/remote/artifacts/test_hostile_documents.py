"""Documents in which any value is replaced by any other are read or refused in words, and nothing else happens."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import RemoteError
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.media_types import OCI_MANIFEST
from ekiben.store.remote.artifacts.bento_artifact import read_bento
from ekiben.store.remote.artifacts.modelpack import read_model
from ekiben.store.remote.artifacts.recognising import kind_of
from ekiben.store.remote.referrers import read_referrer, refer
from tests.store.remote.artifacts.making import GOLDEN, changed, naming

Place = tuple[str | int, ...]

FOREIGN = Path(__file__).parent / "foreign"
SUBJECT = Descriptor(OCI_MANIFEST, Digest.of_bytes(b""), 0)
REFERRER = refer(SUBJECT, "signatures/0123456789abcdef.sigstore.json", b"{}").content
ODD_TEXTS = ["", "..", "../x", "/", "a\0b", "\ud800", "latest", "sha256:", "x" * 5000, "0 0 0", "{}", "[[", "9" * 400]
ODD = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.text(max_size=10),
    st.sampled_from([0, -1, 1, 2**63, 10**4299, 0.5, True, False, {}, [], [{}], {"a": []}]),
)


def places(document: object, above: Place = ()) -> Iterator[Place]:
    """The place of every value in a document."""
    children: list[tuple[str | int, object]] = []
    if isinstance(document, dict):
        children = list(document.items())
    elif isinstance(document, list):
        children = list(enumerate(document[:3]))
    for step, child in children:
        yield (*above, step)
        yield from places(child, (*above, step))


def is_read_or_refused(read: Callable[[], object]) -> None:
    """Runs it, and lets no other error through than one that fits a screen and moves no cursor."""
    told = ""
    try:
        read()
    except RemoteError as error:
        told = f"{error}{error.hint}"
    assert len(told) < 4000
    assert not {"Cc", "Cs", "Zl", "Zp"} & {unicodedata.category(char) for char in told}


def pairs() -> list[tuple[bytes, bytes, str]]:
    """Manifests and configurations, and what they are of."""
    golden = [(GOLDEN, name, "model") for name in ("iris", "ten_files")]
    golden += [(GOLDEN, name, "bento") for name in ("bento_with_models", "bento_without_models")]
    golden += [(FOREIGN, path.name.partition(".")[0], "model") for path in sorted(FOREIGN.glob("*.manifest.json"))]
    return [
        ((folder / f"{name}.manifest.json").read_bytes(), (folder / f"{name}.config.json").read_bytes(), kind)
        for folder, name, kind in golden
    ]


PAIRS = pairs()
MANIFEST_PLACES = [(index, place) for index, (one, _, _) in enumerate(PAIRS) for place in places(json.loads(one))]
CONFIG_PLACES = [(index, place) for index, (_, one, _) in enumerate(PAIRS) for place in places(json.loads(one))]


def read(content: bytes, config: bytes, kind: str) -> None:
    """Reads it as the thing that it was."""
    kind_of(content)
    (read_bento if kind == "bento" else read_model)(content, config, "`x`")


@settings(max_examples=600)
@given(st.sampled_from(MANIFEST_PLACES), ODD)
def test_a_manifest_with_an_odd_value(where: tuple[int, Place], value: object) -> None:
    content, config, kind = PAIRS[where[0]]
    is_read_or_refused(lambda: read(put(content, where[1], value), config, kind))


@settings(max_examples=600)
@given(st.sampled_from(CONFIG_PLACES), ODD)
def test_a_configuration_with_an_odd_value(where: tuple[int, Place], value: object) -> None:
    content, config, kind = PAIRS[where[0]]
    odd = put(config, where[1], value)
    is_read_or_refused(lambda: read(naming(content, odd), odd, kind))


@given(st.sampled_from(list(places(json.loads(REFERRER)))), ODD)
def test_a_referrer_with_an_odd_value(place: Place, value: object) -> None:
    is_read_or_refused(lambda: read_referrer(put(REFERRER, place, value), SUBJECT.digest, "`x`"))


@pytest.mark.parametrize("index", range(len(PAIRS)))
def test_sums_of_sizes_beyond_all_numbers_are_refused(index: int) -> None:
    content, config, kind = PAIRS[index]
    layers = json.loads(content)["layers"]
    for place in range(len(layers)):
        content = changed(content, "layers", place, "size", to=int("9" * 4300))
    with pytest.raises(RemoteError):
        read(content, config, kind)


def put(content: bytes, place: Place, value: object) -> bytes:
    """The document with that value there, whatever UTF-8 makes of it."""
    document = json.loads(content)
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return json.dumps(document).encode()
