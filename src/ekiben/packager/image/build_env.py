"""Variables of stage `build`: there while an image is built, in none of its layers and nowhere in its history.

Those with a value lie in the build context, in a file that each RUN reads; what changes there re-does them. Those that
a Bento only declares get their values from the environment of whoever makes the image, as a secret.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from ekiben.packager.image.engines.engine import Secret
from ekiben.packager.image.mounts import ENV_SECRET, secret_path
from ekiben.packager.image.plan import ImagePlan
from ekiben.report import Reporter


def build_env_script(plan: ImagePlan) -> str:
    """The file `setup/build-env` of the context, for a POSIX shell to read."""
    secret = secret_path(ENV_SECRET)
    further = [f"if [ -s {secret} ]; then . {secret}; fi"] if plan.secret_env else []
    return "".join(f"{line}\n" for line in [*_exports(plan.build_env), *further])


def gather_env(
    names: Iterable[str], environ: Mapping[str, str], folder: Path, reporter: Reporter
) -> tuple[Secret, ...]:
    """The secret with the values of these variables, in a file in `folder` that this user alone can read."""
    wanted = list(names)
    for name in wanted:
        if not environ.get(name):
            reporter.warn(f"the variable `{name}` of stage `build` has no value", hint="set it where the image is made")
    found = [(name, environ[name]) for name in wanted if environ.get(name)]
    if not found:
        return ()
    path = folder / "build-env"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in _exports(found))
    return (Secret(ENV_SECRET, path),)


def _exports(variables: Iterable[tuple[str, str]]) -> list[str]:
    return [f"export {name}={shlex.quote(value)}" for name, value in variables]
