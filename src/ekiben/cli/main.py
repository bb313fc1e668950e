"""The console script `ekiben`: the one boundary where an error becomes a message and an exit code."""

from __future__ import annotations

import sys

from ekiben.cli.app import app
from ekiben.errors import EkibenError


def main() -> None:
    """Runs the command line. Exit codes: 0 done, 1 an error or findings, 2 usage, 130 interrupted."""
    try:
        app(prog_name="ekiben")
    except EkibenError as error:
        print(f"error: {error}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
