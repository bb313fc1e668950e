"""`requirement_lines`: what a bentofile asks pip or uv to install, as the lines of one requirements file."""

from __future__ import annotations

from collections.abc import Mapping

from ekiben.packager.bentofile.bentofile import Bentofile
from ekiben.packager.lock.foreign_pylock import Chosen
from ekiben.packager.lock.project_locks import is_project_lock, project_lock_lines
from ekiben.report import Reporter


def requirement_lines(bentofile: Bentofile, environ: Mapping[str, str], reporter: Reporter) -> tuple[str, ...]:
    """The requirements of the file and of the bentofile, the project's wheels by their paths, and its constraint files.

    A lock of another tool is read here, so its lines need no file. Raises LockError for one that cannot be used.
    """
    options = bentofile.python
    file = options.requirements_txt
    if file is None:
        listed: tuple[str, ...] = ()
    elif is_project_lock(file):
        listed = project_lock_lines(bentofile.project, file, Chosen(options.extras, options.groups), environ)
        reporter.info(f"lock: the pins of `{file}` are taken over")
    else:
        listed = (f"-r {file}",)
    wheels = (f"./{path}" for path in options.wheels)
    constraints = (f"-c {path}" for path in options.constraints)
    return (*listed, *options.packages, *bentofile.conda.pip, *wheels, *constraints)
