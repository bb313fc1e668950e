"""Public face: images of Bentos. `get_containerfile` gives the text that `ekiben containerize` would run."""

from __future__ import annotations

from pathlib import Path

from ekiben.errors import NotActedOn
from ekiben.packager.image.planning import bento_containerfile
from ekiben.store.local import default_store
from ekiben.tag import Tag

__all__ = ["get_containerfile"]


def get_containerfile(tag: str | Tag, enable_buildkit: bool = True, output_path: str | Path | None = None) -> str:
    """The Containerfile of the Bento `tag`, also written to `output_path` where one is given.

    Raises NotActedOn without BuildKit: index settings and certificates reach a build by its secret mounts alone.
    """
    if not enable_buildkit:
        raise NotActedOn("a Containerfile without BuildKit is not made", hint="leave `enable_buildkit` at True")
    text = bento_containerfile(default_store().bentos.get(tag))
    if output_path is not None:
        Path(output_path).write_text(text, encoding="utf-8")
    return text
