"""list, get and delete: written once for Bentos and models, which are kept on shelves of the same shape."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from ekiben.cli.formats import GetFormat, ListFormat
from ekiben.cli.output import print_json, print_tree, print_yaml
from ekiben.errors import Interrupted, NotFound, StoreError, UsageError
from ekiben.report import Reporter, logger
from ekiben.store.summaries import Summary
from ekiben.tag import Tag


class Item(Protocol):
    """A model or a Bento, as these commands see it."""

    @property
    def tag(self) -> Tag:
        """Its exact tag."""

    @property
    def path(self) -> Path:
        """Its folder in the store."""

    @property
    def size_bytes(self) -> int:
        """What its files take."""

    @property
    def created(self) -> datetime:
        """When it was made."""

    def to_dict(self) -> Mapping[str, object]:
        """Its manifest, with what is added when read: tag, digest, time, size, path."""

    def to_row(self, summary: Summary) -> Mapping[str, object]:
        """What a list tells of it."""


ItemT_co = TypeVar("ItemT_co", bound=Item, covariant=True)


class Shelf(Protocol[ItemT_co]):
    """Where items of one kind are."""

    def get(self, tag: str | Tag) -> ItemT_co:
        """The item that a tag, a name or a unique version prefix means."""

    def resolve(self, tag: str | Tag) -> Tag:
        """The exact tag of the same, without reading the item."""

    def tags(self, name: str) -> Sequence[Tag]:
        """The exact tags of `name`, damaged items too."""

    def list(self, tag: str | Tag | None = None) -> Sequence[ItemT_co]:
        """Every item (that the tag may mean), newest first."""

    def summaries(self, tags: Sequence[Tag]) -> Iterable[Summary | StoreError | NotFound]:
        """What lists tell of the manifests of exact tags, or what is wrong with one."""

    def delete(self, tag: str | Tag, force: bool = False) -> Tag:
        """Removes one version, which is named whole, and gives its tag."""


def print_items(shelf: Shelf[ItemT_co], name: str | None, output: ListFormat) -> None:
    """Prints the items of a shelf for programs, newest first."""
    gc.disable()  # thousands of values and no cycle: looking for one takes a third of the time
    shown = _shown(shelf, shelf.list(name))
    print_yaml(shown) if output is ListFormat.yaml else print_json(shown)


def _shown(shelf: Shelf[ItemT_co], items: Sequence[ItemT_co]) -> list[Mapping[str, object]]:
    """What is told of each item; one whose manifest cannot be read is left out with a warning."""
    shown = []
    for item, summary in zip(items, shelf.summaries([item.tag for item in items]), strict=True):
        if isinstance(summary, Exception):
            logger.warning("`%s` is left out: %s", item.tag, summary)
        else:
            shown.append(item.to_row(summary))
    return shown


def get_item(shelf: Shelf[Item], tag: str, output: GetFormat) -> None:
    """Prints one item as YAML, JSON, its bare path or a tree of its files."""
    item = shelf.get(tag)
    match output:
        case GetFormat.yaml:
            print_yaml(item.to_dict())
        case GetFormat.json:
            print_json(item.to_dict())
        case GetFormat.path:
            print(item.path)
        case GetFormat.tree:
            print_tree(item.path)


def delete_items(shelf: Shelf[Item], targets: Sequence[str], *, yes: bool, force: bool, reporter: Reporter) -> None:
    """Deletes the items that the targets mean, after asking on a terminal; without one, `--yes` is needed.

    A target is an exact `name:version`, `name:latest`, or a bare name for every version of it; commas separate targets,
    too. Nothing is deleted unless every target is there.
    """
    tags = [tag for target in ",".join(targets).split(",") if target for tag in _tags_of(shelf, target)]
    if not yes:
        confirm_deletion(tags)
    for tag in dict.fromkeys(tags):
        shelf.delete(tag, force=force)
        reporter.info(f"deleted {tag}")


def _tags_of(shelf: Shelf[Item], target: str) -> list[Tag]:
    tag = Tag.parse(target)
    if ":" not in target:
        return [*shelf.tags(tag.name)] or [shelf.resolve(tag)]
    found = shelf.resolve(tag)
    if tag.version not in (None, found.version):
        raise NotFound(f"`{tag}` is not there", hint=f"deleting takes the whole version; did you mean `{found}`?")
    return [found]


def confirm_deletion(tags: Sequence[object]) -> None:
    """Asks on a terminal. Raises UsageError where there is none, Interrupted after a no."""
    import typer

    if not sys.stdin.isatty():
        raise UsageError("deleting asks first, and there is no terminal to ask on", hint="pass --yes")
    names = "\n".join(f"  {tag}" for tag in tags)
    if not typer.confirm(f"delete {len(tags)} version(s)?\n{names}\n", err=True):
        raise Interrupted("nothing deleted")
