"""The service described by a process of its own: which APIs it has, their schemas, the models it names.

User code is never imported here: `python -m ekiben.serving.describe` runs on the staged source, with a fixed hash seed
(so that sets print the same every time), without what this machine tells its interpreters, with the store that the
build uses, and a time limit. This module starts it, reads
what it wrote, and puts what went wrong into words.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ekiben.errors import DescriptionError
from ekiben.packager.child_process import child_process
from ekiben.report import Reporter
from ekiben.serving.declare.arguments import ARGUMENTS_VARIABLE
from ekiben.serving.exit_status import EXIT_EXPLAINED

TIMEOUT_S = 300.0  # an import of torch from a cold disk takes a minute; a service that waits for something, for ever
_LAST_LINES = 20  # of what a child said before it died
# What tells an interpreter how to run code: docstrings, assertions, warnings and encodings, all of which a description
# may show. What tells it where things are (PYTHONPATH, PYTHONHOME, PYTHONUSERBASE ...) stays: the service needs it.
_SWITCHES = frozenset(
    {
        *("PYTHONOPTIMIZE", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONDEBUG", "PYTHONVERBOSE", "PYTHONDEVMODE"),
        *("PYTHONWARNINGS", "PYTHONWARNDEFAULTENCODING", "PYTHONIOENCODING", "PYTHONCASEOK", "PYTHONBREAKPOINT"),
        *("PYTHONASYNCIODEBUG", "PYTHONPROFILEIMPORTTIME", "PYTHONTRACEMALLOC", "PYTHONMALLOCSTATS", "PYTHONDUMPREFS"),
        *("PYTHONINTMAXSTRDIGITS", "PYTHONNODEBUGRANGES", "PYTHON_PRESITE", "PYTHON_COLORS"),
    }
)
# What says where this machine has its programs and libraries: a value for the image would be wrong here.
_PLACES = frozenset({"PATH", "HOME", "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "LD_LIBRARY_PATH", "LD_PRELOAD"})
_IMAGE = {"LANG": "C.UTF-8", "LANGUAGE": "", "TZ": "UTC"}  # as in images, where they declare nothing else
_MISSING_MODULE = re.compile(r"^ModuleNotFoundError: No module named '(\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ServiceDescription:
    """`name`, import string (`service`), declared `config` and `models` (tags as written) of one service."""

    name: str
    service: str
    config: Mapping[str, object]
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Copy:
    """The folder where a source was copied to, and the one that the user knows."""

    root: Path
    project: Path

    def as_user_sees(self, text: str) -> str:
        """`text` with paths of the project in place of those of the copy."""
        return text.replace(str(self.root), str(self.project))

    def was_left_out(self, module: str) -> str | None:
        """The project's file or folder of a module that the copy lacks, None where there is none."""
        names = (f"{module}.py", module, f"src/{module}.py", f"src/{module}")
        return next(
            (name for name in names if (self.project / name).exists() and not (self.root / name).exists()), None
        )


@dataclass(frozen=True, slots=True)
class Description:
    """`entry` is the name of the service that answers requests; `models` are the tags that any of them names."""

    entry: str
    services: tuple[ServiceDescription, ...]
    models: tuple[str, ...]
    openapi: Mapping[str, object]
    schema: Mapping[str, object]

    @property
    def entry_service(self) -> ServiceDescription:
        """The service that answers requests."""
        return next(service for service in self.services if service.name == self.entry)


