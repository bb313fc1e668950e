"""Variables of stage `build`: a file for the shell of each RUN, and a secret for what the Bento does not hold."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ekiben.packager.image.build_env import build_env_script, gather_env
from ekiben.packager.image.plan import plan_image
from tests.packager.conftest import Recorder
from tests.packager.small_bento import MANIFEST, RUNTIME_WHEEL

PLAN = plan_image(MANIFEST, "", RUNTIME_WHEEL)
LINES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30)


@given(LINES)
def test_a_shell_reads_every_value_as_it_was_written(value: str) -> None:
    script = build_env_script(replace(PLAN, build_env=(("VALUE", value),)))
    said = subprocess.run(["sh", "-c", f'{script}\nprintf %s "$VALUE"'], check=True, capture_output=True)
    assert said.stdout.decode() == value


def test_the_script_reads_the_secret_where_there_is_one(tmp_path: Path) -> None:
    script = build_env_script(replace(PLAN, secret_env=("TOKEN",)))
    assert script == "if [ -s /run/secrets/ekiben-env ]; then . /run/secrets/ekiben-env; fi\n"
    assert build_env_script(replace(PLAN, build_env=(("A", "b"),))) == "export A=b\n"
    subprocess.run(["sh", "-c", f"set -e; {script}"], check=True)


def test_the_secret_has_the_values_of_the_environment_and_no_other_reader(tmp_path: Path, reporter: Recorder) -> None:
    environ = {"TOKEN": "it's $HOME\nand more", "OTHER": "x"}
    (secret,) = gather_env(["TOKEN", "MISSING"], environ, tmp_path, reporter)
    assert secret.name == "ekiben-env"
    assert secret.path.stat().st_mode & 0o777 == 0o600
    said = subprocess.run(
        ["sh", "-c", f'. {shlex.quote(str(secret.path))}; printf %s "$TOKEN"'], check=True, capture_output=True
    )
    assert said.stdout.decode() == environ["TOKEN"]
    assert reporter.warned == ["the variable `MISSING` of stage `build` has no value"]


def test_without_such_variables_there_is_no_secret(tmp_path: Path, reporter: Recorder) -> None:
    assert gather_env([], {"A": "b"}, tmp_path, reporter) == ()
    assert list(tmp_path.iterdir()) == []
