"""`select_source`: the files of a project that its Bento holds, by its bentofile."""

from __future__ import annotations

from pathlib import Path

from ekiben.packager.bentofile.bentofile import Bentofile
from ekiben.packager.lock.bento_lock import PATTERNS as LOCK_PATTERNS
from ekiben.packager.selection.selection import Selection, select_files
from ekiben.packager.selection.wildmatch import pattern_of_folder


def select_source(bentofile: Bentofile, home: Path) -> Selection:
    """The files that go in. The bento.lock stays out, which names hosts, and so does the store at `home` where it lies
    in the project. Raises SelectionError."""
    project, store = bentofile.project.resolve(), home.resolve()
    own = (pattern_of_folder(store.relative_to(project)),) if project in store.parents else ()
    return select_files(bentofile.project, bentofile.include, (*bentofile.exclude, *LOCK_PATTERNS, *own))
