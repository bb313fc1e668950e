"""What commands print in: the choices of `--output` and `--progress`, without a word of how they are parsed."""

from __future__ import annotations

from enum import StrEnum


class ListFormat(StrEnum):
    """How a list is printed."""

    table = "table"
    json = "json"
    yaml = "yaml"


class GetFormat(StrEnum):
    """How one item is printed; `path` is the bare path on a line."""

    yaml = "yaml"
    json = "json"
    path = "path"
    tree = "tree"


class BuildFormat(StrEnum):
    """What `build` prints; `tag` is the bare `name:version`, `path` the bare path."""

    tag = "tag"
    path = "path"
    json = "json"


class ProgressFormat(StrEnum):
    """How long work shows itself on stderr."""

    auto = "auto"
    plain = "plain"
    quiet = "quiet"
    json = "json"
