"""`BodyReader`: a JSON body read whole, in one pass. A request's way in, as long as nothing is wrong with it.

It knows no reasons: for a body that it cannot read, the field-by-field way (`input.py`) says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Union

import msgspec

from ekiben.serving.payload.codec import FileCodec, ValueCodec
from ekiben.serving.wire import Body


class BodyReader:
    """Reads the bodies of an API whose parameters are values, none of them a file; `root` is the one that is all."""

    def __init__(self, codecs: Mapping[str, ValueCodec], defaults: Mapping[str, object], root: str | None) -> None:
        self._fields = [(name, f"field_{at}", codec.read_decoded) for at, (name, codec) in enumerate(codecs.items())]
        self._defaults = defaults
        self._root = root
        json_type = _object_type(codecs, defaults) if root is None else codecs[root].json_type
        self._decode: Callable[[Body], Any] = msgspec.json.Decoder(json_type).decode

    def read(self, body: Body) -> dict[str, object] | None:
        """The arguments by name, None for a body that is not as it should be. Raises BadInput for such a value."""
        try:
            found = self._decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        if self._root is not None:
            return {self._root: self._fields[0][2](found, self._root)}
        values: dict[str, object] = {}
        for name, field, read in self._fields:
            value = getattr(found, field)
            values[name] = self._defaults[name] if value is msgspec.UNSET else read(value, name)
        return values


def body_reader(
    codecs: Mapping[str, ValueCodec | FileCodec], defaults: Mapping[str, object], root: str | None
) -> BodyReader | None:
    """The reader of an API with these parameters; None where there is nothing to gain, or a file among them."""
    values = {name: codec for name, codec in codecs.items() if isinstance(codec, ValueCodec)}
    is_text = root is not None and root in values and values[root].json_type is msgspec.Raw
    return BodyReader(values, defaults, root) if values and len(values) == len(codecs) and not is_text else None


def _object_type(codecs: Mapping[str, ValueCodec], defaults: Mapping[str, object]) -> type:
    """A JSON object with these fields and no others; what has a default may be left out."""
    fields: list[Any] = []
    for at, (name, codec) in enumerate(codecs.items()):
        if name in defaults:
            fields.append((f"field_{at}", Union[codec.json_type, msgspec.UnsetType], msgspec.UNSET))  # noqa: UP007
        else:
            fields.append((f"field_{at}", codec.json_type))
    return msgspec.defstruct(
        "Body",
        fields,
        kw_only=True,
        rename={f"field_{at}": name for at, name in enumerate(codecs)},
        forbid_unknown_fields=True,
    )
