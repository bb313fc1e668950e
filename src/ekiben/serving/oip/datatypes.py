"""The datatypes of tensors, and what each is called elsewhere."""

from __future__ import annotations

import msgspec

from ekiben.errors import BadInput

BYTES, BOOL, FP16, BF16 = "BYTES", "BOOL", "FP16", "BF16"
UNKNOWN = "UNKNOWN"  # in metadata: the annotation does not tell


class Datatype(msgspec.Struct, frozen=True):
    """One kind of numbers. `code` is that of `array` and `memoryview`, empty where they have none."""

    name: str
    size_bytes: int
    code: str
    dtype: str


_NUMBERS = (
    Datatype(BOOL, 1, "", "bool"),
    Datatype("INT8", 1, "b", "int8"),
    Datatype("INT16", 2, "h", "int16"),
    Datatype("INT32", 4, "i", "int32"),
    Datatype("INT64", 8, "q", "int64"),
    Datatype("UINT8", 1, "B", "uint8"),
    Datatype("UINT16", 2, "H", "uint16"),
    Datatype("UINT32", 4, "I", "uint32"),
    Datatype("UINT64", 8, "Q", "uint64"),
    Datatype(FP16, 2, "", "float16"),
    Datatype(BF16, 2, "", "bfloat16"),
    Datatype("FP32", 4, "f", "float32"),
    Datatype("FP64", 8, "d", "float64"),
)
NUMBERS = {one.name: one for one in _NUMBERS}
NAMES = (*NUMBERS, BYTES)
BY_DTYPE = {one.dtype: one.name for one in _NUMBERS}  # numpy's and torch's names -> ours


def number_type(name: str) -> Datatype:
    """The datatype of that name. Raises BadInput for one that the protocol does not have, or that has no numbers."""
    found = NUMBERS.get(name)
    if found is None:
        raise BadInput(f"`{name[:40]}` is no datatype of numbers", hint=f"the datatypes are {', '.join(NAMES)}")
    return found
