"""`rebuild`: the Bento that a project and a request give; without any work where nothing has changed since.

    the record holds -> that Bento is the latest again
    else             -> build, listening to what it reads -> a new record

Meanwhile the process that describes the service starts: its imports take as long as those of a build, and there are
mostly two processors. What a build needs is therefore imported here when it is known to be needed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import DamagedItem, InvalidDigest, InvalidTag
from ekiben.packager.describing.describer import Describer
from ekiben.packager.git_state import git_state
from ekiben.packager.inputs import Inputs, own_modules, recording, with_sources
from ekiben.packager.rebuilding.record import (
    BuildRecord,
    facts_of,
    keep_record,
    load_record,
    record_place,
    states_of,
)
from ekiben.packager.request import BuildRequest
from ekiben.report import Reporter, Task, logger
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from ekiben.tag import Tag


def rebuild(request: BuildRequest, *, store: Store, reporter: Reporter, is_anew: bool = False) -> Bento:
    """Builds what `request` asks for into `store`, or finds that it stands there: unless `is_anew`.

    What a standing Bento's build warned of is said again. Raises as `ekiben.build` does.
    """
    place = record_place(store.cache, request)
    facts = facts_of(os.environ)
    if not is_anew and (bento := _standing(place, facts, request, store, reporter)):
        reporter.info(f"nothing has changed since {bento.tag} was built")
        return bento
    told = _Listening(reporter)
    began_ns = time.time_ns()
    with Describer.started() as describer:
        from ekiben.packager.build import build_bento

        with recording() as inputs:
            bento = build_bento(request, store=store, reporter=told, describer=describer)
        inputs.add(describer.read, describer.foreign)
    states = _states(inputs, store, began_ns)
    if states is not None:
        git = _git(request.project)
        _keep(place, BuildRecord(facts, states, str(bento.tag), str(bento.digest), git, tuple(told.warnings)))
    return bento


def _standing(
    place: Path, facts: tuple[str, ...], request: BuildRequest, store: Store, reporter: Reporter
) -> Bento | None:
    """The Bento that the record at `place` tells of, made the latest; None where it has to be built."""
    record = load_record(place)
    if record is None:
        return None
    changed = record.changed(facts)
    if changed is None and record.git != _git(request.project):
        changed = "the state of the repository"
    if changed is not None:
        reporter.output(f"built anew since the last build: {changed}")
        return None
    try:
        bento = store.bentos.make_latest(Tag.parse(record.bento), Digest.parse(record.digest))
    except (InvalidTag, InvalidDigest, DamagedItem):  # the last is said in words by a build
        return None
    for message, hint in record.warnings if bento else ():
        reporter.warn(message, hint)
    return bento


def _states(inputs: Inputs, store: Store, began_ns: int) -> dict[str, tuple[int, ...] | None] | None:
    """What the inputs were; None where that cannot be said."""
    if inputs.foreign or store.models.pins is not None:
        return None
    paths = with_sources(inputs.paths | own_modules())
    home, models = f"{store.home}{os.sep}", f"{store.layout.models}{os.sep}"
    # The rest of the store is kept by content, or is what builds write.
    counted = {path for path in paths if not path.startswith(home) or path.startswith(models)}
    return states_of(counted, began_ns)


def _keep(place: Path, record: BuildRecord) -> None:
    try:
        keep_record(place, record)
    except OSError as error:
        logger.debug("the record of this build cannot be kept: %s", error)


def _git(project: Path) -> Mapping[str, object] | None:
    state = git_state(project.absolute())
    return {"revision": state.revision, "is_dirty": state.is_dirty} if state else None


class _Listening:
    """Passes everything on to a reporter, and remembers what was warned of."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.warnings: list[tuple[str, str | None]] = []

    def info(self, message: str) -> None:
        """Passed on."""
        self._reporter.info(message)

    def warn(self, message: str, hint: str | None = None) -> None:
        """Passed on, and remembered."""
        self.warnings.append((message, hint))
        self._reporter.warn(message, hint)

    def output(self, line: str) -> None:
        """Passed on."""
        self._reporter.output(line)

    def task(self, name: str, total: int | None = None) -> AbstractContextManager[Task]:
        """Passed on."""
        return self._reporter.task(name, total)
