"""podman and buildah as a user who is nobody: the whole command runs so, and builds without root."""

from __future__ import annotations

import os
import shutil
import signal
import site
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from ekiben.settings import load_settings
from ekiben.store.local import open_store
from tests.packager.small_bento import save_model, small_bento

pytestmark = pytest.mark.docker

ROOT = Path(__file__).parents[3]
NAME, UID, FIRST_SUBORDINATE = "ekiben-rootless", 61034, 6_103_400_00
PROGRAMS = ("podman", "buildah", "newuidmap", "unshare", "setpriv")
# In a mount namespace of its own: the user is known there alone, and reaches this code, its packages and its Python,
# wherever they are. What is behind it is run as that user, without a capability.
BECOME = """\
set -e
for name in passwd group subuid subgid; do touch /etc/$name; mount --bind "$PLACE/etc/$name" "/etc/$name"; done
mount --bind "$TREE" "$PLACE/tree"
mount --bind "$PACKAGES" "$PLACE/packages"
mount --bind "$PYTHON" "$PLACE/python"
exec setpriv --reuid "$ID" --regid "$ID" --clear-groups env -i "$@"
"""


@dataclass(frozen=True)
class User:
    """Somebody without rights, with a folder of their own that anybody may pass."""

    place: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """What the command says."""
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": f"{self.place}/home",
            "XDG_RUNTIME_DIR": f"{self.place}/run",
            "EKIBEN_HOME": f"{self.place}/home/ekiben",
            "PYTHONPATH": f"{self.place}/tree/src:{self.place}/packages",
            "LD_LIBRARY_PATH": f"{self.place}/python/lib",  # where Python is in a shared library, the right one
            "BUILDAH_ISOLATION": "chroot",
            "PIP_NO_INDEX": "1",
        }
        assigned = [f"{name}={value}" for name, value in variables.items()]
        become = ["unshare", "--mount", "sh", "-c", BECOME, "sh", *assigned, *command]
        environ = {
            "PATH": os.environ["PATH"],
            "PLACE": str(self.place),
            "TREE": str(ROOT),
            "PACKAGES": site.getsitepackages()[0],
            "PYTHON": sys.base_prefix,
            "ID": str(UID),
        }
        return subprocess.run(become, cwd=self.place / "home", env=environ, capture_output=True, text=True, check=False)

    def say(self, *command: str) -> str:
        """What the command prints."""
        done = self.run(*command)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def user(base_image: str) -> Iterator[User]:
    """A user with subordinate ids and a storage that has the base image."""
    if os.geteuid() != 0 or not all(map(shutil.which, PROGRAMS)):
        pytest.skip(f"only root becomes somebody else, with {', '.join(PROGRAMS)}")
    place = Path(tempfile.mkdtemp(prefix="ekiben-rootless-"))
    place.chmod(0o755)
    for name in ("etc", "home", "run", "tree", "packages", "python"):
        (place / name).mkdir()
    for name, line in {"passwd": f"{NAME}:x:{UID}:{UID}::{place}/home:/bin/sh", "group": f"{NAME}:x:{UID}:"}.items():
        (place / "etc" / name).write_text(f"{Path('/etc', name).read_text()}{line}\n")
    for name in ("subuid", "subgid"):
        (place / "etc" / name).write_text(f"{NAME}:{FIRST_SUBORDINATE}:65536\n")
    (place / "home/.config/containers").mkdir(parents=True)
    (place / "home/.config/containers/storage.conf").write_text('[storage]\ndriver = "overlay"\n')
    subprocess.run(["docker", "save", "--output", f"{place}/home/base.tar", base_image], check=True)
    own(place)
    made = User(place)
    made.say("podman", "load", "--quiet", "--input", f"{place}/home/base.tar")
    yield made
    made.run("podman", "unshare", "rm", "-rf", f"{place}/home/.local/share/containers")
    end_processes()
    shutil.rmtree(place)


def own(place: Path) -> None:
    """Gives the user what is below `home` and `run`."""
    for folder in (place / "home", place / "run"):
        for path in (folder, *folder.rglob("*")):
            os.chown(path, UID, UID, follow_symlinks=False)


def end_processes() -> None:
    """Ends what podman leaves running, which keeps the user's namespace."""
    mark = f"\nUid:\t{UID}\t"
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (folder / "status").read_text():
                os.kill(int(folder.name), signal.SIGKILL)


@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_an_image_is_made_without_root(user: User, base_image: str, engine: str) -> None:
    store = open_store(load_settings({"EKIBEN_HOME": f"{user.place}/home/ekiben"}))
    script = f"#!/bin/sh\nid -u > /etc/builder; echo {time.time_ns()} > /etc/made\n"
    keys = {"setup_script": "env/docker/setup_script"}
    bento = small_bento(store, models=[save_model(store, "iris")], setup_script=script, docker_keys=keys)
    own(user.place)
    python = f"{user.place}/python/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    ekiben = [python, "-m", "ekiben.cli", "containerize", str(bento.tag)]
    image = ["--engine", engine, "--base", base_image, "--image-tag", f"ekiben-test/{engine}:rootless"]
    done = user.run(*ekiben, *image)
    assert (done.returncode, done.stdout) == (0, f"ekiben-test/{engine}:rootless\n"), done.stderr
    assert f"{engine} " in done.stderr
    assert ", rootless (" in done.stderr
    container = user.say("buildah", "from", "--pull-never", f"localhost/ekiben-test/{engine}:rootless").strip()
    program = "import os, light, scipy; print(os.getuid(), open('/etc/builder').read(), file=open('/tmp/told', 'w'))"
    user.say("buildah", "run", container, "--", "python", "-c", program)
    (told,) = user.place.glob("home/.local/share/containers/storage/overlay/*/diff/tmp/told")
    assert told.read_text().split() == ["1034", "0"]
    user.say("buildah", "rm", container)
    assert user.say("buildah", "containers", "--quiet") == ""
