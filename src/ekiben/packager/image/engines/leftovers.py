"""Working containers that podman and buildah keep where a build is ended: found and removed.

They have one for each stage, with a mount, and remove them only where they get to the end of the build themselves.
Whose a container is, its configuration tells (`buildah.json` in the storage): it names the secrets that it was given,
and each build has its own in its scratch folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ekiben.packager.asking import output_of
from ekiben.packager.image.engines.podman_cli import Podman, ProgramName
from ekiben.packager.image.mounts import PIP_CONF_SECRET

_OURS = re.compile(rf"id={PIP_CONF_SECRET},src=(?P<path>.+)")
_REMOVE: Mapping[ProgramName, tuple[str, ...]] = {"podman": ("rm", "--force"), "buildah": ("rm",)}
_REMOVING_S = 60.0


def remove_leftovers(program: Podman, scratch: Path, environ: Mapping[str, str]) -> None:
    """Removes the containers of the build whose scratch folder this is, and those of the same store's builds whose
    folders are gone: whoever made them was killed."""
    left = [name for name, folder in _working_containers(program.containers) if is_leftover(folder, scratch)]
    if left:
        output_of([str(program.path), *_REMOVE[program.name], *left], environ, timeout_s=_REMOVING_S)


def is_leftover(folder: Path, scratch: Path) -> bool:
    """Whether a container of the build in `folder` is of no more use when the one in `scratch` has ended. Both are
    `tmp/<writer>/<folder>` of a store (`store.staging`): another's may be one that only its own machine sees."""
    is_of_this_store = folder.parent.parent == scratch.parent.parent
    return folder == scratch or (is_of_this_store and not folder.exists())


def _working_containers(storage: Path) -> Iterator[tuple[str, Path]]:
    """The containers of builds of ours, each with the scratch folder of its build."""
    for path in sorted(storage.glob("*/userdata/buildah.json")):
        try:
            secrets = json.loads(path.read_bytes())["CommonBuildOpts"]["Secrets"]
        except (OSError, ValueError, TypeError, LookupError):  # gone meanwhile, or of a version that keeps it otherwise
            continue
        for found in filter(None, map(_OURS.fullmatch, secrets or ())):
            yield path.parent.parent.name, Path(found["path"]).parent
