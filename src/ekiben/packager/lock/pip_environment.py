"""The environment in which pip runs for a project: the machine's own, with what the project may change on top."""

from __future__ import annotations

from collections.abc import Mapping

from ekiben.packager.lock.pip_settings import PipSettings, as_url


def pip_environment(settings: PipSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` for pip: its own configuration stays in force, the settings that a project may change go on top."""
    changed = {
        "PIP_INDEX_URL": as_url(settings.index_url) if settings.index_url else "",
        "PIP_EXTRA_INDEX_URL": " ".join(map(as_url, settings.extra_index_urls)),
        "PIP_FIND_LINKS": " ".join(map(as_url, settings.find_links)),
        "PIP_TRUSTED_HOST": " ".join(settings.trusted_hosts),
    }
    fixed = {"PIP_NO_INDEX": str(int(settings.no_index)), "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return {**environ, **{name: value for name, value in changed.items() if value}, **fixed}
