"""Files of arrays that say what they are not: sizes without content, types that are code, headers that are programs."""

from __future__ import annotations

import struct

import pytest

from tests.serving.chaos.target import reply_to, request, statuses
from tests.serving.server_process import ServerProcess

NPY = "application/x-npy"


def npy(header: str, content: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """A file of numpy's, with any header."""
    text = header.encode("latin-1") + b"\n"
    length = struct.pack("<H" if version == b"\x01\x00" else "<I", len(text))
    return b"\x93NUMPY" + version + length + text + content


def header(descr: str = "'<f8'", order: str = "False", shape: str = "(1,)") -> str:
    """The usual header with one thing or another that is unusual."""
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


EIGHT = bytes(8)
HOSTILE = {
    "a shape of terabytes": npy(header(shape="(1099511627776,)"), EIGHT),
    "a shape that overflows": npy(header(shape="(4294967296, 4294967296, 2)"), EIGHT),
    "a negative shape": npy(header(shape="(-1,)"), EIGHT),
    "a shape of many digits": npy(header(shape=f"({'9' * 3000},)"), EIGHT),
    "a shape of many sizes": npy(header(shape=f"({'1,' * 1500})"), EIGHT),
    "a shape with nothing in it and much around": npy(header(shape="(0, 99999999999999999999)")),
    "a shape that is a sum": npy(header(shape="(1+1,)"), EIGHT),
    "objects": npy(header(descr="'|O'"), b"\x80\x04N."),
    "records": npy(header(descr="[('a', '<f8'), ('b', '|O')]"), EIGHT),
    "a type without end": npy(header(descr="'" + "<f8," * 500 + "'"), EIGHT),
    "text of gigabytes": npy(header(descr="'<U999999999'"), EIGHT),
    "a type that is a call": npy(header(descr="__import__('os').abort()"), EIGHT),
    "a header that is a call": npy("__import__('os').abort()", EIGHT),
    "a header that is deep": npy("(" * 4000, EIGHT),
    "a header of a megabyte": npy(header() + " " * 1_000_000, EIGHT, b"\x02\x00"),
    "a header longer than the file": b"\x93NUMPY\x02\x00\xff\xff\xff\xff",
    "an unknown version": npy(header(), EIGHT, b"\x09\x00"),
    "less content than said": npy(header(shape="(2,)"), EIGHT),
    "more content than said": npy(header(), EIGHT * 2),
    "a magic word alone": b"\x93NUMPY",
    "a zip file": b"PK\x03\x04" + bytes(100),
    "nothing but zeros": bytes(100),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_array_that_is_not_what_it_says_is_400(target: ServerProcess, name: str) -> None:
    assert statuses(reply_to(target.url, request("/total", HOSTILE[name], NPY))) in ([400], [415])


def test_an_array_that_is_what_it_says_is_read(target: ServerProcess) -> None:
    body = npy(header(shape="(2, 1)"), struct.pack("<dd", 1.5, 2.5))
    assert statuses(reply_to(target.url, request("/total", body, NPY))) == [200]
