"""What was published against BentoML's builds, tried on ours: each attempt fails, in words, and leaves nothing.

Those that concern templates are tried in the tests of the template, those that concern unpacking in those of archives.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.errors import BentofileError, EkibenError, ImageError, SelectionError
from ekiben.packager.image.containerfile import containerfile
from ekiben.packager.image.plan import plan_image
from ekiben.packager.selection.selection import select_files
from ekiben.packager.selection.staging import stage_source
from ekiben.report import SilentReporter
from ekiben.store.bento_manifest import BentoManifest
from ekiben.store.local import Store
from tests.packager.conftest import BENTOFILE, Build
from tests.packager.small_bento import MANIFEST, RUNTIME_WHEEL

CANARY = "canary-77a0"
NEWLINES = {"newline": "\n", "return": "\r", "next line": "\x85", "line separator": "\u2028", "zero": "\0"}
DOCKER = {
    "base_image": '  base_image: "python:3.11{end}RUN id"\n',
    "system_packages": '  system_packages: ["curl{end}RUN id"]\n',
    "env value": '  env: {{A: "b{end}RUN id"}}\n',
    "env name": '  env: {{"A{end}RUN id": b}}\n',
    "python_version": '  python_version: "3.11{end}RUN id"\n',
}
TOP = {
    "envs name": 'envs: [{{name: "A{end}RUN id", value: b}}]\n',
    "envs value": 'envs: [{{name: A, value: "b{end}RUN id"}}]\n',
    "labels": 'labels: {{"a{end}RUN id": b}}\n',
    "service": 'service: "service:Echo{end}RUN id"\n',
    "name": 'name: "echo{end}RUN id"\n',
}
SHELL = ["x; id", "x && id", "x | sh", "$(id)", "`id`", "x > /etc/passwd", "-o=APT::X=y", "x\tid", "../x", "'x'", '"x"']


@pytest.fixture
def outside(project: Path) -> Iterator[Path]:
    """A file beside the project that nobody may pack."""
    path = project.parent / "outside.txt"
    path.write_text(CANARY)
    yield path
    assert path.read_text() == CANARY


def refused(build: Build, store: Store) -> EkibenError:
    """The error of a build that is refused for what the project says, and leaves nothing in the store."""
    with pytest.raises((BentofileError, SelectionError)) as caught:
        build()
    assert not store.bentos.list()
    assert not any(CANARY.encode() in path.read_bytes() for path in store.home.rglob("*") if path.is_file())
    return caught.value


@pytest.mark.parametrize("path", ["../outside.txt", "{outside}", "sub/../../outside.txt", "link", "folder/outside.txt"])
@pytest.mark.parametrize(
    "text",
    [
        'description: "file: {path}"\n',
        "docker: {{setup_script: '{path}'}}\n",
        "docker: {{dockerfile_template: '{path}'}}\n",
        "docker: {{env: '{path}'}}\n",
        "conda: {{environment_yml: '{path}'}}\n",
        "python: {{requirements_txt: '{path}'}}\n",
        "python: {{find_links: ['{path}']}}\n",
    ],
)
def test_cve_2026_24123_no_path_of_a_bentofile_leaves_the_project(
    build: Build, project: Path, store: Store, outside: Path, text: str, path: str
) -> None:
    (project / "sub").mkdir()
    (project / "link").symlink_to(outside)
    (project / "folder").symlink_to(outside.parent)
    written = text.format(path=path.format(outside=outside))
    (project / "bentofile.yaml").write_text(f'service: "service:EchoService"\ninclude: ["*.py"]\n{written}')
    refused(build, store)


@pytest.mark.parametrize("package", SHELL)
def test_cve_2026_33744_no_system_package_is_a_command(build: Build, project: Path, store: Store, package: str) -> None:
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}docker: {{system_packages: [{package!r}]}}\n")
    assert "system_packages" in refused(build, store).message
    made_elsewhere = replace(MANIFEST, docker={**MANIFEST.docker, "system_packages": [package]})
    with pytest.raises(ImageError):
        containerfile(plan_image(made_elsewhere, "", RUNTIME_WHEEL))


@pytest.mark.parametrize("end", NEWLINES.values(), ids=NEWLINES)
@pytest.mark.parametrize("text", [*DOCKER.values(), *TOP.values()], ids=[*DOCKER, *TOP])
def test_cve_2026_44345_and_44346_no_value_ends_its_line(
    build: Build, project: Path, store: Store, text: str, end: str
) -> None:
    escaped = "".join(f"\\u{ord(one):04x}" for one in end)
    is_docker = text in DOCKER.values()
    without = BENTOFILE.replace('service: "service:EchoService"\n', "") if text == TOP["service"] else BENTOFILE
    (project / "bentofile.yaml").write_text(f"{without}{'docker:' if is_docker else ''}\n{text.format(end=escaped)}")
    refused(build, store)


@pytest.mark.parametrize("end", NEWLINES.values(), ids=NEWLINES)
def test_pull_request_5657_no_line_of_an_env_file_ends_early(
    build: Build, project: Path, store: Store, end: str
) -> None:
    (project / "settings").write_text(f"A=b{end}RUN id\n", newline="")
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}docker: {{env: settings}}\n")
    refused(build, store)


@pytest.mark.parametrize("end", ["\n", "\r", "\u2028"])
@pytest.mark.parametrize(
    "changes",
    [
        {"docker": {"base_image": "python:3.11{end}RUN id"}},
        {"docker": {"python_version": "3.11{end}RUN id"}},
        {"docker": {"env": {"A": "b{end}RUN id"}}},
        {"docker": {"env": {"A{end}RUN id": "b"}}},
        {"envs": ({"name": "A{end}RUN id", "value": "b", "stage": "all"},)},
        {"envs": ({"name": "A", "value": "b{end}RUN id", "stage": "runtime"},)},
    ],
)
def test_a_bento_from_elsewhere_is_held_to_the_same_rules(changes: dict[str, object], end: str) -> None:
    filled = _filled(changes, end)
    assert isinstance(filled, dict)
    docker = {**MANIFEST.docker, **filled.pop("docker", {})}
    manifest: BentoManifest = replace(MANIFEST, docker=docker, **filled)
    with pytest.raises(ImageError):
        containerfile(plan_image(manifest, "", RUNTIME_WHEEL))


def _filled(value: object, end: str) -> object:
    match value:
        case dict():
            return {str(_filled(key, end)): _filled(one, end) for key, one in value.items()}
        case tuple():
            return tuple(_filled(one, end) for one in value)
        case _:
            return str(value).replace("{end}", end)


def link_to_file(project: Path, outside: Path) -> None:
    (project / "notes.txt").symlink_to(outside)


def link_to_folder(project: Path, outside: Path) -> None:
    (project / "notes").symlink_to(outside.parent)


def link_by_link(project: Path, outside: Path) -> None:
    (project / "a").symlink_to("b")
    (project / "b").symlink_to("../outside.txt")


def link_below(project: Path, outside: Path) -> None:
    (project / "deep").mkdir()
    (project / "deep/notes.txt").symlink_to(os.path.relpath(outside, project / "deep"))


def link_to_root(project: Path, outside: Path) -> None:
    (project / "root").symlink_to("/")


@pytest.mark.parametrize("attempt", [link_to_file, link_to_folder, link_by_link, link_below, link_to_root])
def test_cve_2026_40610_no_link_brings_a_file_from_outside(
    build: Build, project: Path, store: Store, outside: Path, attempt: Callable[[Path, Path], None]
) -> None:
    attempt(project, outside)
    assert "leaves the project" in refused(build, store).message


def test_cve_2026_40610_a_readme_that_is_a_link_to_the_outside_is_not_taken(
    build: Build, project: Path, outside: Path
) -> None:
    (project / "README.md").symlink_to(outside)
    (project / ".bentoignore").write_text("README.md\n")
    assert CANARY not in build().path_of("README.md").read_text()


@pytest.mark.parametrize("swapped", ["file", "folder"])
def test_cve_2026_40610_a_link_put_there_after_the_selection_is_not_followed(
    project: Path, outside: Path, tmp_path: Path, swapped: str
) -> None:
    (project / "sub").mkdir()
    (project / "sub/outside.txt").write_text("inside")
    selection = select_files(project, ["sub/"])
    if swapped == "file":
        (project / "sub/outside.txt").unlink()
        (project / "sub/outside.txt").symlink_to(outside)
    else:
        (project / "sub").rename(project / "old")
        (project / "sub").symlink_to(outside.parent)
    with pytest.raises(SelectionError):
        stage_source(selection, tmp_path / "copy", SilentReporter())
    assert not (tmp_path / "copy/sub/outside.txt").exists() or (tmp_path / "copy/sub/outside.txt").read_text() == ""


@pytest.mark.parametrize("url", ["https://me:{canary}@host.example/simple", "https://host.example/?token={canary}"])
@pytest.mark.parametrize("key", ["index_url", "extra_index_url", "find_links", "packages", "trusted_host"])
def test_credentials_get_into_no_bento_and_no_message(
    build: Build, project: Path, store: Store, key: str, url: str
) -> None:
    value = url.format(canary=CANARY)
    (project / "bentofile.yaml").write_text(f"service: service:EchoService\npython: {{{key}: ['{value}']}}\n")
    if key == "index_url":
        (project / "bentofile.yaml").write_text(f"service: service:EchoService\npython: {{{key}: '{value}'}}\n")
    error = refused(build, store)
    assert CANARY not in error.message + (error.hint or "")
