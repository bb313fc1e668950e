"""`DistInfo`: what a wheel says of itself, held to its file name: name, version, format, the programs it asks for."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import HeaderParser

from packaging.utils import NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from ekiben.packager.image.native.wheels.archive import WheelArchive
from ekiben.packager.image.native.wheels.refused import Refused

_FORMAT = re.compile(r"1\.\d{1,4}")  # PEP 427: installers refuse another major version, and take any minor one
_SCRIPT_GROUPS = ("console_scripts", "gui_scripts")  # the same on Linux


@dataclass(frozen=True, slots=True)
class DistInfo:
    """`name` in its canonical spelling; `stem` is what the wheel's own folders begin with, as in `Foo_bar-1.0`.
    `programs` has what entry points ask for: the name of a program -> the object that it calls, as they spell it."""

    name: NormalizedName
    version: Version
    stem: str
    programs: Mapping[str, str]

    @property
    def folder(self) -> str:
        """The folder of the metadata."""
        return f"{self.stem}.dist-info"

    @property
    def data_folder(self) -> str:
        """The folder of what is installed outside of site-packages."""
        return f"{self.stem}.data"


def read_dist_info(archive: WheelArchive) -> DistInfo:
    """What the wheel says of itself. Raises Refused where it says nothing, or not what its file is called."""
    try:
        name, version, _, _ = parse_wheel_filename(archive.path.name)
    except ValueError as error:
        raise Refused("its name is not that of a wheel") from error
    stem = _stem(archive)
    if f"{stem}.dist-info/METADATA" not in archive.members:
        raise Refused("it has no METADATA")
    if _named(stem) != (name, version):
        raise Refused(f"its metadata is that of `{stem}`")
    stated = HeaderParser().parsestr(archive.text(f"{stem}.dist-info/WHEEL"))["Wheel-Version"] or ""
    if not _FORMAT.fullmatch(stated.strip()):
        raise Refused(f"its format is version `{stated}`, and 1 is what is known")
    return DistInfo(name, version, stem, _programs(archive, f"{stem}.dist-info/entry_points.txt"))


def _stem(archive: WheelArchive) -> str:
    """The `Foo_bar-1.0` of `Foo_bar-1.0.dist-info`. No other folder may claim to hold metadata or data."""
    folders = {member.split("/")[0] for member in archive.members if "/" in member}
    found = [one for one in folders if one.endswith(".dist-info")]
    if len(found) != 1:
        raise Refused(f"it has {len(found)} .dist-info folders")
    stem = found[0].removesuffix(".dist-info")
    foreign = [one for one in folders if one.endswith(".data") and one != f"{stem}.data"]
    if foreign:
        raise Refused(f"`{min(foreign)}` in it is the data of another wheel")
    return stem


def _named(stem: str) -> tuple[NormalizedName, Version] | None:
    name, _, version = stem.partition("-")
    try:
        return canonicalize_name(name), Version(version)
    except InvalidVersion:
        return None


def _programs(archive: WheelArchive, member: str) -> dict[str, str]:
    """The entry points of the two groups that become programs, by name."""
    if member not in archive.members:
        return {}
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, default_section="")
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names keep their case
    try:
        parser.read_string(archive.text(member))
        groups = [dict(parser.items(group)) for group in _SCRIPT_GROUPS if parser.has_section(group)]
    except configparser.Error as error:
        raise Refused(f"its `{member}` cannot be read: {error}") from error
    return {name: value for group in groups for name, value in group.items()}
