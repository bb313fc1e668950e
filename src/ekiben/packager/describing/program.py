"""`python -m ekiben.packager.describing.program`: describes one service, with all that it needs imported beforehand.

    stdin   {"root": DIR, "service": "module:Class", "environ": {...}, "output": FILE, "inputs": FILE}, then its end

Nothing of the service is known before the job is read, so the process can be started early; then it takes on the
environment and the folder of the job. `output` and the exit status are those of `ekiben.serving.describe`; `inputs`
gets `{"states": {path: state}, "foreign": text}`, what was read meanwhile.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import NoReturn

from ekiben.packager.inputs import module_files, recording, state_of
from ekiben.serving import describe


def main() -> NoReturn:
    """Does the job that stdin names."""
    job = json.loads(sys.stdin.read())  # to its end: a service that reads on finds nothing
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _take_on(job["environ"])
    os.chdir(job["root"])
    with recording() as inputs:
        status = describe.main(["--root", job["root"], "--service", job["service"], "--output", job["output"]])
    states = {path: state_of(path) for path in module_files(inputs.states)} | inputs.states
    Path(job["inputs"]).write_text(json.dumps({"states": states, "foreign": inputs.foreign}))
    describe.leave(status)


def _take_on(environ: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environ)
    if hasattr(time, "tzset"):
        time.tzset()


if __name__ == "__main__":
    main()
