"""`SourceRequirement`: a requirement that names where a package's source or wheel lies, and no version of an index.

    ./libs/mylib            mylib @ file:libs/mylib       a folder of the project
    ./dist/x-1.0.tar.gz     x @ file:///project/x.whl     an archive in the project
    git+https://host/team/x.git@v1.2#subdirectory=lib     a repository, at a branch, a tag or a commit
    git+file:libs/x@v1.2                                  one that is cloned into the project

Extras and markers may follow, as in pip. What lies on this machine lies in the project, however it is written, and is
told from there: the normal form is content of a Bento, and another machine has other paths. Nothing is opened here but
to tell folders from files; what becomes of them is `own_wheels`'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, quote, unquote, urlsplit, urlunsplit

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from ekiben.errors import NotActedOn
from ekiben.packager.credentials import redact
from ekiben.packager.lock.lines import Line
from ekiben.packager.lock.origin import OriginKind

_ARCHIVES = (".whl", ".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz")
_PROJECT_FILES = ("pyproject.toml", "setup.py")  # one of them makes a folder a package that can be built
_SCHEMES = ("https", "ssh", "http", "git")  # and none by which git would run a command
_HERE = "file:"
_OTHER_VCS = ("hg+", "svn+", "bzr+")
_REMOTE = ("http:", "https:", "ftp:")
_NAMED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[(?P<extras>[^]]*)])?\s*@\s*(?P<where>\S.*)")
_EXTRAS = re.compile(r"(?P<where>.*?)\s*\[(?P<extras>[^]]*)]")
_MARKER = re.compile(r"\s+;|;\s")  # a URL may hold a `;`, but no blank beside it
_SCP = re.compile(r"git\+(?P<user>[\w.-]+@)(?P<host>[\w.-]+):(?!//)(?P<path>[^:\s]\S*)")  # git@host:team/x.git
_REVISION = re.compile(r"[A-Za-z0-9_][^\s~^:?*\[\\]*")  # what git allows in a name, and no option


@dataclass(frozen=True, slots=True)
class SourceRequirement:
    """`location` is a path in the project (POSIX, relative), or a repository's URL, where it lies in the project with
    such a path (`file:libs/x`); `revision` is what stood behind its `@`, `subdirectory` the folder in it."""

    kind: OriginKind
    location: str
    name: str | None = None
    extras: tuple[str, ...] = ()
    marker: str | None = None
    revision: str | None = None
    subdirectory: str | None = None

    @property
    def inner_path(self) -> str | None:
        """The path in the project of what lies there."""
        if self.kind != "vcs":
            return self.location
        return unquote(self.location.removeprefix(_HERE)) if self.location.startswith(_HERE) else None

    @property
    def text(self) -> str:
        """The requirement in normal form."""
        return self.called(self.name)

    def called(self, name: str | None) -> str:
        """The same in normal form under a name, which a requirement need not give."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        tail = f" ; {self.marker}" if self.marker else ""
        if self.kind == "vcs":
            revision = f"@{self.revision}" if self.revision else ""
            where = f"git+{self.location}{revision}{f'#subdirectory={self.subdirectory}' if self.subdirectory else ''}"
        else:
            where = f"file:{self.location}" if name else f"./{self.location}"
        return f"{name}{extras} @ {where}{tail}" if name else f"{where}{extras}{tail}"


def parse_source(line: Line, project: Path) -> SourceRequirement | None:
    """The source that `line` names, None where it asks for a package by name and version alone.

    Raises LockError for a place that is not there or outside of `project`, NotActedOn for a kind that cannot be built.
    """
    text, *tail = _MARKER.split(line.text, maxsplit=1)
    marker = _marker(line, tail[0]) if tail else None
    named = _NAMED.fullmatch(text.strip())
    found = named or _EXTRAS.fullmatch(text.strip())
    where, extras = (found["where"], _extras(found["extras"])) if found else (text.strip(), ())
    if not named and not _is_place(where):
        return None
    name = canonicalize_name(named["name"]) if named else None
    if where.startswith(_OTHER_VCS):
        raise _cannot(line, "git is the only version control that is read", "build a wheel of it and name that")
    if where.lower().startswith(_REMOTE):
        raise _cannot(
            line,
            "an archive at a URL is not fetched",
            "save the file into the project and name it under `python.wheels`, or require it by name from an index",
        )
    if where.startswith("git+"):
        return _repository(line, SourceRequirement("vcs", where, name, extras, marker), project)
    return _local(line, SourceRequirement("path", where, name, extras, marker), project)


def _is_place(text: str) -> bool:
    is_url = "://" in text or text.startswith(("file:", "git+"))
    return is_url or text.startswith((".", "/", "~")) or text.endswith(_ARCHIVES) or ("/" in text and " " not in text)