def describe_service(
    root: Path,
    service: str,
    *,
    project: Path,
    home: Path,
    reporter: Reporter,
    variables: Mapping[str, str] | None = None,
    arguments: Mapping[str, object] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Description:
    """Describes `service` (an import string) of the source in `root`, its models looked up in the store at `home`.

    It sees what it will see in its image: of this machine's environment `variables` are replaced, and `arguments` are
    what `use_arguments` gives.

    Raises DescriptionError where it cannot be imported or described, with file and line in `project`, of which
    `root` is a copy.
    """
    root = root.resolve()
    with tempfile.TemporaryDirectory(prefix="ekiben-describe-") as folder:
        output = Path(folder) / "description.json"
        environ = _environment(os.environ, home, folder, variables or {})
        environ[ARGUMENTS_VARIABLE] = json.dumps(arguments or {}, sort_keys=True)
        command = [sys.executable, "-m", "ekiben.serving.describe"]
        command += ["--root", str(root), "--service", service, "--output", str(output)]
        status, said = _run(command, root, environ, service, timeout_s)
        for line in said:
            reporter.output(line)
        if status not in (0, EXIT_EXPLAINED) or not output.is_file():
            raise _died(service, status, said)
        content = output.read_bytes()
        if status == 0:
            content = _placeless(content, {str(root): ".", folder: "/tmp"})
        return _read(content, service, _Copy(root, project))


def _run(
    command: list[str], root: Path, environ: Mapping[str, str], service: str, timeout_s: float
) -> tuple[int, list[str]]:
    """The child's exit status and the lines it said. At the time limit it is killed with all that it started."""
    # A file and not a pipe: something that the service leaves running would keep a pipe open for ever.
    with tempfile.TemporaryFile() as said:
        with child_process(command, cwd=root, environ=environ, stdout=said, stderr=subprocess.STDOUT) as child:
            try:
                status = child.wait(timeout_s)
            except subprocess.TimeoutExpired as error:
                raise DescriptionError(
                    f"importing `{service}` took more than {timeout_s:.0f} s",
                    hint="load models and open connections when the service starts, not when its module is imported",
                ) from error
        said.seek(0)
        return status, said.read().decode(errors="replace").splitlines()


def _environment(environ: Mapping[str, str], home: Path, tmp: str, variables: Mapping[str, str]) -> dict[str, str]:
    """The child's environment: it imports from where this process does, though it starts in another folder."""
    dropped = _SWITCHES | {"EKIBEN_BENTO", "PYTHONPATH"}
    kept = {name: value for name, value in environ.items() if name not in dropped and not name.startswith("LC_")}
    paths = [str(Path(path).absolute()) for path in environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    declared = {name: value for name, value in variables.items() if name not in _PLACES | _SWITCHES}
    return (
        kept
        | _IMAGE
        | declared
        | {
            "EKIBEN_HOME": str(home),
            "TMPDIR": tmp,
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
            "PYTHONSAFEPATH": "1",
        }
    )


def _placeless(content: bytes, names: Mapping[str, str]) -> bytes:
    """The document without the folders that the child ran in, which are others every time."""
    for folder, name in names.items():
        content = content.replace(json.dumps(folder, ensure_ascii=False)[1:-1].encode(), name.encode())
    return content


def _died(service: str, status: int, said: list[str]) -> DescriptionError:
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    tail = "\n".join(said[-_LAST_LINES:])
    return DescriptionError(f"the process that imported `{service}` {how}", hint=f"it said:\n{tail}" if tail else None)


class _ServiceSchema(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str
    service: str
    config: dict[str, object] = {}
    models: list[str] = []


class _ErrorSchema(BaseModel):
    model_config = ConfigDict(extra="ignore")

    message: str
    hint: str | None = None
    file: str | None = None
    line: int | None = None
    traceback: str | None = None


class _OutputSchema(BaseModel):
    model_config = ConfigDict(extra="ignore")

    entry: str = ""
    services: list[_ServiceSchema] = []
    models: list[str] = []
    openapi: dict[str, object] = {}
    schema_document: dict[str, object] = {}
    error: _ErrorSchema | None = None


def _read(content: bytes, service: str, copy: _Copy) -> Description:
    try:
        data = json.loads(content)  # its `schema` is renamed, since pydantic's models have a method of that name
        output = _OutputSchema.model_validate({**data, "schema_document": data.get("schema", {})})
    except (ValueError, TypeError, AttributeError) as error:
        raise DescriptionError(f"the description of `{service}` cannot be read: {error}") from error
    if output.error:
        raise _explained(output.error, copy)
    services = tuple(
        ServiceDescription(one.name, one.service, one.config, tuple(one.models)) for one in output.services
    )
    if output.entry not in (one.name for one in services):
        raise DescriptionError(f"the description of `{service}` lacks its entry service")
    return Description(output.entry, services, tuple(output.models), output.openapi, output.schema_document)


def _explained(error: _ErrorSchema, copy: _Copy) -> DescriptionError:
    missing = _MISSING_MODULE.search(error.traceback or "")
    left_out = copy.was_left_out(missing[1]) if missing else None
    where = f"`{left_out}` is not among the selected files: see `include`, `exclude` and .bentoignore"
    hint = where if left_out else error.hint
    place = ":".join(str(part) for part in (error.file, error.line) if part is not None)
    message = error.message if place in error.message else f"{place}: {error.message}"
    return DescriptionError(copy.as_user_sees(message), hint=copy.as_user_sees(hint) if hint else None)
