"""`fill_template`: a project's template with ekiben's blocks in it, by a process that may fail for it alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ekiben.errors import ImageError
from ekiben.packager.child_process import child_process
from ekiben.packager.inputs import answered

TIMEOUT_S = 60.0  # the child's own limit is in seconds of work; this one is for a machine that gives it none
KEY = "docker.dockerfile_template"
BASE_BLOCK = "SETUP_BENTO_BASE_IMAGE"
_RENDERING = "ekiben.packager.image.dockerfile_template.rendering"
# What an interpreter needs to be found and started; no template has any use for the rest, which may hold secrets.
_KEPT = ("PYTHONHOME", "PYTHONUSERBASE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "HOME", "PATH")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Blank:
    """What a template extends: `head` stands before everything, `blocks` are in order, `variables` are for reading."""

    head: str
    blocks: Mapping[str, str]
    variables: Mapping[str, object]


def fill_template(template: str, blank: Blank) -> str:
    """The text of `template`. Raises ImageError, with the template's line, where it cannot be filled in."""
    with tempfile.TemporaryDirectory(prefix="ekiben-template-") as folder:
        job, result = Path(folder, "job.json"), Path(folder, "result.json")
        job.write_text(json.dumps({"template": template, **asdict(blank)}), encoding="utf-8")
        status = _run([sys.executable, "-m", _RENDERING, str(job), str(result)], Path(folder))
        if status != 0 or not result.is_file():
            raise ImageError(
                f"`{KEY}` takes too long or too much memory", hint="a template names lines; it is no place to compute"
            )
        outcome = json.loads(result.read_bytes())
    if "error" in outcome:
        where = f", line {outcome['line']}" if outcome["line"] else ""
        raise ImageError(f"`{KEY}`{where}: {outcome['error']}", hint=outcome["hint"])
    return _checked(str(outcome["text"]), blank)


def _run(command: list[str], folder: Path) -> int:
    environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
    paths = [str(Path(path).absolute()) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    environ |= {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    silent = subprocess.DEVNULL
    with answered(), child_process(command, cwd=folder, environ=environ, stdout=silent, stderr=silent) as child:
        try:
            return child.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return -1


def _checked(text: str, blank: Blank) -> str:
    """A text that an engine can read, with every stage of ours: the image stands on what the Bento, its labels and its
    bill of materials say, and holds what the Bento locks."""
    if found := _CONTROL.search(text):
        raise ImageError(f"`{KEY}` writes the control character {found[0]!r}")
    lines = set(text.splitlines())
    for block, ours in blank.blocks.items():
        left_out = next((line for line in ours.splitlines() if line.startswith("FROM ") and line not in lines), None)
        if left_out is not None:
            base = ", and name another base in `docker.base_image`" if block == BASE_BLOCK else ""
            raise ImageError(
                f"`{KEY}` leaves out `{left_out}`, on which all else stands",
                hint=f"write `{{{{ super() }}}}` in {block}{base}",
            )
    return text
