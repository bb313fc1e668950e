"""A storage of podman's and buildah's own for tests, and questions to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ekiben.packager.image.engines.engine import BuiltImage


@contextmanager
def storage_with(base_image: str, folder: Path) -> Iterator[Mapping[str, str]]:
    """An environment in which podman and buildah keep everything in `folder`, have the base image of the Docker engine,
    and isolate in a way that works in any container."""
    settings = {"driver": "overlay", "graphroot": f"{folder}/graph", "runroot": f"{folder}/run"}
    conf = folder / "storage.conf"
    conf.write_text("[storage]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items()))
    variables = {**os.environ, "CONTAINERS_STORAGE_CONF": str(conf), "BUILDAH_ISOLATION": "chroot"}
    with subprocess.Popen(["docker", "save", base_image], stdout=subprocess.PIPE) as saved:
        subprocess.run(
            ["podman", "load", "--quiet"], stdin=saved.stdout, env=variables, check=True, capture_output=True
        )
    yield variables
    subprocess.run(["buildah", "rm", "--all"], env=variables, check=True, capture_output=True)
    subprocess.run(["umount", f"{folder}/graph/overlay"], check=False, capture_output=True)
    shutil.rmtree(folder)


def say(environ: Mapping[str, str], *command: str) -> str:
    """What the command prints."""
    return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout


def run_in(environ: Mapping[str, str], image: BuiltImage, *command: str) -> str:
    """What the command prints in a container of the image, run as the image's user: into a file, since a command that
    chroot isolates may lose the end of what it says."""
    container = say(environ, "buildah", "from", "--pull-never", image.id.removeprefix("sha256:")).strip()
    try:
        tree = say(environ, "buildah", "mount", container).strip()
        say(environ, "buildah", "run", container, "--", "sh", "-c", '"$0" "$@" > /tmp/told', *command)
        return Path(tree, "tmp/told").read_text()
    finally:
        say(environ, "buildah", "rm", container)
