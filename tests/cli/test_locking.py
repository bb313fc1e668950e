"""`ekiben lock` on the command line."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.cli.locking import EVERY_PACKAGE, end_of, name_bare_upgrades
from ekiben.errors import UsageError
from ekiben.packager.runtime_wheel import RUNTIME_REQUIREMENTS
from tests.cli.conftest import Run
from tests.packager.small_bento import make_wheel

BENTOFILE = 'service: "service:S"\npython: {no_index: true, find_links: wheels, packages: [light]}\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose packages are all in a folder of its own."""
    wheels = tmp_path / "project/wheels"
    wheels.mkdir(parents=True)
    for requirement in ("light", *RUNTIME_REQUIREMENTS):
        name = re.split(r"[^a-z-]", requirement)[0].replace("-", "_")
        make_wheel(wheels, name, "99.0", {f"{name}/__init__.py": ""})
    (wheels.parent / "bentofile.yaml").write_text(BENTOFILE)
    return wheels.parent


def test_lock_writes_the_file_and_prints_its_path(run: Run, project: Path) -> None:
    done = run("lock", "project")
    assert (done.returncode, done.stdout) == (0, f"{project / 'bento.lock'}\n"), done.stderr
    assert "wrote " in done.stderr
    again = run("lock", "project", "--upgrade", "--output", "json")
    summary = json.loads(again.stdout)
    assert (summary["is_changed"], summary["locks"][0]["packages"]["light"]) == (False, "99.0")


def test_check_ends_with_1_and_says_why(run: Run, project: Path) -> None:
    missing = run("lock", "project", "--check")
    assert (missing.returncode, missing.stdout) == (1, "")
    run("lock", "project")
    assert run("lock", "project", "--check").returncode == 0
    (project / "bentofile.yaml").write_text(BENTOFILE.replace("light", "light<100"))
    stale = run("lock", "project", "--check")
    assert stale.returncode == 1
    assert "`light<100` is new; `light` is gone" in stale.stderr
    assert "hint: `ekiben lock project`" in stale.stderr


def test_the_remedy_is_the_command_that_helps(run: Run, project: Path) -> None:
    (project / "conf").mkdir()
    (project / "conf/my prod.yaml").write_text(BENTOFILE)
    for command in (["lock", "project", "--check"], ["build", "project", "--locked"]):
        refused = run(*command, "-f", "conf/my prod.yaml")
        assert "hint: `ekiben lock project -f 'conf/my prod.yaml'` writes it" in refused.stderr
    assert run("lock", "project", "-f", "conf/my prod.yaml").returncode == 0
    assert (project / "conf/my prod.bento.lock").exists()
    assert run("lock", "project", "-f", "conf/my prod.yaml", "--check").returncode == 0


def test_a_lock_is_printed_for_other_tools(run: Run, project: Path) -> None:
    run("lock", "project", "--platform", "linux/arm64")
    pylock = tomllib.loads(run("lock", "project", "-o", "pylock").stdout)
    assert "aarch64" in pylock["environments"][0]
    assert "light==99.0 \\\n    --hash=sha256:" in run("lock", "project", "-o", "requirements").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--check", "--upgrade"),
        ("--check", "--exclude-newer", "2025-01-01"),
        ("--exclude-newer", "yesterday"),
        ("--output", "yaml"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, project: Path, arguments: tuple[str, ...]) -> None:
    assert run("lock", "project", *arguments).returncode == 2
    assert not (project / "bento.lock").exists()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["--upgrade"], ["--upgrade", EVERY_PACKAGE]),
        (["p", "--upgrade", "--check"], ["p", "--upgrade", EVERY_PACKAGE, "--check"]),
        (["--upgrade", "numpy", "--upgrade", "scipy"], ["--upgrade", "numpy", "--upgrade", "scipy"]),
        (["--upgrade=numpy", "p"], ["--upgrade=numpy", "p"]),
        (["--upgrade", "."], ["--upgrade", EVERY_PACKAGE, "."]),
        (["--upgrade", "services/a"], ["--upgrade", EVERY_PACKAGE, "services/a"]),
    ],
)
def test_an_upgrade_without_a_name_is_of_everything(given: list[str], meant: list[str]) -> None:
    assert list(name_bare_upgrades(given)) == meant


@given(st.lists(st.sampled_from(["--upgrade", "--check", "a", "-o", "json", "--upgrade=x"])))
def test_every_upgrade_has_a_name_and_nothing_else_changes(arguments: list[str]) -> None:
    named = list(name_bare_upgrades(arguments))
    assert [one for one in named if one != EVERY_PACKAGE] == arguments
    following = [named[index + 1] for index, one in enumerate(named) if one == "--upgrade"]
    assert not any(one.startswith("-") for one in following)


@pytest.mark.parametrize(
    ("moment", "time"),
    [
        ("2025-03-01", "2025-03-02T00:00:00Z"),
        ("2025-03-01T12:00:00Z", "2025-03-01T12:00:00Z"),
        ("2025-03-01T12:00:00+02:00", "2025-03-01T10:00:00Z"),
        ("2025-03-01T12:00:00", "2025-03-01T12:00:00Z"),
    ],
)
def test_a_day_counts_to_its_end_in_utc(moment: str, time: str) -> None:
    assert end_of(moment) == time


@pytest.mark.parametrize("moment", ["", "2025-13-01", "1.3.2025", "9999-12-31"])
def test_what_is_no_date_is_refused(moment: str) -> None:
    with pytest.raises(UsageError, match="is no date"):
        end_of(moment)
