"""A remote that is somebody's who means harm: whatever it sends is refused, and nothing changes but staging."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ekiben.cli.app import app
from ekiben.digest import Digest
from ekiben.errors import EkibenError
from ekiben.report import SilentReporter
from ekiben.store.remote.pulling import PullRequest, pull_bento, pull_model
from ekiben.store.remote.remotes import Remotes
from ekiben.store.upkeep.fsck import check_store
from tests.oci.registry.odd_registry import OddRegistry, serving
from tests.oci.registry.talking import registry_at
from tests.store.making import build, entry
from tests.store.remote.system.command import Command, save_model
from tests.store.remote.system.forgeries import BENTO_FORGERIES, FORGERIES, LARGE_BYTES
from tests.store.remote.system.forging import Forged

BENTO = "kiosk"


def registry() -> OddRegistry:
    """In which anything can be put."""
    return OddRegistry(manifest_headers={"Content-Type": "application/vnd.oci.image.manifest.v1+json"})


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a registry had after a good push, and a store that has something to lose."""

    manifests: dict[str, bytes]
    bento: bytes
    blobs: dict[str, bytes]
    digest: Digest
    keeper: Path


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Pushed:
    """A Bento with its model, and the model."""
    folder = tmp_path_factory.mktemp("pushed")
    pusher, keeper = Command(folder / "pusher"), Command(folder / "keeper")
    model = save_model(pusher.store, "iris", (LARGE_BYTES,))
    build(pusher.store, BENTO, models=[entry(model)])
    save_model(keeper.store, "kept", (100_000,))
    with serving(registry()) as odd:
        push(pusher, odd.host, "push", BENTO)
        bento = odd.manifests["latest"]
        odd.manifests.clear()  # which are those of every repository
        push(pusher, odd.host, "models", "push", "iris")
    return Pushed(odd.manifests, bento, odd.blobs, model.digest, keeper.home)


@pytest.fixture
def odd(pushed: Pushed) -> Iterator[OddRegistry]:
    """A registry that has the model, and the blobs of both."""
    one = registry()
    one.manifests, one.blobs = dict(pushed.manifests), dict(pushed.blobs)
    with serving(one):
        yield one


@pytest.fixture
def keeper(pushed: Pushed, tmp_path: Path) -> Command:
    """A store that has something to lose."""
    shutil.copytree(pushed.keeper, tmp_path / "keeper", copy_function=shutil.copy2)
    return Command(tmp_path / "keeper")


def push(command: Command, host: str, *arguments: str) -> None:
    """By the command line, within this process."""
    result = CliRunner().invoke(app, [*arguments, "--to", host], env={**command.environ})
    assert result.exit_code == 0, result.exception


def pull(command: Command, host: str, name: str) -> object:
    """What `ekiben models pull` or `ekiben pull` does, with less patience."""
    remotes = Remotes(registry_at, None)
    request = PullRequest(remotes.target(f"{host}/{name}", None, "--from"))
    pull_one = pull_bento if name == BENTO else pull_model
    return pull_one(request, remotes=remotes, store=command.store, reporter=SilentReporter())


def state_of(command: Command, around: Path) -> dict[str, int]:
    """All that is in the store or beside it, but for its cache and locks: what there is, and when it was changed."""
    cache, locks = command.home / "cache", (".lock", ".cache-lock")
    return {
        str(path): path.lstat().st_mtime_ns
        for path in sorted(around.rglob("*"))
        if not path.is_relative_to(cache) and path.name not in locks and not path.is_dir()
    }


def refused(command: Command, around: Path, host: str, name: str) -> str:
    """What is said of an item that is refused, which leaves everything as it was."""
    before = state_of(command, around)
    with pytest.raises(EkibenError) as caught:
        pull(command, host, name)
    assert state_of(command, around) == before
    assert check_store(command.store, SilentReporter(), repairs=False).found == ()
    assert not Path("/tmp/ekiben-evil").exists()
    assert caught.value.exit_code == 1
    return caught.value.message


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_model_is_refused(name: str, odd: OddRegistry, keeper: Command, tmp_path: Path) -> None:
    forged = Forged.of(odd)
    FORGERIES[name](forged)
    forged.publish()
    message = refused(keeper, tmp_path, odd.host, "iris")
    assert len(message) < 1000
    assert message.isprintable()


def test_a_forged_model_is_told_in_words(odd: OddRegistry, keeper: Command) -> None:
    forged = Forged.of(odd)
    FORGERIES["a name that climbs"](forged)
    forged.publish()
    done = keeper.run("models", "pull", f"{odd.host}/iris")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"error: `[^\n]*/iris:[^\n]*` cannot be pulled: the name `[^\n]*evil` leads [^\n]*\n", done.stderr
    )


@pytest.mark.parametrize("name", ["other bytes", "other content", "a part of other content", "a member of 10 GB"])
def test_after_a_forged_model_the_right_one_is_taken(
    name: str, odd: OddRegistry, pushed: Pushed, keeper: Command, tmp_path: Path
) -> None:
    forged = Forged.of(odd)
    FORGERIES[name](forged)
    forged.publish()
    refused(keeper, tmp_path, odd.host, "iris")
    odd.manifests, odd.blobs = dict(pushed.manifests), dict(pushed.blobs)
    pull(keeper, odd.host, "iris")
    assert keeper.store.models.get("iris").digest == pushed.digest


@pytest.mark.parametrize("name", BENTO_FORGERIES)
def test_a_forged_bento_is_refused(
    name: str, odd: OddRegistry, pushed: Pushed, keeper: Command, tmp_path: Path
) -> None:
    odd.manifests = {"latest": pushed.bento}
    forged = Forged.of(odd)
    BENTO_FORGERIES[name](forged)
    forged.publish()
    refused(keeper, tmp_path, odd.host, BENTO)
