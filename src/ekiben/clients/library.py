"""The HTTP library, for all of this room; an environment that lacks it is told so in words.

Images carry none: their services call one another by `depends`, and one that wants these clients lists `httpx2` among
its packages.
"""

from __future__ import annotations

from ekiben.errors import FrameworkError

__all__ = ["httpx2"]

try:
    import httpx2
except ModuleNotFoundError as error:
    raise FrameworkError(
        "the HTTP clients need the package `httpx2`", hint="add `httpx2` to the packages of the bentofile"
    ) from error
