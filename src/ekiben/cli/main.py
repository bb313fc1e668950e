"""The console script `ekiben`: the one boundary where an error becomes a message and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from ekiben.cli.garbage import look_no_more, look_seldom
from ekiben.cli.interrupts import stopped_by
from ekiben.errors import EkibenError
from ekiben.report import print_error


def main() -> None:
    """Runs the command line. Exit codes: 0 done, 1 an error or findings, 2 usage, 130 interrupted."""
    signal.signal(signal.SIGTERM, _stop)
    look_seldom()
    try:
        _run(sys.argv[1:])
    except KeyboardInterrupt:
        _end(stopped_by(signal.SIGINT))
    except EkibenError as error:
        _end(error)
    finally:
        look_no_more()


def _run(arguments: Sequence[str]) -> None:
    """Imports as little as may be, and here, since a Ctrl-C meanwhile is no traceback either."""
    from ekiben.cli.direct import parse_direct, run_direct

    call = parse_direct(arguments, os.environ)
    if call:
        run_direct(call)
    else:
        from ekiben.cli.app import app

        app(prog_name="ekiben")


def _stop(number: int, frame: object) -> NoReturn:
    raise stopped_by(signal.Signals(number))


def _end(error: EkibenError) -> NoReturn:
    print_error(error)
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
