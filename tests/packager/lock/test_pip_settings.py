"""pip's configuration is read as pip reads it, by the real pip."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.packager.lock.pip_settings import PipSettings, as_url, local_path, pip_settings

CONFIG = """\
[global]
index-url = https://me:s3cret@host/simple?a=b
extra-index-url =
    https://one/simple
    https://two/simple
find-links = /from/file
trusted-host = one two:8443
timeout = 60
[install]
no-index = true
[download]
proxy = http://not-for-install
"""


def configured(environ: dict[str, str], text: str) -> dict[str, str]:
    path = Path(environ["HOME"]) / "pip.conf"
    path.write_text(text)
    return {**environ, "PIP_CONFIG_FILE": str(path)}


def test_files_and_variables_are_merged_in_pips_order(environ: dict[str, str]) -> None:
    settings = pip_settings({**configured(environ, CONFIG), "PIP_FIND_LINKS": "/from/environment https://host/links"})
    assert settings.index_url == "https://me:s3cret@host/simple?a=b"
    assert settings.extra_index_urls == ("https://one/simple", "https://two/simple")
    assert settings.find_links == ("/from/environment", "https://host/links")
    assert settings.no_index
    assert settings.trusted_hosts == ("one", "two:8443")
    assert settings.timeout_s == 60.0
    assert settings.proxy is None


def test_credentials_are_not_in_the_repr(environ: dict[str, str]) -> None:
    assert "s3cret" not in repr(pip_settings(configured(environ, CONFIG)))


def test_nothing_configured_is_nothing(environ: dict[str, str]) -> None:
    assert pip_settings(environ) == PipSettings()


def test_certificates_and_netrc_are_found_where_pip_looks(environ: dict[str, str], tmp_path: Path) -> None:
    (Path(environ["HOME"]) / ".netrc").write_text("machine host login me password s3cret\n")
    settings = pip_settings({**environ, "REQUESTS_CA_BUNDLE": "/etc/ca.pem"})
    assert settings.cert == Path("/etc/ca.pem")
    assert settings.netrc == Path(environ["HOME"]) / ".netrc"
    assert pip_settings({**environ, "PIP_CERT": "/etc/own.pem", "REQUESTS_CA_BUNDLE": "/x"}).cert == Path(
        "/etc/own.pem"
    )


def test_the_project_wins_over_the_machine() -> None:
    machine = PipSettings(index_url="https://m", extra_index_urls=("https://e",), find_links=("/m",), no_index=True)
    project = machine.for_project(
        Path("/p"), index_url="https://p", extra_index_urls=["https://q"], find_links=["wheels", "https://l"]
    )
    assert project.index_url == "https://p"
    assert project.extra_index_urls == ("https://q", "https://e")
    assert project.find_links == ("/p/wheels", "https://l", "/m")
    assert not project.no_index
    assert machine.for_project(Path("/p")) == machine
    assert PipSettings().for_project(Path("/p"), no_index=True).no_index


@given(st.text(alphabet=st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1))
def test_any_local_path_survives_the_way_through_a_url(name: str) -> None:
    path = Path("/folder") / name
    url = as_url(str(path))
    assert local_path(url) == path
    assert not {" ", ","} & set(url)


@pytest.mark.parametrize("url", ["https://host/simple", "http://host/a%20b?c=d#e", "https://u:p@host/"])
def test_a_remote_url_stays_as_it_is(url: str) -> None:
    assert as_url(url) == url
    assert local_path(url) is None
