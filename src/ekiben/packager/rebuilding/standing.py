"""`standing_bento`: the Bento of the last build of a project, where nothing has changed since. Imports next to nothing,
so that this answer takes no longer than `ekiben list`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import DamagedItem, InvalidDigest, InvalidTag
from ekiben.packager.git_state import git_state
from ekiben.packager.rebuilding.record import BuildRecord, facts_of, load_record, record_place
from ekiben.packager.request import BuildRequest
from ekiben.report import Reporter
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from ekiben.tag import Tag


def standing_bento(request: BuildRequest, *, store: Store, reporter: Reporter) -> Bento | None:
    """The Bento that a build of `request` would give, made the latest of its name; None where it has to be built.

    What its build warned of is said again.
    """
    record = load_record(record_place(store.cache, request))
    if record is None:
        return None
    changed = _changed(record, request)
    if changed is not None:
        reporter.output(f"changed since the last build: {changed}")
        return None
    try:
        bento = store.bentos.make_latest(Tag.parse(record.bento), Digest.parse(record.digest))
    except (InvalidTag, InvalidDigest, DamagedItem):  # the last is said in words by a build
        return None
    if bento is None:
        reporter.output(f"{record.bento} is no longer in the store")
        return None
    for message, hint in record.warnings:
        reporter.warn(message, hint)
    reporter.info(f"nothing has changed since {bento.tag} was built")
    return bento


def _changed(record: BuildRecord, request: BuildRequest) -> str | None:
    """What is no longer as it was, in words; git last, which looks at every file of a repository."""
    changed = record.changed(facts_of(os.environ))
    if changed is None and record.git != git_facts(request.project):
        return "where the project stands in git"
    return changed


def git_facts(project: Path) -> Mapping[str, object] | None:
    """Where `project` stands in git, as a record has it."""
    state = git_state(project.absolute())
    return {"revision": state.revision, "is_dirty": state.is_dirty} if state else None
