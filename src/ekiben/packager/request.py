"""`BuildRequest`: what the caller of a build asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What to build. `service`, `name` and `labels` go before what the bentofile says; `bentofile` None means the
    project's own; `version` None makes one from the content; `platforms` are the images', none meaning the default;
    with `is_locked` a bento.lock that is missing or does not fit is an error. `args` go before the bentofile's, one by
    one; `options` are top-level keys of a bentofile that go before its own."""

    project: Path
    bentofile: Path | None = None
    service: str | None = None
    name: str | None = None
    version: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    platforms: tuple[str, ...] = ()
    is_locked: bool = False
    args: Mapping[str, object] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
