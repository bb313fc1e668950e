"""The console script `ekiben`: the one boundary where an error becomes a message and an exit code."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

from ekiben.cli.app import app
from ekiben.errors import EkibenError, Interrupted
from ekiben.report import print_error


def main() -> None:
    """Runs the command line. Exit codes: 0 done, 1 an error or findings, 2 usage, 130 interrupted."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        app(prog_name="ekiben")
    except EkibenError as error:
        print_error(error)
        sys.exit(error.exit_code)


def _stop(number: int, frame: object) -> NoReturn:
    raise Interrupted(f"stopped by {signal.Signals(number).name}; nothing half done is kept")


if __name__ == "__main__":
    main()
