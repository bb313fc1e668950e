"""Following a pickle finds what an unpickler looks up: for anything that pickles, and for bytes made to mislead."""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import fractions
import functools
import io
import ipaddress
import operator
import os.path
import pathlib
import pickle
import types
import uuid
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekiben.packager.audit.pickles.findings import Pickle, Trouble
from ekiben.packager.audit.pickles.limits import Broken, Budget, Halt, LimitReached
from ekiben.packager.audit.pickles.machine import Machine
from ekiben.packager.audit.pickles.opcodes import ACTIONS
from ekiben.packager.audit.pickles.source import Source
from tests.packager.audit.pickles.recorder import Truth, recorder


@pytest.fixture(scope="module")
def truth() -> Iterator[Truth]:
    """Python's own unpickler, recording."""
    with recorder() as asked:
        yield asked


def follow(content: bytes, budget: Budget | None = None) -> Pickle:
    """What the machine sees; a pickle that is not whole as far as it goes."""
    pickle_seen = Pickle()
    try:
        Machine(Source(io.BytesIO(content)), pickle_seen, budget or Budget(), lambda _: None).run(ACTIONS)
    except Halt as error:
        trouble = Trouble.limit if isinstance(error, LimitReached) else Trouble.broken
        pickle_seen.has_problem(trouble, str(error))
    return pickle_seen


def names(seen: Pickle) -> list[tuple[str, str]]:
    """The imports, in order."""
    return [(one.module, one.name) for one in seen.imports]


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.dates(),
    st.datetimes(),
    st.timedeltas(),
    st.decimals(),
    st.fractions(),
    st.uuids(),
    st.ip_addresses(),
    st.complex_numbers(),
    st.builds(range, st.integers(0, 9)),
    st.sampled_from(
        [
            *(os.path.join, operator.itemgetter(1), functools.partial(int, base=2), pathlib.PurePosixPath("/a")),
            *(
                datetime.UTC,
                collections.OrderedDict,
                types.SimpleNamespace(a=1),
                array.array("d", [1.0]),
                Exception("x"),
            ),
            *(np.arange(3), np.float64(1), np.dtype("f4"), np.array(["a", None], dtype=object), np.random.RandomState),
            *(
                decimal.Decimal,
                fractions.Fraction,
                ipaddress.IPv4Network("10.0.0.0/8"),
                uuid.UUID(int=1),
                bytearray(b"x"),
            ),
        ]
    ),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=5), inner, max_size=4),
        st.builds(collections.OrderedDict, st.dictionaries(st.integers(), inner, max_size=3)),
        st.builds(collections.deque, st.lists(inner, max_size=3)),
        st.builds(lambda value: collections.defaultdict(list, {1: value}), inner),
        st.builds(lambda value: types.SimpleNamespace(value=value), inner),
        st.builds(functools.partial, st.just(print), inner),
        st.builds(lambda value: [value, value], inner),
        st.frozensets(st.integers() | st.text(max_size=3)),
    ),
    max_leaves=12,
)


@given(value=VALUES, protocol=st.integers(0, pickle.HIGHEST_PROTOCOL))
@settings(max_examples=200)
def test_the_imports_of_anything_that_pickles_are_found(truth: Truth, value: object, protocol: int) -> None:
    content = pickle.dumps(value, protocol=protocol)
    seen = follow(content)
    expected = truth(content, is_real=True)
    assert names(seen) == list(dict.fromkeys(expected))
    assert seen.problems == []


TEXTS = st.sampled_from(["os", "system", "a", "b", "torch._utils", "x.y", "é", "a b"])
MEMO = st.integers(0, 5)


def short_text(text: str) -> bytes:
    """SHORT_BINUNICODE."""
    return b"\x8c" + bytes([len(text.encode())]) + text.encode()


def line(text: str) -> bytes:
    """An argument up to the newline."""
    return text.encode() + b"\n"


