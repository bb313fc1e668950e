"""YAML documents on disk: written the same on every machine, read quickly, and checked key by key.

Written by PyYAML's own emitter, never libyaml's: the two differ in small things, and the bytes are hashed. The only
module of the store that touches YAML; it imports it when a document is read or written, and a list does neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ekiben.errors import DamagedItem
from ekiben.store.disk import store_error

if TYPE_CHECKING:
    import yaml

T = TypeVar("T")

MAX_BYTES = 16 * 1024 * 1024  # of a document: a thousand times what the largest manifest needs
_MAX_DEPTH = 200  # of lists in mappings in lists; libyaml's loader recurses in C, and a deeper one ends the process
_SURELY_FLAT = 1000  # characters: what is no longer than this cannot nest so deeply that it would harm
_NO_WRAPPING = 2**31 - 1  # columns
# What PyYAML lets out, beside its own errors, where text belies its tag: `!!int ""`, `!!bool x`, dates that are none.
_FALSE_TAGS = (ValueError, LookupError, AttributeError, TypeError, OverflowError, RecursionError)
_ODD_BREAKS = frozenset("\r\x85\u2028\u2029")


def dump_document(content: Mapping[str, object]) -> bytes:
    """YAML in UTF-8, in the mapping's own order. `content` is made of plain values alone."""
    return yaml_text(dict(content)).encode()


def yaml_text(value: object) -> str:
    """A plain value as YAML: no line is wrapped, nothing is an alias of something else."""
    import yaml

    text: str = yaml.dump(
        value,
        Dumper=_dumper(),
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=_NO_WRAPPING,
    )
    return text


@cache
def _dumper() -> type[yaml.SafeDumper]:
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True  # an anchor would tell which values were one object, which is no content

    Dumper.add_representer(
        str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style_of(text))
    )
    return Dumper


def _style_of(text: str) -> str | None:
    """Double quotes where YAML knows line breaks that PyYAML loses in every other style; a block for lines to read."""
    if not _ODD_BREAKS.isdisjoint(text):
        return '"'
    return "|" if "\n" in text else None


@dataclass(frozen=True, slots=True)
class Document:
    """A mapping read from `path`; every accessor raises DamagedItem naming file and key when the type is not right."""

    path: Path
    content: Mapping[str, object]

    def text(self, key: str, default: str | None = None) -> str:
        """The string at `key`."""
        return self._typed(key, str, default)

    def number(self, key: str, default: int | None = None) -> int:
        """The integer at `key`."""
        return self._typed(key, int, default)

    def mapping(self, key: str) -> dict[str, object]:
        """The mapping at `key`, empty where there is none."""
        return self._typed(key, dict, {})

    def texts(self, key: str) -> dict[str, str]:
        """The mapping of strings at `key`."""
        within = self.within(key)
        return {name: within.text(name) for name in within.content}

    def rows(self, key: str) -> list[object]:
        """The list at `key`, empty where there is none."""
        return self._typed(key, list, [])

    def within(self, key: str) -> Document:
        """The mapping at `key` as a document."""
        return Document(self.path, self.mapping(key))

    def each(self, key: str) -> list[Document]:
        """The list of mappings at `key`, each as a document."""
        documents = [Document(self.path, row) for row in self.rows(key) if isinstance(row, dict)]
        if len(documents) != len(self.rows(key)):
            raise self._damage(key)
        return documents

    def _typed(self, key: str, kind: type[T], default: T | None) -> T:
        value = self.content.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, kind):
            raise self._damage(key)
        return value

    def _damage(self, key: str) -> DamagedItem:
        state = "has another type than it should" if key in self.content else "is missing"
        return DamagedItem(f"`{key}` in `{self.path}` {state}")


def read_document(path: Path) -> Document:
    """The document at `path`. Raises DamagedItem where it is no YAML mapping, FileNotFoundError."""
    return parse_document(path, read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """What a small file holds. Raises DamagedItem, StoreError, FileNotFoundError, NotADirectoryError."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except IsADirectoryError as error:
        raise DamagedItem(f"`{path}` is a folder and should be a file") from error
    except OSError as error:
        raise store_error(error, path) from error
    if len(content) > MAX_BYTES:
        raise DamagedItem(f"`{path}` is larger than {MAX_BYTES} bytes")
    return content


def parse_document(path: Path, content: bytes) -> Document:
    """The document whose bytes were read from `path`."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = content.decode()
        _refuse_what_we_never_write(path, text, loader)
        mapping = yaml.load(text, Loader=loader)
    except (yaml.YAMLError, *_FALSE_TAGS) as error:
        raise DamagedItem(f"`{path}` is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(mapping, dict):
        raise DamagedItem(f"`{path}` holds no mapping")
    return Document(path, mapping)


def _refuse_what_we_never_write(path: Path, text: str, loader: type[yaml.SafeLoader]) -> None:
    """Walks the events, which recurses nowhere: depth ends the process, and an alias of aliases its memory."""
    import yaml

    if len(text) <= _SURELY_FLAT and "*" not in text:
        return
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise DamagedItem(f"`{path}` nests more than {_MAX_DEPTH} levels deep")
        if isinstance(event, yaml.AliasEvent):
            raise DamagedItem(f"`{path}` has the alias `*{event.anchor}`, which no manifest has")
