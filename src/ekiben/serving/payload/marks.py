"""`Marks`: what stands in `Annotated[...]` beside a type and says more of the value: shape, dtype, columns, media type.

    Annotated[numpy.ndarray, Shape((-1, 4)), DType("float32")]      arrays and tensors
    Annotated[pandas.DataFrame, DataframeSchema(columns=["a"])]     frames
    Annotated[Path, ContentType("audio/*")]                         files and images; the media type of results

What they ask of a value is the codecs' to say, as BadInput; marks of pydantic's own stay pydantic's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Annotated, Any, get_args, get_origin

from ekiben.errors import BadInput, ServiceError

ANY_SIZE = -1
_UNSAID = ("", "application/octet-stream")
ORIENTATIONS = ("records", "columns")


@dataclass(frozen=True, slots=True)
class ContentType:
    """The media type of a file or a result: `-> Annotated[Iterator[str], ContentType("text/event-stream")]`.

    For an uploaded file it may be a pattern, `image/*`.
    """

    content_type: str


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of an array or tensor; -1 for a dimension of any size."""

    dimensions: tuple[int, ...]

    def __post_init__(self) -> None:
        sizes = tuple(self.dimensions)
        if any(one < ANY_SIZE for one in sizes):
            raise ServiceError(f"`Shape({self.dimensions!r})` is no shape", hint="sizes of dimensions, -1 for any")
        object.__setattr__(self, "dimensions", sizes)

    def fit(self, shape: tuple[int, ...], name: str) -> tuple[int, ...]:
        """`shape`, or what a value of that many dimensions too few or too many is to be reshaped to. Raises BadInput.

        A shape of as many dimensions has to be the one that is asked for: `(4, 2)` is not taken for `(2, 4)`.
        """
        wanted = self.dimensions
        if len(shape) == len(wanted):
            if all(asked in (ANY_SIZE, size) for asked, size in zip(wanted, shape, strict=True)):
                return shape
        elif wanted.count(ANY_SIZE) < 2 and (reshaped := _reshaped(shape, wanted)) is not None:
            return reshaped
        raise BadInput(f"`{name}`: the shape is {shape}, and {wanted} is asked for", hint=_any_size(wanted))


def _reshaped(shape: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...] | None:
    size, asked = 1, 1
    for one in shape:
        size *= one
    for one in wanted:
        asked *= 1 if one == ANY_SIZE else one
    if ANY_SIZE not in wanted:
        return wanted if size == asked else None
    if not asked or size % asked:
        return None
    return tuple(size // asked if one == ANY_SIZE else one for one in wanted)


def _any_size(wanted: tuple[int, ...]) -> str | None:
    return "-1 stands for any size" if ANY_SIZE in wanted else None


@dataclass(frozen=True, slots=True)
class DType:
    """The dtype of an array or tensor, by its name in numpy or torch."""

    dtype: str


@dataclass(frozen=True, slots=True)
class DataframeSchema:
    """How a frame is written (`records` or `columns`), and which columns it has, in this order.

    Columns that are missing are refused, others left out. Where they are named, rows may be lists.
    """

    orient: str = "records"
    columns: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if self.orient not in ORIENTATIONS:
            raise ServiceError(f"`{self.orient}` is no way to write a frame", hint=f"one of {', '.join(ORIENTATIONS)}")
        object.__setattr__(self, "columns", tuple(self.columns) if self.columns else None)


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one annotation."""

    shape: Shape | None = None
    dtype: DType | None = None
    frame: DataframeSchema | None = None
    content_type: ContentType | None = None

    def takes_media_type(self, media_type: str) -> bool:
        """Whether a file that says it is of this type may come; one that says nothing may."""
        if self.content_type is None or media_type in _UNSAID:
            return True
        return fnmatch(media_type.lower(), self.content_type.content_type.lower())

    def check_only(self, annotation: object, *allowed: str) -> None:
        """Raises ServiceError for a mark that means nothing to a type: it would be believed to be held."""
        for name in ("shape", "dtype", "frame", "content_type"):
            mark = getattr(self, name)
            if mark is not None and name not in allowed:
                raise ServiceError(f"`{type(mark).__name__}` says nothing of `{_name_of(annotation)}`")


NO_MARKS = Marks()


def marks_of(annotation: object) -> Marks:
    """The marks in `Annotated[X, ...]`; of two of a kind the last."""
    if get_origin(annotation) is not Annotated:
        return NO_MARKS
    found: dict[str, Any] = {}
    for one in get_args(annotation)[1:]:
        match one:
            case Shape():
                found["shape"] = one
            case DType():
                found["dtype"] = one
            case DataframeSchema():
                found["frame"] = one
            case ContentType():
                found["content_type"] = one
            case _:
                pass
    return Marks(**found) if found else NO_MARKS


def _name_of(annotation: object) -> str:
    return str(getattr(annotation, "__name__", annotation))
