"""`python -m ekiben.serving.describe`: imports a service in a process of its own and writes down what it declares.

    --root DIR --service module:Class --output FILE

The packager runs it, because importing a service runs the user's code. What that code prints goes to stderr; FILE is
whole once the process has ended. Exit status: 0 described; 3 the service cannot be described, and FILE says
`{"error": ...}` with file and line. No model is looked up: tags are listed as they are written.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import msgspec

from ekiben.errors import DescriptionError, EkibenError
from ekiben.serving.declare.graph import graph_of
from ekiben.serving.declare.service import Service
from ekiben.serving.exit_status import EXIT_EXPLAINED
from ekiben.serving.importing import import_service, is_importable, place_of_failure
from ekiben.serving.openapi import openapi_document, schema_document


def describe(service: Service, target: str) -> dict[str, object]:
    """What the service and those that it depends on declare, as plain data; `target` is its own import string."""
    services = graph_of(service).values()
    models = [str(model) for one in services for model in one.models]
    return {
        "entry": service.name,
        "services": [_described(one, _found_by(one, service, target)) for one in services],
        "models": list(dict.fromkeys(models)),
        "openapi": openapi_document(service),
        "schema": schema_document(service),
    }


def _described(service: Service, import_string: str) -> dict[str, object]:
    return {
        "name": service.name,
        "service": import_string,
        "place": service.place,
        "config": dict(service.config),
        **({"image": service.image.facts()} if service.image else {}),
        "models": [str(one) for one in service.models],
        "dependencies": [one.name for one in service.dependencies.values()],
        "endpoints": schema_document(service)["routes"],
    }


def _found_by(service: Service, entry: Service, target: str) -> str:
    """What is imported to find the service: its own module, or the entry's where only that one leads to it."""
    return service.import_string if service is not entry and is_importable(service) else target


def main(arguments: Sequence[str] | None = None) -> int:
    """Describes the service that the arguments name, and writes the result; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ekiben.serving.describe", description="describe a service as JSON")
    parser.add_argument("--root", type=Path, required=True, help="folder of the service's source")
    parser.add_argument("--service", required=True, help="module:Class")
    parser.add_argument("--output", type=Path, required=True, help="file to write")
    options = parser.parse_args(arguments)
    try:
        service = import_service(options.service, options.root)
        document = describe(service, options.service)
    except EkibenError as error:
        _write(options.output, {"error": _explain(error, options.root)})
        return EXIT_EXPLAINED
    _write(options.output, document)
    return 0


def _explain(error: EkibenError, root: Path) -> dict[str, object]:
    cause = error.__cause__ if isinstance(error, DescriptionError) and error.__cause__ else error
    place = place_of_failure(cause, root)
    return {
        "message": error.message,
        "hint": error.hint,
        "file": str(place.file) if place else None,
        "line": place.line if place else None,
        "traceback": "".join(traceback.format_exception(cause)),
    }


def _write(path: Path, document: dict[str, object]) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1))


def leave(status: int) -> NoReturn:
    """Ends the process: threads that the service's module started would keep it for ever."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    leave(main())
