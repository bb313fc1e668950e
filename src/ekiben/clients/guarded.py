"""`python -m ekiben.clients.guarded FOLDER ARGUMENTS`: the command line, told to end when whoever started it is gone.

That is when its standard input ends: however the other process ended, the system closes its side of the pipe. The
folder, which was the other's, is removed then.
"""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import sys
import threading

COMMAND = "ekiben.cli"


def main() -> None:
    """Runs the command line in this process."""
    _, folder, *arguments = sys.argv
    threading.Thread(target=_watch, args=(folder,), name="ekiben-guard", daemon=True).start()
    sys.argv = [COMMAND, *arguments]
    runpy.run_module(COMMAND, run_name="__main__", alter_sys=True)


def _watch(folder: str) -> None:
    while os.read(0, 1):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
