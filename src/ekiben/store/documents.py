"""YAML documents on disk: written the same on every machine, read quickly, and checked key by key.

Written by PyYAML's own emitter, never libyaml's: the two differ in small things, and the bytes are hashed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml

from ekiben.errors import DamagedItem
from ekiben.store.disk import store_error

T = TypeVar("T")

_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NO_WRAPPING = 2**31 - 1  # columns


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def dump_document(content: Mapping[str, object]) -> str:
    """YAML text in the mapping's own order, made of plain values alone."""
    text: str = yaml.dump(
        dict(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=_NO_WRAPPING
    )
    return text


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
        return {name: self.within(key).text(name) for name in self.mapping(key)}

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
    try:
        content = yaml.load(path.read_bytes(), Loader=_LOADER)
    except yaml.YAMLError as error:
        raise DamagedItem(f"`{path}` is no YAML: {' '.join(str(error).split())}") from error
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise store_error(error, path) from error
    if not isinstance(content, dict):
        raise DamagedItem(f"`{path}` holds no mapping")
    return Document(path, content)
