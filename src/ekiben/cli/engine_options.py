"""The options of `ekiben containerize` that go to an engine which runs a Containerfile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

import typer

_Texts: TypeAlias = list[str] | None

EngineName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--engine",
        "--backend",
        metavar="NAME",
        help="auto, native, docker, buildx, podman, buildah, or a package's own (default: the settings').",
    ),
]
BuildArgs: TypeAlias = Annotated[
    _Texts, typer.Option("--build-arg", metavar="NAME=VALUE", help="An ARG of the Containerfile; may be repeated.")
]
Secrets: TypeAlias = Annotated[
    _Texts, typer.Option("--secret", metavar="id=NAME,src=FILE", help="A file for the build alone; may be repeated.")
]
SshKeys: TypeAlias = Annotated[
    _Texts, typer.Option("--ssh", metavar="default|ID=PATH", help="An SSH agent or key for the build; may be repeated.")
]
CacheFrom: TypeAlias = Annotated[
    _Texts, typer.Option("--cache-from", metavar="SOURCE", help="Where finished steps come from; may be repeated.")
]
CacheTo: TypeAlias = Annotated[
    _Texts, typer.Option("--cache-to", metavar="DEST", help="Where finished steps are kept; may be repeated.")
]
Pull: TypeAlias = Annotated[bool, typer.Option("--pull", help="Ask the registry for a newer base image.")]
NoCache: TypeAlias = Annotated[bool, typer.Option("--no-cache", help="Do every step again.")]
FurtherOptions: TypeAlias = Annotated[
    _Texts,
    typer.Option("--opt", metavar="KEY=VALUE", help="An option of the engine, without its dashes; may be repeated."),
]


def option_texts(further: _Texts, *, pull: bool, named: Mapping[str, _Texts]) -> tuple[str, ...]:
    """What has an option of its own, as the texts of `--opt` that mean the same, and then those of `--opt`."""
    texts = [f"{name}={value}" for name, values in named.items() for value in values or ()]
    return (*texts, *(["pull"] if pull else []), *(further or ()))
