"""`Tensor`: a name, a datatype, a shape, and the elements in the form that they came in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from ekiben.errors import BadInput
from ekiben.serving.oip.datatypes import BYTES, number_type
from ekiben.serving.oip.elements import pack, split_blobs, unpack
from ekiben.serving.wire import Body

MAX_RANK = 32  # dimensions: numpy's own limit up to its version 2
MAX_HOLLOW = 65_536  # lists in lists that an empty tensor may stand for: its shape costs nothing to send


class Tensor(msgspec.Struct, frozen=True):
    """Either `raw` bytes or a flat list of `items` is there."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    raw: Body | None = None
    items: Sequence[Any] | None = None

    @property
    def size(self) -> int:
        """How many elements the shape says."""
        return math.prod(self.shape)

    def packed(self) -> Body:
        """The elements as raw bytes. Raises BadInput."""
        return pack(self.datatype, self.items or ()) if self.raw is None else self.raw

    def unpacked(self) -> Sequence[Any]:
        """The elements as Python values. Raises BadInput."""
        return unpack(self.datatype, self.raw or b"") if self.items is None else self.items

    def named(self, name: str) -> Tensor:
        """The same under another name."""
        return msgspec.structs.replace(self, name=name)

    def checked(self) -> Tensor:
        """Itself. Raises BadInput where shape and elements do not agree."""
        if len(self.shape) > MAX_RANK or min(self.shape, default=0) < 0:
            raise BadInput(f"the tensor `{self.name}` has the shape {list(self.shape[:MAX_RANK])}")
        if self.size == 0 and math.prod(filter(None, self.shape)) > MAX_HOLLOW:
            raise BadInput(f"the tensor `{self.name}` is empty, and has the shape {list(self.shape)}")
        if self.raw is None:
            found = len(self.items or ())
        elif self.datatype == BYTES:
            found = len(split_blobs(self.raw))
        else:
            expected = self.size * number_type(self.datatype).size_bytes
            if len(self.raw) != expected:
                what = f"the tensor `{self.name}` of shape {list(self.shape)} has {expected} bytes of {self.datatype}"
                raise BadInput(f"{what}, and {len(self.raw)} were sent")
            return self
        if found != self.size:
            raise BadInput(
                f"the tensor `{self.name}` of shape {list(self.shape)} has {self.size} elements, and {found} were sent"
            )
        return self