INSTRUCTIONS = st.one_of(
    TEXTS.map(short_text),
    TEXTS.map(short_text),
    TEXTS.map(lambda text: b"X" + len(text.encode()).to_bytes(4, "little") + text.encode()),
    TEXTS.filter(str.isascii).map(lambda text: b"U" + bytes([len(text)]) + text.encode()),
    TEXTS.filter(str.isascii).map(lambda text: b"S'" + text.encode() + b"'\n"),
    TEXTS.filter(str.isascii).map(lambda text: b"V" + line(text)),
    st.tuples(TEXTS, TEXTS).map(lambda pair: b"c" + line(pair[0]) + line(pair[1])),
    st.tuples(TEXTS, TEXTS).map(lambda pair: b"(i" + line(pair[0]) + line(pair[1])),
    st.just(b"\x93"),
    st.just(b"\x93"),
    st.sampled_from([b"\x94", b"0", b"2", b"(", b"1", b"N", b")", b"]", b"}", b"\x8f", b"\x88"]),
    st.sampled_from([b"t", b"l", b"d", b"e", b"u", b"\x90", b"\x91", b"o", b"R", b"b", b"\x81", b"\x92", b"a", b"s"]),
    st.sampled_from([b"\x85", b"\x86", b"\x87", b"Q", b"K\x01", b"M\x01\x00", b"J\x01\x00\x00\x00", b"I1\n", b"L1L\n"]),
    MEMO.map(lambda number: b"q" + bytes([number])),
    MEMO.map(lambda number: b"h" + bytes([number])),
    MEMO.map(lambda number: b"r" + number.to_bytes(4, "little")),
    MEMO.map(lambda number: b"j" + number.to_bytes(4, "little")),
    MEMO.map(lambda number: b"p" + line(str(number))),
    MEMO.map(lambda number: b"g" + line(str(number))),
    st.sampled_from([b"C\x02ab", b"B\x01\x00\x00\x00x", b"\x96" + (2).to_bytes(8, "little") + b"ab", b"G" + b"\0" * 8]),
    st.sampled_from(
        [b"\x8a\x01\x05", b"F1.5\n", b"\x95" + (0).to_bytes(8, "little"), b"\x80\x04", b"\x82\x01", b"P1\n"]
    ),
)


@given(parts=st.lists(INSTRUCTIONS, max_size=30), is_c=st.booleans())
@settings(max_examples=600)
def test_no_order_of_opcodes_hides_an_import(truth: Truth, parts: list[bytes], is_c: bool) -> None:
    content = b"\x80\x04" + b"".join(parts) + b"."
    seen = follow(content)
    expected = list(dict.fromkeys(truth(content, is_c=is_c)))
    computed = any(one.trouble is Trouble.unresolved for one in seen.problems)
    found = names(seen)
    assert found[: len(expected)] == expected or (computed and set(expected) - set(found) == set())


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\x80\x04" + short_text("os") + b"q\x05" + short_text("system") + b"\x94" + b"0h\x05h\x01\x93.", True),
        (
            b"\x80\x04"
            + short_text("os")
            + b"\x94"
            + short_text("a")
            + b"q\x00"
            + short_text("system")
            + b"h\x00\x93.",
            False,
        ),
        (b"\x80\x02cos\nsystem\nq\x00.", True),
        (b"(ios\nsystem\n.", True),
        (b"N(0cos\nsystem\n.", True),
        (b"(N1cos\nsystem\n.", True),
        (b"(cos\nsystem\no.", True),
        (b"\x80\x04" + short_text("os") + short_text("system") + b"(10\x93.", False),
    ],
)
def test_memo_and_stack_are_those_of_the_unpickler(truth: Truth, content: bytes, found: bool) -> None:
    assert (("os", "system") in names(follow(content))) == found
    assert (("os", "system") in truth(content)) == found


def test_what_getattr_takes_is_found_too() -> None:
    content = pickle.dumps(datetime.datetime(2020, 1, 1).isoformat, protocol=4)
    assert "datetime.datetime.isoformat" in {str(one) for one in follow(content).reached}


