"""`Draft`: a Bento while it is being built. Every step of the build takes one and gives one that knows more.

`Workplace` is what the steps work with. Values only: the steps are in `steps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ekiben.packager.bentofile.bentofile import Bentofile
from ekiben.packager.describing.describer import Describer
from ekiben.packager.describing.description import Description
from ekiben.packager.lock.bento_lock import BentoLock
from ekiben.packager.lock.request import Lock
from ekiben.packager.models import PinnedModels
from ekiben.packager.request import BuildRequest
from ekiben.packager.selection.selection import Selection
from ekiben.packager.selection.staging import StagedSource
from ekiben.report import Reporter
from ekiben.store.local import Store

DEFAULT_PLATFORM = "linux/amd64"  # where most images run, whatever machine builds them
NOTHING_SELECTED = Selection(())
NOTHING_STAGED = StagedSource(Path(), {})
NOTHING_DESCRIBED = Description("", (), (), {}, {})
NO_MODELS = PinnedModels()


@dataclass(frozen=True, slots=True)
class Workplace:
    """`folder` becomes the Bento: empty, on the store's file system, gone at the end whatever happens.
    `describer` waits for the service."""

    folder: Path
    store: Store
    reporter: Reporter
    describer: Describer


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known so far. `python` and `platforms` are the image's, the first platform the one that its Containerfile
    is for; `committed` is the project's bento.lock; `locks` has one for each platform in that order, none before the
    step or without `python.lock_packages`; `base_image` is the one that they are for, where its digest is known; a base
    without Python gets that of `python_image`, or the package `python_package`. `service` is the import
    string to describe; `files` are the files beside `src/`, by path in the Bento, `executables` the paths of those that
    may be run."""

    request: BuildRequest
    bentofile: Bentofile
    service: str
    python: str
    platforms: tuple[str, ...] = (DEFAULT_PLATFORM,)
    selection: Selection = NOTHING_SELECTED
    source: StagedSource = NOTHING_STAGED
    description: Description = NOTHING_DESCRIBED
    name: str = ""
    models: PinnedModels = NO_MODELS
    committed: BentoLock | None = None
    locks: tuple[Lock, ...] = ()
    base_image: str | None = None
    python_image: str | None = None
    python_package: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    executables: tuple[str, ...] = ()

    @property
    def platform(self) -> str:
        """The first platform."""
        return self.platforms[0]

    @property
    def lock(self) -> Lock | None:
        """The lock of the first platform."""
        return self.locks[0] if self.locks else None

    @property
    def arguments(self) -> dict[str, object]:
        """What the service gets by `use_arguments`, in the order of their names."""
        return dict(sorted({**self.bentofile.args, **self.request.args}.items()))

    @property
    def minor_python(self) -> str:
        """The image's Python as locks know it: `3.11`."""
        return ".".join(self.python.split(".")[:2])

    def with_file(self, path: str, content: str | bytes, *, is_executable: bool = False) -> Draft:
        """The same with one more file beside `src/`."""
        data = content.encode() if isinstance(content, str) else content
        executables = (*self.executables, path) if is_executable else self.executables
        return replace(self, files={**self.files, path: data}, executables=executables)
