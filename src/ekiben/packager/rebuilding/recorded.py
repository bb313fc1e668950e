"""`build_recorded`: a build that is listened to, so that the next one can tell whether it would give anything else."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager

from ekiben.packager.build import build_bento
from ekiben.packager.describing.describer import Describer
from ekiben.packager.inputs import Inputs, State, module_files, recording, state_of
from ekiben.packager.rebuilding.record import BuildRecord, facts_of, keep_record, record_place, settled
from ekiben.packager.rebuilding.standing import git_facts
from ekiben.packager.request import BuildRequest
from ekiben.report import BYTES, Reporter, Task, logger
from ekiben.store.bentos import Bento
from ekiben.store.local import Store


def build_recorded(request: BuildRequest, *, store: Store, reporter: Reporter, describer: Describer) -> Bento:
    """Builds what `request` asks for into `store`, and keeps a record where what it read can be told. Raises as
    `ekiben.build` does; a record that cannot be kept is no error."""
    facts, told = facts_of(os.environ), _Listening(reporter)
    with recording() as inputs:
        bento = build_bento(request, store=store, reporter=told, describer=describer)
    inputs.add(describer.read, describer.foreign)
    states = _states(inputs, describer, store)
    if states is not None:
        git = git_facts(request.project)
        record = BuildRecord(facts, states, str(bento.tag), str(bento.digest), git, tuple(told.warnings))
        try:
            keep_record(record_place(store.cache, request), record)
        except OSError as error:
            logger.debug("the record of this build cannot be kept: %s", error)
    return bento


def _states(inputs: Inputs, describer: Describer, store: Store) -> dict[str, State] | None:
    """What the inputs were; None where that cannot be told. Of the store only models count: the rest is kept by
    content, or is what builds write."""
    if inputs.foreign or store.models.pins is not None:
        return None
    states = {path: state_of(path) for path in module_files(inputs.states)} | inputs.states
    models = f"{store.layout.models}{os.sep}"
    own = (f"{store.home}{os.sep}", f"{describer.folder}{os.sep}")
    counted = {
        path: state
        for path, state in states.items()
        if path.startswith(models) or not f"{path}{os.sep}".startswith(own)
    }
    return settled(counted, describer.began_ns)


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

    def task(self, name: str, total: int | None = None, unit: str = BYTES) -> AbstractContextManager[Task]:
        """Passed on."""
        return self._reporter.task(name, total, unit)
