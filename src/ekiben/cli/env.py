"""`ekiben env`: what a bug report needs, and where each setting came from."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

import ekiben
from ekiben.cli.formats import ListFormat
from ekiben.cli.output import print_json, print_table, print_yaml
from ekiben.cli.state import state_of

_PACKAGES = ("uv", "pip-tools", "docker", "pydantic", "msgspec", "httptools", "numpy", "scikit-learn")


def show_env(
    ctx: typer.Context,
    output: Annotated[ListFormat, typer.Option("--output", "-o", help="How to print.")] = ListFormat.table,
) -> None:
    """Show versions, the platform, and every setting with the place it came from."""
    settings = state_of(ctx).settings
    facts = [
        ("ekiben", ekiben.__version__, ""),
        ("python", platform.python_version(), sys.executable),
        ("platform", platform.platform(), ""),
        *((name, _version(name), "") for name in _PACKAGES),
        *settings.rows(),
    ]
    match output:
        case ListFormat.table:
            print_table(("Name", "Value", "Source"), facts)
        case ListFormat.json:
            print_json([{"name": name, "value": value, "source": source} for name, value, source in facts])
        case ListFormat.yaml:
            print_yaml([{"name": name, "value": value, "source": source} for name, value, source in facts])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
