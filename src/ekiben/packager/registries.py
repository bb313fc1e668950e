"""`open_registry`: the registry client, imported where an image comes from a registry or goes to one.

It and the HTTP that it stands on are a fifteenth of what a build costs that keeps to this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ekiben.oci.registry.registry import Registry


def open_registry(host: str, environ: Mapping[str, str], uploads: Path | None = None) -> Registry:
    """The registry at `host`, with the logins and proxies of `environ`; `uploads` is where those are remembered that do
    not end. Raises as `Registry.open`."""
    from ekiben.oci.registry.registry import Registry

    return Registry.open(host, environ=environ, uploads=uploads)
