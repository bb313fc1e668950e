"""The settings that a project may change, on top of pip's own configuration."""

from __future__ import annotations

from ekiben.packager.lock.pip_environment import pip_environment
from ekiben.packager.lock.pip_settings import PipSettings


def test_a_projects_settings_go_over_pips_configuration() -> None:
    settings = PipSettings(index_url="https://p", find_links=("/a b", "/c"), trusted_hosts=("h",))
    environ = pip_environment(settings, {"PIP_INDEX_URL": "https://m", "PIP_NO_INDEX": "1", "PIP_CERT": "/ca.pem"})
    assert environ == {
        "PIP_INDEX_URL": "https://p",
        "PIP_FIND_LINKS": "file:///a%20b file:///c",
        "PIP_TRUSTED_HOST": "h",
        "PIP_NO_INDEX": "0",
        "PIP_CERT": "/ca.pem",
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
