"""Filling in the text files of this room. Templates are ours alone, never a user's; values may be anybody's.

The environment is sandboxed all the same, a name that the caller did not give is an error, and nothing is escaped:
these are Markdown, YAML and Python, not HTML.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

SUFFIX = ".j2"


def render(template: str, /, **values: object) -> str:
    """The `template` (`project/service.py`) with `values`, ending in one newline."""
    return _environment().get_template(template + SUFFIX).render(values).rstrip("\n") + "\n"


def template_names(folder: str) -> list[str]:
    """The names of the templates in `folder`, sorted: `["project/.bentoignore", ...]`."""
    prefix = f"{folder}/"
    names = _environment().list_templates(filter_func=lambda name: name.startswith(prefix) and name.endswith(SUFFIX))
    return sorted(name.removesuffix(SUFFIX) for name in names)


@functools.cache
def _environment() -> SandboxedEnvironment:
    from jinja2 import PackageLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(
        loader=PackageLoader("ekiben", "templates"),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
