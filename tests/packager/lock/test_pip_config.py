"""pip's configuration is what pip itself says that it is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ekiben.packager.lock.pip_config import is_known_here, pip_options
from ekiben.packager.lock.pip_settings import parse_config_list

GLOBAL = "[global]\nindex_url = https://global.example/simple\ntimeout = 5\n"
INSTALL = "[install]\nindex-url = https://install.example/simple\n--no-index = true\n[list]\nformat = json\n"
SEVERAL = "[global]\nextra-index-url =\n    https://one.example/simple\n    https://two.example/simple\ncert =\n"
USER = {".config/pip/pip.conf": GLOBAL, ".pip/pip.conf": INSTALL + "[global]\ntimeout = 9\nproxy = http://p.example\n"}


def what_pip_says(environ: Mapping[str, str]) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list", "--disable-pip-version-check"],
        env=dict(environ),
        check=False,
        capture_output=True,
        text=True,
    )
    return parse_config_list(done.stdout if done.returncode == 0 else "")


@pytest.mark.skipif(not is_known_here(), reason="only Linux is read without pip")
@pytest.mark.parametrize(
    ("files", "variables"),
    [
        ({}, {}),
        (USER, {}),
        (USER, {"PIP_TIMEOUT": "7", "PIP_FIND_LINKS": "/a /b", "PIP_NO_INDEX": ""}),
        ({**USER, "own.conf": SEVERAL}, {"PIP_CONFIG_FILE": "own.conf"}),
        (USER, {"PIP_CONFIG_FILE": "missing.conf"}),
        (USER, {"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": "https://env.example"}),
        ({"xdg/pip/pip.conf": SEVERAL, ".config/pip/pip.conf": GLOBAL}, {"XDG_CONFIG_HOME": "xdg"}),
        ({"a/pip/pip.conf": GLOBAL, "b/pip/pip.conf": SEVERAL + "timeout = 3\n"}, {"XDG_CONFIG_DIRS": "a:b"}),
        ({".config/pip/pip.conf": "no section\n"}, {"PIP_TIMEOUT": "7"}),
        ({".config/pip/pip.conf": "[global]\ntimeout = 1\ntimeout = 2\n"}, {}),
        ({".config/pip/pip.conf": "[global]\nindex-url = https://x.example/%(y)s/ä\n"}, {}),
    ],
)
def test_pip_says_the_same(environ: dict[str, str], files: Mapping[str, str], variables: Mapping[str, str]) -> None:
    home = Path(environ.pop("HOME"))
    del environ["PIP_CONFIG_FILE"]
    for path, text in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text, encoding="utf-8")
    paths = ("PIP_CONFIG_FILE", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS")
    placed = {
        name: ":".join(str(home / part) for part in value.split(":")) if name in paths else value
        for name, value in variables.items()
    }
    used = {**environ, "PYTHONUTF8": "1", "HOME": str(home), **placed}
    relevant = {"config-file", "retries"}  # what the test's own environment says
    ours, theirs = pip_options(used), what_pip_says(used)
    assert {key: value for key, value in ours.items() if key not in relevant} == {
        key: value for key, value in theirs.items() if key not in relevant
    }
