"""`list`, `get` and `delete` of what is at a remote. Written once for Bentos and models."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ekiben.cli.formats import GetFormat, ListFormat
from ekiben.cli.items import confirm_deletion
from ekiben.cli.output import print_json, print_rows, print_yaml, size_text, time_text
from ekiben.cli.state import State
from ekiben.errors import UsageError
from ekiben.tag import Tag

if TYPE_CHECKING:
    from ekiben.store.archive.formats import ItemKind
    from ekiben.store.remote.documents import Documents
    from ekiben.store.remote.remotes import Remotes


def remotes_of(state: State, kind: ItemKind) -> Remotes:
    """The remotes of this run."""
    from ekiben.store.remote.opening import remotes_for

    return remotes_for(kind, state.settings, os.environ)


def refuse_place(name: str | None) -> None:
    """Raises UsageError where a remote stands in the place of a name."""
    if name and "/" in name:
        raise UsageError(f"`{name}` is no name", hint=f"list what is at a remote with `--from {name}`")


def list_remote_items(state: State, kind: ItemKind, name: str | None, told: str | None, output: ListFormat) -> None:
    """Prints what is at a remote, newest first."""
    from ekiben.store.archive.formats import MODEL
    from ekiben.store.remote.listing import list_remote
    from ekiben.store.remote.showing import to_row

    refuse_place(name)
    remotes = remotes_of(state, kind)
    place, asked = remotes.place(told, "--from"), None if name is None else Tag.parse(name)
    found = list_remote(remotes.open(place), place, kind, asked, state.reporter)
    columns = ("Tag", "Module", "Size", "Created") if kind is MODEL else ("Tag", "Size", "Created")
    shown = [] if output is ListFormat.table else [to_row(one) for one in found]
    print_rows(output, shown, columns, [_cells(one, with_module=kind is MODEL) for one in found])


def get_remote_item(state: State, kind: ItemKind, ref: str, told: str | None, output: GetFormat) -> None:
    """Prints what the documents of one item tell."""
    from ekiben.store.remote.documents import read_documents, require_standing
    from ekiben.store.remote.showing import to_dict

    if output in (GetFormat.path, GetFormat.tree):
        raise UsageError(f"an item at a remote has no {output}", hint=f"pull it first: `{ref}`")
    remotes = remotes_of(state, kind)
    target = remotes.target(ref, told, "--from")
    store = remotes.open(target.place)
    shown = to_dict(read_documents(store, require_standing(store, target, kind), kind))
    print_yaml(shown) if output is GetFormat.yaml else print_json(shown)


def delete_remote_items(state: State, kind: ItemKind, targets: Sequence[str], told: str | None, *, yes: bool) -> None:
    """Deletes at a remote what the targets mean, after asking as for the store's."""
    from ekiben.store.remote.deleting import delete_version, find_versions
    from ekiben.store.remote.remotes import is_reference

    remotes = remotes_of(state, kind)
    found = []
    for text in filter(None, ",".join(targets).split(",")):
        where, _, name = text.rpartition("/") if is_reference(text) else (told, "", text)
        place = remotes.place(where, "--from")
        found += find_versions(remotes.open(place), place, kind, name)
    if not yes:
        confirm_deletion(found)
    for target in dict.fromkeys(found):
        delete_version(remotes.open(target.place), target, kind)
        state.reporter.info(f"deleted {target}")


def _cells(found: Documents, *, with_module: bool) -> tuple[str, ...]:
    from ekiben.store.remote.showing import module_of, size_of, tag_of

    facts = found.standing.facts
    module = (module_of(found),) if with_module else ()
    created = time_text(facts.created) if facts else ""
    return (str(tag_of(found)), *module, size_text(size_of(found)), created)
