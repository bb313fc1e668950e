"""The environment.yml that a Bento carries for conda, in one form whatever file or keys it came from.

conda pins nothing by hash: what it installs is what its channels have when the image is made. That is why pip's
requirements, those of an environment.yml too, are locked and installed above it, and why the audit names the rest.
"""

from __future__ import annotations

from ekiben.packager.bentofile.bentofile import CondaOptions
from ekiben.store.documents import dump_document


def environment_file(conda: CondaOptions, python: str) -> bytes:
    """The file; `python` is the image's version (`3.11`, `3.11.9`), which the locked packages are for."""
    needed = (f"python={python}", "pip")
    dependencies = [*needed, *(one for one in conda.dependencies if one not in needed)]
    return dump_document({"channels": list(conda.channels), "dependencies": dependencies})
