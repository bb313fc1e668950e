"""The wheel that images carry."""

from __future__ import annotations

import ast
import base64
import csv
import hashlib
import importlib.metadata
import io
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import ekiben
from ekiben.digest import Digest
from ekiben.packager.runtime_wheel import RUNTIME_REQUIREMENTS, build_runtime_wheel
from ekiben.packager.sbom.python import bare_name
from ekiben.serving.http.swagger_ui import FILES, VERSION, swagger_folder

ROOT = Path(__file__).parents[2]
PRINT_DIGEST = """
import ekiben
from ekiben.digest import Digest
from ekiben.packager.runtime_wheel import build_runtime_wheel
print(Digest.of_bytes(build_runtime_wheel().content), ekiben.__file__)
"""


@pytest.fixture(scope="session")
def archive() -> zipfile.ZipFile:
    """The wheel, opened."""
    return zipfile.ZipFile(io.BytesIO(build_runtime_wheel().content))


def test_it_holds_the_serving_half_and_nothing_that_builds(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    assert {"ekiben/__init__.py", "ekiben/serving/wire.py", "ekiben/store/local.py", "ekiben/py.typed"} <= set(names)
    second = {name.split("/")[1] for name in names if name.startswith("ekiben/")}
    assert second.isdisjoint({"cli", "packager", "deploy", "oci", "templates", "container.py"})
    assert not any(name.endswith(".pyc") or name.startswith("ekiben/store/remote/") for name in names)


def test_no_module_in_it_imports_one_that_is_not(archive: zipfile.ZipFile) -> None:
    for name in archive.namelist():
        lazy_face = name == "ekiben/__init__.py"  # resolves names on first use: those that build are not there
        if name.endswith(".py") and not lazy_face:
            text = archive.read(name).decode()
            assert not re.search(r"from ekiben\.(packager|templates|cli)\b", text), name
            at_once = list(
                imports_of(ast.parse(text).body)
            )  # what came for images without a network is read by builders
            assert not any(one.startswith(("ekiben.oci", "ekiben.store.remote")) for one in at_once), name


def imports_of(body: list[ast.stmt]) -> Iterator[str]:
    """The modules that these statements name, a name of a module's (`from a import b`) as one below it."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules_of(archive: zipfile.ZipFile) -> dict[str, ast.Module]:
    """The wheel's modules by name."""
    paths = [name for name in archive.namelist() if name.endswith(".py")]
    names = [path.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for path in paths]
    return {name: ast.parse(archive.read(path)) for name, path in zip(names, paths, strict=True)}


def reached_from(start: str, modules: dict[str, ast.Module], *, at_once: bool) -> set[str]:
    """What `start` imports, and what that does, other packages' modules among it; unless `at_once`, within functions,
    too."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        if name in modules:
            tree = modules[name]
            waiting += imports_of(
                tree.body if at_once else [one for one in ast.walk(tree) if isinstance(one, ast.stmt)]
            )
        elif name.startswith("ekiben."):
            waiting.append(name.rpartition(".")[0])  # a name in that module
    return reached


def packages_of(imported: set[str]) -> set[str]:
    """The distributions that these modules come from."""
    providers = importlib.metadata.packages_distributions()
    return {one.lower() for name in imported for one in providers.get(name.partition(".")[0], ())}


def test_the_server_reaches_every_requirement(archive: zipfile.ZipFile) -> None:
    reached = packages_of(reached_from("ekiben.serving.__main__", modules_of(archive), at_once=False))
    assert {bare_name(one) for one in RUNTIME_REQUIREMENTS} <= {bare_name(one) for one in reached}


def test_the_server_starts_without_anything_else(archive: zipfile.ZipFile) -> None:
    """Frameworks, and what only builders have, are imported where they are used."""
    reached = packages_of(reached_from("ekiben.serving.__main__", modules_of(archive), at_once=True))
    required = {bare_name(one) for one in RUNTIME_REQUIREMENTS}
    assert {bare_name(one) for one in reached} - {"ekiben"} <= required


def test_it_brings_the_files_of_the_page_as_they_are(archive: zipfile.ZipFile) -> None:
    folder = swagger_folder()
    assert folder is not None
    for name in FILES:
        assert archive.read(f"ekiben/serving/http/swagger-ui/{name}") == (folder / name).read_bytes()
    assert f'PACKAGE_VERSION:"{VERSION}"'.encode() in (folder / "swagger-ui-bundle.js").read_bytes()
    assert b"SmartBear" in archive.read("ekiben/serving/http/swagger-ui/NOTICE")


def test_the_carrier_of_the_page_is_pinned_as_its_files_are_content() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (pinned,) = [one for one in declared if one.startswith("fastapi-swagger")]
    assert pinned == f"fastapi-swagger=={importlib.metadata.version('fastapi-swagger')}"


def test_the_record_is_that_of_the_files(archive: zipfile.ZipFile) -> None:
    record = f"ekiben_runtime-{ekiben.__version__}.dist-info/RECORD"
    rows = {path: (digest, size) for path, digest, size in csv.reader(archive.read(record).decode().splitlines())}
    assert rows.pop(record) == ("", "")
    assert set(rows) == set(archive.namelist()) - {record}
    for path, (digest, size) in rows.items():
        content = archive.read(path)
        expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert (digest, size) == (f"sha256={expected}", str(len(content)))


def test_the_zip_holds_nothing_of_the_machine(archive: zipfile.ZipFile) -> None:
    infos = archive.infolist()
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
    assert {info.external_attr >> 16 for info in infos} == {0o100644}
    assert [info.filename for info in infos[:-1]] == sorted(info.filename for info in infos[:-1])


def test_its_requirements_are_those_of_pyproject() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert list(RUNTIME_REQUIREMENTS) == sorted(RUNTIME_REQUIREMENTS)
    assert set(RUNTIME_REQUIREMENTS) <= set(declared)


def digest_in(environ: dict[str, str], cwd: Path, python: Path | str = sys.executable) -> tuple[str, str]:
    """`(digest, where ekiben was imported from)` in another interpreter."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    output = subprocess.run(
        [python, "-c", PRINT_DIGEST], cwd=cwd, env={**clean, **environ}, check=True, capture_output=True, text=True
    ).stdout
    digest, place = output.split()
    return digest, place


def test_an_installed_wheel_a_checkout_and_a_source_tree_give_the_same_bytes(tmp_path: Path) -> None:
    expected = str(Digest.of_bytes(build_runtime_wheel().content))
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "src", tree / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, tree / file)
    (tree / "src/ekiben/serving/wire.py~").write_text("an editor's backup")
    assert digest_in({"PYTHONPATH": "src"}, tree) == (expected, str(tree / "src/ekiben/__init__.py"))

    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(tree)]
    subprocess.run(build, check=True, capture_output=True)
    installed = tmp_path / "installed"
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(installed)
    digest, place = digest_in({"PYTHONPATH": str(installed)}, tmp_path)
    assert (digest, place) == (expected, str(installed / "ekiben/__init__.py"))


def test_pip_takes_it(tmp_path: Path) -> None:
    wheel = build_runtime_wheel()
    path = tmp_path / wheel.file_name
    path.write_bytes(wheel.content)
    target = tmp_path / "target"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*pip, target, path], check=True)
    metadata = (target / f"ekiben_runtime-{ekiben.__version__}.dist-info/METADATA").read_text()
    assert f"Requires-Dist: {RUNTIME_REQUIREMENTS[0]}" in metadata
