"""pip's configuration is what pip itself makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ekiben.errors import LockError
from ekiben.packager.lock.pip_config import config_places
from ekiben.packager.lock.pip_settings import PipSettings, pip_settings

DEFAULT_INDEX = "https://" + ".".join(("pypi", "org")) + "/simple"
GLOBAL = "[global]\nindex_url = https://global.example/simple\ntimeout = 5\n"
INSTALL = "[install]\nindex-url = https://install.example/simple\n--no-index = true\n[list]\nformat = json\n"
SEVERAL = "[global]\nextra-index-url =\n    https://one.example/simple\n    https://two.example/simple\ncert =\n"
USER = {".config/pip/pip.conf": GLOBAL, ".pip/pip.conf": INSTALL + "[global]\ntimeout = 9\nproxy = http://p.example\n"}


# What `pip install` would use, by its own parser: `pip config list` prints files in another order than pip reads them.
ASK = """
import json, sys
from pip._internal.commands import create_command
found = vars(create_command("install").parser.get_default_values())
names = ("index_url", "extra_index_urls", "find_links", "no_index", "trusted_hosts", "cert", "proxy", "timeout")
print(json.dumps({name: found[name] for name in names}))
"""


# Where pip looks on a system, told by pip itself, which goes by the system's name alone.
PLACES = """
import json, sys, sysconfig
sysconfig.get_config_vars()  # of the real system, for good
sys.platform = sys.argv[1]
from pip._internal.configuration import Configuration
print(json.dumps([str(path) for _, paths in Configuration(isolated=False).iter_config_files() for path in paths]))
"""


def asked_pip(environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", ASK], env=dict(environ), check=False, capture_output=True, text=True)


def what_pip_uses(environ: Mapping[str, str]) -> PipSettings:
    said = json.loads(asked_pip(environ).stdout)
    is_default = {"index_url": said.get("index_url") == DEFAULT_INDEX, "timeout": said.get("timeout") == 15.0}
    return PipSettings(
        index_url=None if is_default["index_url"] else said.get("index_url"),
        extra_index_urls=tuple(said.get("extra_index_urls") or ()),
        find_links=tuple(said.get("find_links") or ()),
        no_index=bool(said.get("no_index")),
        trusted_hosts=tuple(said.get("trusted_hosts") or ()),
        cert=Path(said["cert"]) if said.get("cert") else None,
        proxy=said.get("proxy") or None,
        timeout_s=None if is_default["timeout"] else said.get("timeout"),
    )


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
    assert pip_settings(used) == what_pip_uses(used)


@pytest.mark.parametrize(
    "content",
    [
        b"index-url = https://me:s3cret@index.example\n",
        b"[global]\ntimeout = 1\ntimeout = 2\n",
        b"[global]\nindex-url = \xff\n",
    ],
)
def test_what_pip_does_not_start_with_is_refused_without_its_words(environ: dict[str, str], content: bytes) -> None:
    path = Path(environ["HOME"]) / "pip.conf"
    path.write_bytes(content)
    used = {**environ, "PYTHONUTF8": "1", "PIP_CONFIG_FILE": str(path)}
    assert asked_pip(used).returncode != 0
    with pytest.raises(LockError, match="is no configuration of pip") as caught:
        pip_settings(used)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("system", ["linux", "darwin"])
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"XDG_CONFIG_DIRS": "/a:/b", "XDG_CONFIG_HOME": "/c"},
        {"XDG_DATA_DIRS": "/a:/b", "XDG_DATA_HOME": "/"},
        {"PIP_CONFIG_FILE": "/nowhere/pip.conf"},
        {"PIP_CONFIG_FILE": "/etc/hosts"},
    ],
)
@pytest.mark.parametrize("folder", ["Library/Application Support/pip", ".config/pip"])
def test_pip_looks_in_the_same_places_on_each_system(
    environ: dict[str, str], system: str, variables: Mapping[str, str], folder: str
) -> None:
    del environ["PIP_CONFIG_FILE"]
    Path(environ["HOME"], folder).mkdir(parents=True)
    used = {**environ, **variables}
    done = subprocess.run([sys.executable, "-c", PLACES, system], env=used, check=True, capture_output=True)
    ours = config_places(used, Path(sys.prefix), is_macos=system == "darwin")
    assert [str(path) for path in ours] == json.loads(done.stdout)
