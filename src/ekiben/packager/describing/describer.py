"""`Describer`: the process that imports a service and says what it declares. Here it is started, asked and ended.

It runs on the staged source, with a fixed hash seed (so that sets print the same every time), without what this machine
tells its interpreters, with the store that the build uses, and a time limit. It can be started before anything is known
of the service, so that its own imports are done when it is asked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ekiben.errors import DescriptionError
from ekiben.packager.child_process import child_process, wait_for_end
from ekiben.packager.inputs import State, apart
from ekiben.serving.exit_status import EXIT_EXPLAINED
from ekiben.serving.variables import ARGUMENTS_VARIABLE

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
# What a shell and a terminal say of themselves, another thing in every window.
TERMINAL = frozenset({"_", "PWD", "OLDPWD", "SHLVL", "COLUMNS", "LINES", "TERM", "WINDOWID"})


@dataclass(frozen=True, slots=True)
class Job:
    """What is described: `service` (an import string) of the source in `root`, its models looked up in the store at
    `home`. It sees what it will see in its image: of this machine's environment `variables` are replaced, and
    `arguments` are what `use_arguments` gives."""

    root: Path
    service: str
    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of `job`: `content` is the description's JSON, without the folders that the process ran in; `said`
    are the lines that the service printed."""

    job: Job
    content: bytes
    said: tuple[str, ...]


class Describer:
    """The process: started, then asked, then heard; once each."""

    def __init__(
        self,
        child: subprocess.Popen[str],
        folder: Path,
        said: IO[bytes],
        began_ns: int,
        meanwhile: Callable[[], object] | None,
    ) -> None:
        self._job: Job | None = None  # once it was asked
        self.read: dict[str, State] = {}  # once it was heard: what it read, by path,
        self.foreign = ""  # and what else it asked (see `Inputs`)
        self.began_ns = began_ns  # Unix time of its start
        self._child = child
        self.folder = folder  # its own, gone when it ends
        self._said = said
        self._meanwhile = meanwhile

    @classmethod
    @contextmanager
    def started(cls, meanwhile: Callable[[], object] | None = None) -> Iterator[Describer]:
        """A process for the block. However that is left, it ends with all that it started. `meanwhile` is what this
        process has to do while the other one imports the service: it is called when nothing else is left to do."""
        began_ns = time.time_ns()
        command = [sys.executable, "-m", "ekiben.packager.describing.program"]
        # Files and not pipes: something that the service leaves running would keep a pipe open for ever.
        with (
            tempfile.TemporaryDirectory(prefix="ekiben-describe-") as folder,
            tempfile.TemporaryFile() as said,
            child_process(
                command,
                cwd=Path(folder),
                environ=_environment(os.environ, {}),
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.STDOUT,
            ) as child,
        ):
            yield cls(child, Path(folder).resolve(), said, began_ns, meanwhile)

    def ask(self, job: Job) -> None:
        """Gives the process its job, and does not wait for it."""
        self._job = job
        places = {"root": str(job.root.resolve()), "output": str(self._output), "inputs": str(self._inputs)}
        text = json.dumps({**places, "service": job.service, "environ": self._environ(job)})
        assert self._child.stdin is not None, "it was started with a pipe"
        with suppress(BrokenPipeError), self._child.stdin as stdin:  # its exit status will say more
            stdin.write(text)

    def hear(self, timeout_s: float = TIMEOUT_S) -> Answer:
        """What the job's service declares. Raises DescriptionError where the process dies, or needs longer than
        `timeout_s`: then it is killed with all that it started. That a service cannot be imported is an answer, too."""
        assert self._job is not None, "asked before it is heard"
        job = self._job
        if self._meanwhile:
            with apart():
                self._meanwhile()
        try:
            status = wait_for_end(self._child, timeout_s)
        except subprocess.TimeoutExpired as error:
            raise DescriptionError(
                f"importing `{job.service}` took more than {timeout_s:.0f} s",
                hint="load models and open connections when the service starts, not when its module is imported",
            ) from error
        self._said.seek(0)
        said = self._said.read().decode(errors="replace").splitlines()
        if status not in (0, EXIT_EXPLAINED) or not self._output.is_file():
            raise _died(job.service, status, said)
        root, content = job.root.resolve(), self._output.read_bytes()
        self._take_inputs(root)
        if status == 0:
            content = _placeless(content, {str(root): ".", str(self.folder): "/tmp"})
        return Answer(job, content, tuple(said))

    @property
    def _output(self) -> Path:
        return self.folder / "description.json"

    @property
    def _inputs(self) -> Path:
        return self.folder / "inputs.json"

    def _take_inputs(self, root: Path) -> None:
        """Notes what was read, but for the copy of the source and the process's own folder."""
        data = json.loads(self._inputs.read_bytes())
        own = (f"{root}{os.sep}", f"{self.folder}{os.sep}")
        states = {path: state and tuple(state) for path, state in data["states"].items()}
        self.read = {path: state for path, state in states.items() if not f"{path}{os.sep}".startswith(own)}
        self.foreign = data["foreign"]

    def _environ(self, job: Job) -> dict[str, str]:
        declared = {name: value for name, value in job.variables.items() if name not in _PLACES | _SWITCHES}
        return (
            _environment(os.environ, declared)
            | {"EKIBEN_HOME": str(job.home), "TMPDIR": str(self.folder)}
            | {ARGUMENTS_VARIABLE: json.dumps({**job.arguments}, sort_keys=True)}
        )


def _environment(environ: Mapping[str, str], declared: Mapping[str, str]) -> dict[str, str]:
    """The process's environment: it imports from where this process does, though it starts in another folder."""
    dropped = _SWITCHES | TERMINAL | {"EKIBEN_BENTO", "PYTHONPATH"}
    kept = {name: value for name, value in environ.items() if name not in dropped and not name.startswith("LC_")}
    paths = [str(Path(path).absolute()) for path in environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return (
        kept
        | _IMAGE
        | {**declared}
        | {
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
            "PYTHONSAFEPATH": "1",
        }
    )


def _placeless(content: bytes, names: Mapping[str, str]) -> bytes:
    """The document without the folders that the process ran in, which are others every time."""
    for folder, name in names.items():
        content = content.replace(json.dumps(folder, ensure_ascii=False)[1:-1].encode(), name.encode())
    return content


def _died(service: str, status: int, said: list[str]) -> DescriptionError:
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    tail = "\n".join(said[-_LAST_LINES:])
    return DescriptionError(f"the process that imported `{service}` {how}", hint=f"it said:\n{tail}" if tail else None)
