"""`python -m ekiben.clients.guarded ARGUMENTS`: the command line, told to end when whoever started it is gone.

That is when its standard input ends: however the other process ended, the system closes its side of the pipe.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading

COMMAND = "ekiben.cli"


def main() -> None:
    """Runs the command line in this process."""
    threading.Thread(target=_watch, name="ekiben-guard", daemon=True).start()
    sys.argv[0] = COMMAND
    runpy.run_module(COMMAND, run_name="__main__", alter_sys=True)


def _watch() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
