"""What is published is whole: wheel and sdist, one top-level name, and links that lead where they should."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from ekiben.packager.runtime_wheel import RUNTIME_REQUIREMENTS

ROOT = Path(__file__).parents[1]
LINKS = {
    "cli": "src/ekiben/cli",
    "packager": "src/ekiben/packager",
    "store": "src/ekiben/store",
    "templates": "src/ekiben/templates",
}


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, and the wheel built from it."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", out, ROOT], check=True, capture_output=True)
    return next(out.glob("*.tar.gz")), next(out.glob("*.whl"))


def package_files() -> set[str]:
    """Every file of the package in the checkout, relative to `src`."""
    source = ROOT / "src"
    files = (path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(source).as_posix() for path in files}


def test_the_wheel_holds_every_file_of_the_package_and_one_top_level_name(distributions: tuple[Path, Path]) -> None:
    names = {name for name in zipfile.ZipFile(distributions[1]).namelist() if ".dist-info/" not in name}
    assert names == package_files()
    assert {name.split("/")[0] for name in names} == {"ekiben"}


def test_the_sdist_holds_the_package_tests_and_examples(distributions: tuple[Path, Path]) -> None:
    with tarfile.open(distributions[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {f"src/{name}" for name in package_files()} <= names
    assert {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "tests/conftest.py",
        "examples/iris/service.py",
        "scripts/test",
    } <= names


@pytest.mark.parametrize(("link", "target"), LINKS.items())
def test_links_at_the_root_lead_to_their_rooms(link: str, target: str) -> None:
    assert os.readlink(ROOT / link) == target  # noqa: PTH115 - the text of the link itself is what is tested
    assert (ROOT / link / "__init__.py").is_file()


def test_what_the_runtime_needs_is_named_alike_in_both_places() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert set(RUNTIME_REQUIREMENTS) <= set(declared)
