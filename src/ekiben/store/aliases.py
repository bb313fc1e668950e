"""Second names of models where a project is served or described: its bentofile's `models[].alias`.

A Bento keeps them in its own list (`pins`). A project has none yet, so who starts its service hands them over in the
environment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ekiben.errors import SettingsError

ALIASES_VARIABLE = "EKIBEN_MODEL_ALIASES"  # a JSON object of aliases and tags


def alias_variables(aliases: Mapping[str, str]) -> dict[str, str]:
    """The variable that hands `aliases`, `{alias: tag}`, over."""
    return {ALIASES_VARIABLE: json.dumps(aliases, sort_keys=True)}


def read_aliases(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """`(alias, tag)` as handed over. Raises SettingsError where the variable holds something else."""
    text = environ.get(ALIASES_VARIABLE) or "{}"
    try:
        found = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{ALIASES_VARIABLE} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise SettingsError(f"{ALIASES_VARIABLE} is no JSON object", hint='write it as `{"alias": "name:version"}`')
    return tuple((alias, str(tag)) for alias, tag in found.items())
