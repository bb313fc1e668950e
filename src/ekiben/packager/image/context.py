"""The build context: what the Containerfile copies and mounts, laid out in a folder by hard links.

    Containerfile
    bento/                           bento.yaml, README.md, src/, apis/
    models/<name>/<version>/         a layer each, its files below in app/models/<name>/<version>/
    more-models/                     one layer for the models beyond the budget
    python/<group>/requirements.txt  the group's pins with their hashes
    python/<group>/wheels/           wheels that no index has: the Bento's own, and those found on this machine
    setup/setup_script
    setup/build-env                  what RUN instructions read first: variables for the build alone
    conda/environment.yml            what conda installs

Models are never copied unless the folder is on another file system than the store. Modes do not depend on the umask, as
the engine's cache does on modes. A link in the source is refused: it would bring in files that nobody selected.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from ekiben.digest import Digest
from ekiben.errors import DamagedItem, ImageError
from ekiben.packager.image.build_env import build_env_script
from ekiben.packager.image.containerfile import containerfile
from ekiben.packager.image.plan import ImagePlan
from ekiben.packager.image.wheel_groups import RUNTIME
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage, format_lock
from ekiben.packager.parts import APIS, ENVIRONMENT, README, SETUP_SCRIPT, SOURCE, WHEELS
from ekiben.store.bento_manifest import BENTO_MANIFEST
from ekiben.store.receipt import RECEIPT
from ekiben.store.sums import SIGNATURES
from ekiben.tag import Tag

CONTAINERFILE = "Containerfile"
BENTO_PARTS = (BENTO_MANIFEST, README, SOURCE, APIS)  # SHA256SUMS stays: it lists what an image does not carry
_FOLDER_TIME_S = 315_532_801  # 1980-01-01T00:00:01Z, as buildpacks have it: some tools read no earlier time
# What link(2) says where a copy would do: another file system, one without links, a stranger's file, too many links.
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK}


@dataclass(frozen=True, slots=True)
class ContextSources:
    """Where the files of a plan are: the Bento's folder, each model's folder, wheels found outside of the Bento."""

    bento: Path
    models: Mapping[Tag, Path]
    local_wheels: tuple[Path, ...] = ()


def stage_context(plan: ImagePlan, sources: ContextSources, destination: Path) -> Path:
    """Lays the context out in `destination`, an empty folder, and returns the Containerfile's path.

    Raises ImageError or DamagedItem where a file of the plan is missing.
    """
    _stage_bento(sources.bento, destination / "bento")
    for tag in plan.own_layer_models:
        _stage_model(sources.models[tag], tag, destination / "models" / tag.name / str(tag.version))
    for tag in plan.shared_layer_models:
        _stage_model(sources.models[tag], tag, destination / "more-models")
    _stage_wheels(plan, sources, _folder(destination / "python"))
    if plan.has_setup_script:
        _stage_setup_script(sources.bento / SETUP_SCRIPT, _folder(destination / "setup"))
    if plan.has_build_env:
        _write(_folder(destination / "setup") / "build-env", build_env_script(plan))
    if plan.has_conda:
        environment = _present(sources.bento / ENVIRONMENT)
        _link(environment, _folder(destination / "conda") / environment.name)
    return _write(destination / CONTAINERFILE, containerfile(plan))


def _stage_bento(bento: Path, destination: Path) -> None:
    _folder(destination)
    for name in BENTO_PARTS:
        source = bento / name
        if source.is_dir():
            _link_tree(source, destination / name)
        elif source.is_file():
            _link(source, destination / name)
    _folder(destination / SOURCE)


def _stage_wheels(plan: ImagePlan, sources: ContextSources, destination: Path) -> None:
    runtime = sources.bento / WHEELS / plan.runtime_wheel
    if not runtime.is_file():
        raise DamagedItem(f"`{runtime}`, the server, is missing", hint="build the Bento again")
    own = [path for path in sorted((sources.bento / WHEELS).glob("*.whl")) if path != runtime]
    wheels = _by_name([*sources.local_wheels, *own])
    for group in plan.groups:
        found = [path for package in group.packages for path in wheels.get(package.name, ())]
        text = format_lock(group.packages) if plan.open_requirements is None else plan.open_requirements
        _stage_group(destination / group.name, text, found if plan.open_requirements is None else own)
    name, version, _, _ = parse_wheel_filename(plan.runtime_wheel)
    pin = LockedPackage(name, str(version), (LockedFile(runtime.name, str(Digest.of_file(runtime))),))
    _stage_group(destination / RUNTIME, format_lock([pin]), [runtime])


def _stage_group(folder: Path, requirements: str, wheels: Iterable[Path]) -> None:
    _folder(folder)
    _write(folder / "requirements.txt", requirements)
    _folder(folder / "wheels")
    for wheel in wheels:
        _link(wheel, folder / "wheels" / wheel.name)


def _by_name(wheels: Iterable[Path]) -> dict[str, list[Path]]:
    """The wheels by the name of their package, one path a file name: a Bento's own wins over one found elsewhere."""
    unique = {path.name: path for path in wheels}
    grouped: dict[str, list[Path]] = {}
    for file_name, path in sorted(unique.items()):
        grouped.setdefault(canonicalize_name(file_name.split("-")[0]), []).append(path)
    return grouped


def _stage_setup_script(script: Path, destination: Path) -> None:
    """A copy, not a link: its mode becomes 0755, and the store's file keeps its own."""
    _write(destination / script.name, _present(script).read_bytes()).chmod(0o755)


def _present(path: Path) -> Path:
    if not path.is_file():
        raise DamagedItem(f"`{path}` is missing", hint="build the Bento again")
    return path


def _stage_model(source: Path, tag: Tag, layer: Path) -> None:
    """The model as a layer that every build makes the same: without receipt and signatures, its folders at one time."""
    folder = layer / "app/models" / tag.name / str(tag.version)
    _link_tree(source, folder)
    (folder / RECEIPT).unlink(missing_ok=True)
    if (folder / SIGNATURES).is_dir():
        shutil.rmtree(folder / SIGNATURES)
    for root, _, _ in os.walk(layer):
        os.utime(root, (_FOLDER_TIME_S, _FOLDER_TIME_S))


def _link_tree(source: Path, destination: Path) -> None:
    _folder(destination)
    with os.scandir(source) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            path, target = Path(entry.path), destination / entry.name
            if entry.is_symlink() or not (entry.is_dir() or entry.is_file()):
                raise ImageError(f"`{path}` is a link or a device, which no image gets", hint="build or save it again")
            if entry.is_dir():
                _link_tree(path, target)
            else:
                _link(path, target)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        shutil.copy2(source, target)


def _write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(0o644)
    return path


def _folder(path: Path) -> Path:
    """The folder and those above it that are missing, each with mode 0755."""
    if not path.is_dir():
        _folder(path.parent)
        path.mkdir()
        path.chmod(0o755)
    return path