@pytest.mark.parametrize("owner", [b"numpy.core\n", b"numpy._core\n", b"numpy\ncore.", b"numpy\n_core."])
def test_what_a_function_imports_by_its_arguments_is_found(owner: bytes) -> None:
    """Of numpy up to 2.2: it imports a module and takes a name from it."""
    content = b"\x80\x04c" + owner + b"_ufunc_reconstruct\n" + short_text("os") + short_text("system") + b"\x86R"
    assert ("os", "system") in names(follow(content + short_text("true") + b"\x85R."))


SCORER = b"csklearn.metrics._scorer\n_Scorer\n)\x81"  # calls a method by its name, which its state has


@pytest.mark.parametrize(
    "content",
    [
        SCORER + b"N\x85R.",
        b"cfunctools\npartial\n" + SCORER + b"\x85R.",
        b"cfunctools\npartial\ncbuiltins\nstr\n\x85R(" + SCORER + b")}Ntb.",
        b"cnumpy.random._pickle\n__generator_ctor\nN" + SCORER + b"\x86R.",
        b"ccopy_reg\n__newobj__\n" + SCORER + b"\x85R.",
        b"ctorch._tensor\n_rebuild_from_type_v2\n(" + SCORER + b"NNNtR.",
    ],
)
def test_what_is_called_though_nobody_imported_it_is_found(content: bytes) -> None:
    reached = {str(one) for one in follow(b"\x80\x04" + content).reached}
    assert reached == {"sklearn.metrics._scorer._Scorer.__call__"}


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (b"\x80\x04]" + short_text("x") + b"\x85R.", Trouble.unresolved),
        (b"\x80\x04cnumpy.core\n_ufunc_reconstruct\n)R.", Trouble.unresolved),
        (b"\x80\x04cbuiltins\nstr\n)R" + short_text("system") + b"\x93.", Trouble.unresolved),
        (b"\x80\x02\x82\x01.", Trouble.unresolved),
        (b"\x80\x04cbuiltins\ngetattr\nN" + short_text("x") + b"\x86R.", Trouble.unresolved),
        (b"\x80\x02cnumpy\nprod\n}b.", Trouble.patched),
        (b"\x80\x02N", Trouble.broken),
        (b"\x80\x07N.", Trouble.broken),
        (b"\x80\x02\x00.", Trouble.broken),
        (b"\x80\x04\x93.", Trouble.broken),
        (b"\x80\x02h\x05.", Trouble.broken),
        (b"\x80\x04\x8e" + b"\xff" * 8 + b".", Trouble.broken),
        (b"\x80\x04\x8d" + b"\xff" * 7 + b"\x00a.", Trouble.broken),
        (b"c" + b"a" * 5000 + b"\nb\n.", Trouble.limit),
    ],
)
def test_what_cannot_be_told_is_a_problem(content: bytes, trouble: Trouble) -> None:
    assert trouble in {one.trouble for one in follow(content).problems}


@given(content=st.binary(max_size=200))
@settings(max_examples=200)
def test_no_bytes_make_it_fail(content: bytes) -> None:
    follow(content)
    follow(b"\x80\x04" + content)


def test_a_pickle_that_is_too_long_is_left_off() -> None:
    with pytest.raises(LimitReached):
        Machine(Source(io.BytesIO(b"N0" * 100_000 + b"N.")), Pickle(), Budget(opcodes=50_000), lambda _: None).run(
            ACTIONS
        )


def test_nesting_without_end_is_followed_without_recursion() -> None:
    seen = follow(b"\x80\x04" + b"]" * 300_000 + b"a" * 299_999 + b".")
    assert seen.problems == []
    doubled = follow(b"\x80\x04N" + b"2\x86" * 200_000 + b".")
    assert doubled.problems == []


def test_a_truncated_pickle_shows_what_it_did_before() -> None:
    with pytest.raises(Broken):
        Machine(Source(io.BytesIO(b"cos\nsystem\n")), Pickle(), Budget(), lambda _: None).run(ACTIONS)
    assert names(follow(b"cos\nsystem\nN")) == [("os", "system")]
