"""Swagger UI's own files: in an image they lie beside this module, elsewhere in the package `fastapi_swagger`.

Nobody offers them in a package that asks for nothing else. So the builder has them of that one, which is only a carrier
of files and is never imported, and `ekiben-runtime` takes them along: an image then holds neither FastAPI nor what that
needs.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

CARRIER = "fastapi_swagger"
VERSION = "5.34.0"  # Swagger UI's own, of the carrier's version that pyproject.toml names
FOLDER = "swagger-ui"  # beside this module; no name of a package
# By what they are served as.
FILES = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
NOTICE = (
    "swagger-ui\nCopyright SmartBear Software Inc.\n\n"
    "Licensed under the Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0\n"
    "The files are those of the package swagger-ui-dist, unchanged.\n"
)


def swagger_folder() -> Path | None:
    """Where `FILES` are; None where nothing carries them."""
    own = Path(__file__).with_name(FOLDER)
    if own.is_dir():
        return own
    spec = importlib.util.find_spec(CARRIER)
    return Path(spec.origin).parent / "resources" if spec is not None and spec.origin is not None else None