def _marker(line: Line, text: str) -> str:
    try:
        return str(Marker(text.strip()))
    except InvalidMarker as error:
        raise line.refuse(f"`{text.strip()}` is no marker: {str(error).splitlines()[0]}") from error


def _extras(text: str | None) -> tuple[str, ...]:
    return tuple(sorted({canonicalize_name(one.strip()) for one in (text or "").split(",") if one.strip()}))


def _repository(line: Line, source: SourceRequirement, project: Path) -> SourceRequirement:
    """`source`, whose location is still the whole text, taken apart."""
    scp = _SCP.fullmatch(source.location)
    whole = f"git+ssh://{scp['user']}{scp['host']}/{scp['path']}" if scp else source.location
    parts = urlsplit(whole.removeprefix("git+"))
    is_here = parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path != ""
    if not is_here and (parts.scheme not in _SCHEMES or not parts.netloc):
        raise line.refuse(
            f"`{redact(source.location)}` is no address of a repository", f"git+{_SCHEMES[0]}://host/path"
        )
    path, _, revision = parts.path.rpartition("@") if "@" in parts.path else (parts.path, "", "")
    if revision and not _REVISION.fullmatch(revision):
        raise line.refuse(f"`{revision}` is no revision of a repository")
    fragment = parse_qs(parts.fragment)
    egg = _requirement(fragment.get("egg", [""])[0])
    return SourceRequirement(
        kind="vcs",
        location=_clone(line, path, project) if is_here else urlunsplit(parts._replace(path=path, fragment="")),
        name=source.name or (canonicalize_name(egg.name) if egg else None),
        extras=source.extras or (_extras(",".join(egg.extras)) if egg else ()),
        marker=source.marker,
        revision=revision or None,
        subdirectory=_inner_path(line, fragment.get("subdirectory", [""])[0]),
    )


def _clone(line: Line, path: str, project: Path) -> str:
    """The location of a repository at a path of this machine."""
    root = project.resolve()
    found = _resolved(line, unquote(path), root)
    if not found.is_relative_to(root):
        raise line.refuse(
            f"`{redact(line.text)}` is a repository on this machine, which no other has there",
            "clone it into the project, or name its address; git's `url.<base>.insteadOf` may lead that to this one",
        )
    inside = found.relative_to(root).as_posix()
    if found == root or not found.exists():
        raise line.refuse(f"`{inside}` is no repository in the project", "paths are relative to the project")
    return f"{_HERE}{quote(inside)}"


def _requirement(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _inner_path(line: Line, text: str) -> str | None:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts:
        raise line.refuse(f"the subdirectory `{text}` is outside of its repository")
    return path.as_posix() if path.parts else None


def _local(line: Line, source: SourceRequirement, project: Path) -> SourceRequirement:
    """`source`, whose location is still as written, with its path in the project."""
    root, shown = project.resolve(), redact(source.location)
    path = _resolved(line, source.location, root)
    if path == root:
        raise line.refuse(f"`{shown}` is the project itself", "its own files go into the Bento as its source")
    if not path.is_relative_to(root):
        raise line.refuse(
            f"`{shown}` is outside of the project",
            "what a Bento holds comes from its project: copy it in, or name its repository",
        )
    inside = path.relative_to(root).as_posix()
    if not path.exists():
        raise line.refuse(f"`{inside}` does not exist", "paths are relative to the project")
    if path.is_dir() and not any((path / file).is_file() for file in _PROJECT_FILES):
        raise line.refuse(f"`{inside}` has no pyproject.toml, so no wheel can be built of it")
    if path.is_file() and not path.name.endswith(_ARCHIVES):
        raise line.refuse(f"`{inside}` is no wheel and no source archive")
    kind: OriginKind = "wheel" if path.is_file() and path.suffix == ".whl" else "path"
    if kind == "wheel":
        _check_name(line, inside)
    return SourceRequirement(kind, inside, source.name, source.extras, source.marker)


def _check_name(line: Line, wheel: str) -> None:
    try:
        parse_wheel_filename(PurePosixPath(wheel).name)
    except InvalidWheelFilename as error:
        hint = "it is `name-version-python-abi-platform.whl`, as whoever built it called it"
        raise line.refuse(f"`{wheel}` has no file name of a wheel", hint) from error


def _resolved(line: Line, where: str, root: Path) -> Path:
    rest = where.removeprefix("file:")
    text = where if rest == where else unquote(urlsplit(where).path if rest.startswith("//") else rest)
    if text.startswith("~"):
        raise line.refuse(f"`{where}` is in a home folder", "paths are relative to the project")
    try:
        return (root / text).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a loop of links; ValueError: a NUL
        raise line.refuse(f"`{redact(where)}` cannot be read") from error


def _cannot(line: Line, why: str, hint: str) -> NotActedOn:
    message = f"`{redact(line.text)}` cannot be locked: {why}"
    return NotActedOn(f"{line.place}: {message}" if line.place else message, hint=hint)
