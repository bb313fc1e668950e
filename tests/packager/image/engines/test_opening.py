"""Engines by their names: ours, those that packages bring, and which is at hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ekiben.errors import EngineUnavailable
from ekiben.packager.image.engines.choosing import RUNNERS
from ekiben.packager.image.engines.engine import Engine
from ekiben.packager.image.engines.opening import engine_at_hand, open_engine, storage_at_hand, third_party_engines
from tests.packager.image.engines.test_docker_cli import script

ENTRY_POINTS = """\
[ekiben.engines]
kiln = kiln_engine:open_kiln
docker = kiln_engine:open_kiln
hollow = kiln_engine:open_nothing
gone = kiln_engine:not_there
"""
MODULE = """\
class Kiln:
    def __init__(self, environ):
        self.environ = environ

    def check(self):
        return "kiln 1.0 at " + self.environ["KILN"]

    def build(self, job, reporter):
        raise NotImplementedError

open_kiln = Kiln
open_nothing = dict
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package that brings engines."""
    info = tmp_path / "kiln-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kiln\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "kiln_engine.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("kiln_engine", None)


@pytest.mark.parametrize("name", RUNNERS)
def test_each_of_our_own_engines_opens(name: str) -> None:
    assert isinstance(open_engine(name, {}), Engine)


@pytest.mark.usefixtures("package")
def test_an_engine_of_another_package_is_opened_with_the_environment() -> None:
    assert open_engine("kiln", {"KILN": "here"}).check() == "kiln 1.0 at here"


@pytest.mark.usefixtures("package")
def test_our_own_names_cannot_be_taken() -> None:
    assert set(third_party_engines()) == {"kiln", "hollow", "gone"}
    assert type(open_engine("docker", {})).__name__ == "DockerEngine"


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("hollow", "what `kiln_engine:open_nothing` gives for `hollow` is no engine"),
        ("gone", "cannot be imported"),
        ("other", "no installed package brings the engine `other`"),
    ],
)
def test_what_is_no_engine_is_told(name: str, reason: str) -> None:
    with pytest.raises(EngineUnavailable, match=reason):
        open_engine(name, {})


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        (["docker", "podman"], "docker"),
        (["podman", "buildah"], "podman"),
        (["buildah"], "buildah"),
        ([], "docker"),
    ],
)
def test_docker_is_taken_before_podman_and_podman_before_buildah(tmp_path: Path, there: list[str], taken: str) -> None:
    for name in there:
        script(tmp_path, name, "exit 0")
    environ: Mapping[str, str] = {"PATH": str(tmp_path)}
    assert engine_at_hand(environ) == taken


@pytest.mark.parametrize(
    ("programs", "variables", "has_socket", "storage"),
    [
        (("podman",), {}, False, "podman"),
        (("podman", "docker"), {}, False, "engine"),
        (("podman",), {"DOCKER_HOST": "tcp://engine.example:2375"}, False, "engine"),
        (("podman",), {"DOCKER_CONTEXT": "far"}, False, "engine"),
        (("podman",), {}, True, "engine"),
        ((), {}, False, "engine"),
    ],
)
def test_an_image_goes_to_podman_where_that_is_and_docker_is_not(
    tmp_path: Path, programs: tuple[str, ...], variables: Mapping[str, str], has_socket: bool, storage: str
) -> None:
    for name in programs:
        script(tmp_path, name, "")
    socket = tmp_path / "docker.sock"
    if has_socket:
        socket.touch()
    assert storage_at_hand({"PATH": str(tmp_path), **variables}, socket) == storage
