"""Arrays as numpy's own files."""

import io
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ekiben.errors import BadInput, ServiceError, UnsupportedMediaType
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.input import InputSpec, Parameter
from ekiben.serving.payload.npy import NPY, read_array, write_array
from ekiben.serving.payload.output import OutputSpec
from ekiben.serving.wire import JSON, Payload

Array = np.ndarray[Any, Any]
DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(sizes=(16, 32, 64), endianness="?"),
    hnp.unicode_string_dtypes(endianness="=", min_len=1, max_len=5),
)


def saved(array: object, **options: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(array), **options)
    return stream.getvalue()


@given(hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, min_side=0)), st.booleans())
def test_what_numpy_saves_is_read_and_numpy_reads_what_is_written(array: Array, is_fortran: bool) -> None:
    read = read_array(saved(np.asarray(array, order="F" if is_fortran else "C")), "x")
    assert np.array_equal(read, array, equal_nan=array.dtype.kind == "f")
    assert read.dtype == array.dtype.newbyteorder("=")
    assert read.flags.writeable
    loaded = np.load(io.BytesIO(write_array(array)), allow_pickle=False)
    assert np.array_equal(loaded, array, equal_nan=array.dtype.kind == "f")
    assert loaded.dtype == array.dtype


def test_a_view_of_memory_is_read_like_bytes_and_not_held() -> None:
    memory = bytearray(saved([1.5, 2.5]))
    with memoryview(memory) as body:
        read = read_array(body, "x")
    memory.clear()
    assert read.tolist() == [1.5, 2.5]


def with_header(header: str, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data


EMPTY = "{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }\n"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "does not begin"),
        (b"[1, 2]", "does not begin"),
        (b"\x93NUMPY\x09\x00" + bytes(200), "does not begin"),
        (saved([1.5])[:20], "its header is longer"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "its header is longer"),
        (saved([1.5])[:-1], "smaller than requested"),
        (saved([1.5]) + b"x", "1 bytes follow the array"),
        (saved([object()], allow_pickle=True), "no dtype of numbers or text"),
        (saved(np.zeros(2, dtype=[("a", "<i4")])), "no dtype of numbers or text"),
        (saved(np.zeros(2, dtype="datetime64[ns]")), "no dtype of numbers or text"),
        (with_header("{'descr': '<f8', 'shape': (1,), }\n"), "no order"),
        (with_header("{'descr': '<f3', 'fortran_order': False, 'shape': (1,), }\n", b"abc"), "`x` is no array"),
        (with_header(EMPTY % "0, 1000000000000000000"), "says a shape of"),
        (with_header(EMPTY % "1000000000000000000,"), "says a shape of"),
        (with_header(EMPTY % ("1, " * 100), bytes(8)), "`x` is no array"),
        (with_header(EMPTY % "__import__('os').abort(),"), "no shape"),
    ],
)
def test_what_is_no_array_of_numbers_or_text_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read_array(body, "x")


@given(st.binary(max_size=300), st.integers(0, 140))
def test_a_damaged_file_is_refused_or_read_and_nothing_else(noise: bytes, at: int) -> None:
    body = saved(np.arange(6).reshape(2, 3))
    try:
        read_array(body[:at] + noise + body[at + len(noise) :], "x")
    except BadInput:
        return


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        raise AssertionError("it was unpickled or pickled")


def test_nothing_is_unpickled() -> None:
    body = with_header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", pickle.dumps([1]))
    with pytest.raises(BadInput, match="no dtype of numbers or text"):
        read_array(body, "x")
    with pytest.raises(ServiceError, match="an array of object cannot be written"):
        write_array(np.array([Trap()], dtype=object))


def test_a_lone_array_may_be_the_whole_body(folder: RequestFolder) -> None:
    spec = InputSpec([Parameter("x", npt.NDArray[np.float32])])
    assert spec.media_types == (JSON, NPY)
    payload = Payload(NPY, saved(np.ones((5, 2), np.float32)))
    value = spec.decode(payload, folder)["x"]
    assert isinstance(value, np.ndarray)
    assert (value.dtype, value.shape) == (np.float32, (5, 2))
    assert (spec.count_rows(payload, 0), spec.count_rows(payload, 1)) == (5, 2)
    assert spec.count_rows(Payload(NPY, b"nothing"), 0) == 1


def test_a_declared_dtype_holds_for_files_too(folder: RequestFolder) -> None:
    spec = InputSpec([Parameter("x", npt.NDArray[np.int8])])
    with pytest.raises(BadInput, match="`x`: a value does not fit into int8"):
        spec.decode(Payload(NPY, saved([300])), folder)


def test_beside_other_parameters_an_array_is_json_only(folder: RequestFolder) -> None:
    spec = InputSpec([Parameter("x", np.ndarray), Parameter("y", int, 1)])
    with pytest.raises(UnsupportedMediaType, match="application/x-npy"):
        spec.decode(Payload(NPY, saved([1])), folder)


def test_an_array_is_answered_as_the_request_was_sent() -> None:
    spec = OutputSpec(np.ndarray)
    assert spec.encode(np.array([1, 2]), Payload(JSON, b"")) == Payload(JSON, b"[1,2]")
    assert spec.encode([1, 2], Payload(NPY, b"")) == Payload(NPY, saved([1, 2]))
    assert spec.other_media_types == (NPY,)
    assert OutputSpec(list[int]).encode([1, 2], Payload(NPY, b"")) == Payload(JSON, b"[1,2]")
