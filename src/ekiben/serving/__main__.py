"""`python -m ekiben.serving`: the server, as images start it. `ekiben serve` calls the same `serve`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ekiben.errors import EkibenError
from ekiben.report import print_error
from ekiben.serving.options import read_arguments
from ekiben.serving.server import serve
from ekiben.serving.target import resolve_target


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until told to stop; gives the exit status. A mistake of the user is a message, not a traceback.

    A first word `serve` is passed over: images of BentoML are run so.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    arguments = read_arguments(words[1:] if words[:1] in (["serve"], ["serve-http"]) else words)
    try:
        return serve(resolve_target(arguments, os.environ), arguments.options)
    except EkibenError as error:
        print_error(error)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
