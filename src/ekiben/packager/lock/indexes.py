"""`Index`: an index by name, for logins of its own and for packages that come from nowhere else.

A login is read where uv looks for it, `UV_INDEX_<NAME>_USERNAME` and `UV_INDEX_<NAME>_PASSWORD`, for both resolvers and
for the image alike: whoever has it configured for one need not do so again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias
from urllib.parse import quote, urlsplit, urlunsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ekiben.packager.lock.toml_text import toml_table, toml_text

IndexStrategy: TypeAlias = Literal["best-match", "first-index"]

# Where builds of PyTorch for one accelerator are, each in a folder named after it: an index instead of uv's own
# knowledge.
TORCH_INDEX_VARIABLE = "EKIBEN_TORCH_INDEX"
TORCH_PACKAGES = ("torch", "torchvision", "torchaudio", "torchtext", "triton", "pytorch-triton*", "xformers")


@dataclass(frozen=True, slots=True)
class Index:
    """An index. With `packages` (names, or patterns such as `nvidia-*`) it is asked for nothing else, and they are
    asked for nowhere else. `url` carries no credential."""

    name: str
    url: str
    packages: tuple[str, ...] = ()

    def has(self, package: str) -> bool:
        """Whether a package, by its canonical name, comes from here alone."""
        return any(fnmatchcase(package, pattern) for pattern in self.packages)

    def url_with_login(self, environ: Mapping[str, str]) -> str:
        """The URL with the user and password that `environ` has for this index."""
        user, password = (environ.get(self._variable(what)) for what in ("USERNAME", "PASSWORD"))
        if not user and not password:
            return self.url
        parts = urlsplit(self.url)
        login = quote(user or "", safe="") + (f":{quote(password, safe='')}" if password else "")
        return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))

    def _variable(self, what: str) -> str:
        return f"UV_INDEX_{re.sub(r'[^A-Za-z0-9]', '_', self.name).upper()}_{what}"


@dataclass(frozen=True, slots=True)
class Rules:
    """How packages are looked for, beyond the places of `PipSettings`: `indexes` in the order in which they are asked,
    `torch` as `torch_backend` gives it, `only_binary` as pip takes it."""

    indexes: tuple[Index, ...] = ()
    strategy: IndexStrategy = "best-match"
    torch: str | None = None
    only_binary: tuple[str, ...] = ()
    allow_prereleases: bool = False

    @property
    def shared_indexes(self) -> tuple[Index, ...]:
        """The indexes that are asked for any package."""
        return tuple(index for index in self.indexes if not index.packages)

    @property
    def own_indexes(self) -> tuple[Index, ...]:
        """The indexes that have packages for themselves."""
        return tuple(index for index in self.indexes if index.packages)

    def on_this_machine(self, environ: Mapping[str, str]) -> Rules:
        """The same; where the machine names an index for PyTorch, that stands for `torch`."""
        index = torch_index(self.torch or "", environ)
        return replace(self, torch=None, indexes=(*self.indexes, index)) if index else self

    @property
    def lines(self) -> tuple[str, ...]:
        """The rules for people and for comparing, a line each; none where nothing is out of the ordinary."""
        found = [
            " ".join([f"index {one.name} {one.url}", *(["for", *one.packages] if one.packages else [])])
            for one in self.indexes
        ]
        found += ["the first index that has a package"] if self.strategy == "first-index" else []
        found += [f"torch {self.torch}"] if self.torch else []
        found += [f"only binary {one}" for one in self.only_binary]
        return (*found, *(["prereleases"] if self.allow_prereleases else []))


PLAIN_RULES = Rules()
ASKING = "ekiben-lock"  # the project by whose name uv is asked
TORCH = Index("torch", "", TORCH_PACKAGES)  # where it is, is to be said


def torch_index(backend: str, environ: Mapping[str, str]) -> Index | None:
    """The index that this machine is told to take a build of PyTorch from; None where uv is to know one."""
    root = environ.get(TORCH_INDEX_VARIABLE, "").rstrip("/")
    return replace(TORCH, url=f"{root}/{backend}") if root and backend else None


def torch_backend(declared: str | None, cuda_version: str | None) -> str | None:
    """The build of PyTorch that `python.torch` means: `auto` is that of the image's CUDA, and for the processor without
    one. What the building machine has does not count."""
    if declared != "auto":
        return declared
    return f"cu{''.join(cuda_version.split('.')[:2])}" if cuda_version and "." in cuda_version else "cpu"


def only_from(requirements: Iterable[str], indexes: Iterable[Index]) -> str:
    """A pyproject.toml for uv that asks for `requirements` (lines without hashes) and keeps those that an index has for
    itself to it. uv heeds this for what is asked for directly only."""
    lines = list(requirements)
    owners = {index.name: index for index in indexes if index.packages}
    names = sorted({canonicalize_name(Requirement(line).name) for line in lines})
    kept = {name: next((one.name for one in owners.values() if one.has(name)), None) for name in names}
    text = toml_table("[project]", {"name": ASKING, "version": "0", "dependencies": lines})
    text += toml_table("[tool.uv.sources]", {name: {"index": owner} for name, owner in kept.items() if owner})
    for index in owners.values():
        text += toml_table("[[tool.uv.index]]", {"name": index.name, "url": index.url, "explicit": True})
    return toml_text(text)


def strays(packages: Iterable[str], requirements: Iterable[str], indexes: Iterable[Index]) -> list[str]:
    """Which of `packages` an index has for itself that nobody asks for directly: uv took them from anywhere."""
    asked = {canonicalize_name(Requirement(line).name) for line in requirements}
    owners = [index for index in indexes if index.packages]
    return sorted(name for name in set(packages) - asked if any(index.has(name) for index in owners))


def index_rows(indexes: Iterable[Index]) -> list[dict[str, object]]:
    """The indexes as data, for a receipt."""
    return [{"name": one.name, "url": one.url, "packages": list(one.packages)} for one in indexes]


def indexes_of(rows: object) -> tuple[Index, ...]:
    """The indexes that a receipt names; what is none is passed over."""
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list | tuple) else []
    return tuple(Index(str(row.get("name", "")), str(row["url"])) for row in found if row.get("url"))
