"""`load`: a service as an object, found as `ekiben serve` finds it, for scripts and notebooks."""

from __future__ import annotations

from pathlib import Path

from ekiben.serving.declare.graph import member_of
from ekiben.serving.declare.service import Service
from ekiben.serving.importing import import_service
from ekiben.serving.interpreter import load_bento
from ekiben.serving.target import Target, bento_target, project_target
from ekiben.store.bento_manifest import BENTO_MANIFEST
from ekiben.store.bentos import Bento
from ekiben.store.local import default_store
from ekiben.tag import Tag


def load(bento_identifier: str | Tag | Bento | Path, working_dir: str | Path | None = None) -> Service:
    """The service of a Bento (tag, folder, or itself), or of `module:Class` in `working_dir`, by default this folder.

    Of a Bento it becomes the loaded one of this process: models are looked up in its list from now on. Raises
    BentoNotFound, PathNotFound, DescriptionError.
    """
    target = _target_of(bento_identifier, Path(working_dir) if working_dir is not None else Path.cwd())
    if target.bento is not None:
        load_bento(str(target.bento))
    service = import_service(target.service, target.root)
    return service if target.member is None else member_of(service, target.member)


def _target_of(wanted: str | Tag | Bento | Path, folder: Path) -> Target:
    if isinstance(wanted, Bento):
        return bento_target(wanted.path)
    path = Path(str(wanted))
    if isinstance(wanted, Path) or (path / BENTO_MANIFEST).is_file():
        return bento_target(path)
    module = Path(*str(wanted).partition(":")[0].split("."))
    if any((root / file).is_file() for root in (folder, folder / "src") for file in _files_of(module)):
        return project_target(str(wanted), folder)
    return bento_target(default_store().bentos.get(str(wanted)).path)


def _files_of(module: Path) -> tuple[Path, Path]:
    return module.with_suffix(".py"), module / "__init__.py"
