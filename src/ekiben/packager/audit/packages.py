"""What the locks tell: pins, hashes, withdrawals, licences, and software that comes twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch

from packaging.utils import canonicalize_name

from ekiben.errors import LockError, StoreError
from ekiben.packager.audit.codes import (
    CONDA_UNLOCKED,
    COPYLEFT,
    NO_LICENCE,
    NO_LOCK,
    OTHER_CUDA,
    SHIPPED_TWICE,
    UNHASHED,
    UNLOCKED,
    UNPINNED,
    YANKED,
)
from ekiben.packager.audit.evidence import Evidence
from ekiben.packager.audit.finding import Finding, printable
from ekiben.packager.audit.image import base_images
from ekiben.packager.bases.cuda import major_of
from ekiben.packager.bases.cuda_wheels import base_has_cuda, cuda_notes, cuda_wheels
from ekiben.packager.lock.lines import logical_lines
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.lock.pylock import parse_pylock
from ekiben.packager.parts import ENVIRONMENT, INTENT, LOCK
from ekiben.store.bento_manifest import BENTO_MANIFEST
from ekiben.store.bentos import moving_hint
from ekiben.store.documents import parse_document

_LOCKS, _PYLOCKS = "env/python/requirements*.lock", "env/python/pylock*.toml"
_PINNED = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^]]*])?\s*(?P<pin>===?\s*[^\s;*]+(?=\s|;|$)|@\s*\S+)?")
_CONDA_PIN = re.compile(r"[\w.-]+={1,2}[\w.!+-]+=[\w.]+")
_FRAMEWORK_BASES = {"pytorch": "torch", "tensorflow": "tensorflow"}  # a word in a base's name -> what it brings
# conda's name -> the Python package's, where they are not the same
_CONDA_NAMES = {
    "pytorch": "torch",
    "matplotlib-base": "matplotlib",
    "py-opencv": "opencv-python",
    "tensorflow-base": "tensorflow",
}
_COPYLEFT = re.compile(
    r"\b(?:[AL]?GPL|MPL|EUPL|CDDL|EPL|CPL|OSL|SSPL|CECILL(?!-B)|CC-BY(?:-NC)?-SA|GFDL|QPL|Sleepycat)\b"
    r"|GNU .*General Public|Mozilla Public|Copyleft",
    re.IGNORECASE,
)


def check_packages(evidence: Evidence) -> Iterator[Finding]:
    """What is wrong, or worth knowing, about what is installed."""
    yield from _pins(evidence)
    packages = _Pylocks.read(evidence)
    yield from packages.faults
    for path, package in packages.rows:
        yield from _package(path, package)
    names = _locked_names(evidence)
    yield from _base_twice(evidence, names)
    versions = {package.name: package.version for _, package in packages.rows}
    yield from _cuda(evidence, [(name, versions.get(name, "")) for name in names])
    yield from _conda(evidence, names)


def _pins(evidence: Evidence) -> Iterator[Finding]:
    locks = [file.path for file in evidence.files if fnmatch(file.path, _LOCKS)]
    is_locked = evidence.manifest.python.get("lock_packages") is not False
    if not is_locked:
        yield Finding(UNLOCKED, "`python.lock_packages` is false: each image gets what is newest then", BENTO_MANIFEST)
        locks = [INTENT]
    elif not locks:
        yield _no_lock(evidence)
    for path in locks:
        for line, text in logical_lines(evidence.text(path)):
            yield from _requirement(path, line, text, wants_hash=is_locked)


def _no_lock(evidence: Evidence) -> Finding:
    if evidence.manifest.is_from_bentoml:
        words = "BentoML built it, and its lock, which has no hashes, was left out"
        return Finding(NO_LOCK, words, BENTO_MANIFEST, advice=moving_hint(evidence.tag))
    return Finding(NO_LOCK, f"there is no `{LOCK}`", BENTO_MANIFEST)


def _requirement(path: str, line: int, text: str, *, wants_hash: bool) -> Iterator[Finding]:
    found = _PINNED.match(text)
    if text.startswith("-") or found is None:
        return
    name = canonicalize_name(found["name"])
    if not found["pin"]:
        yield Finding(UNPINNED, f"`{name}` has no exact version", path, line, name)
    if wants_hash and "--hash" not in text:
        yield Finding(UNHASHED, f"`{name}` has no hash", path, line, name)


@dataclass(frozen=True, slots=True)
class _Pylocks:
    """The packages of all pylock.toml files, each name and version once, with the file that has it."""

    rows: tuple[tuple[str, LockedPackage], ...]
    faults: tuple[Finding, ...]

    @classmethod
    def read(cls, evidence: Evidence) -> _Pylocks:
        """Those of `evidence`."""
        rows: dict[tuple[str, str], tuple[str, LockedPackage]] = {}
        faults = []
        for path in sorted(file.path for file in evidence.files if fnmatch(file.path, _PYLOCKS)):
            try:
                packages = parse_pylock(evidence.text(path))
            except (LockError, RecursionError) as error:  # tomllib calls itself for each level
                faults.append(Finding(NO_LOCK, f"`{path}`: {printable(str(error))}", path))
                continue
            for package in packages:
                rows.setdefault((package.name, package.version), (path, package))
        return cls(tuple(rows.values()), tuple(faults))


def _package(path: str, package: LockedPackage) -> Iterator[Finding]:
    named = printable(f"{package.name} {package.version}")
    if package.is_yanked:
        yield Finding(YANKED, f"`{named}` was withdrawn by its maintainers", path, subject=package.name)
    if package.licence is None:
        yield Finding(NO_LICENCE, f"`{named}` states no licence", path, subject=package.name)
    elif _COPYLEFT.search(str(package.licence)):
        words = f"`{named}` is under {printable(str(package.licence))}"
        yield Finding(COPYLEFT, words, path, subject=package.name)


def _locked_names(evidence: Evidence) -> frozenset[str]:
    locks = (file.path for file in evidence.files if fnmatch(file.path, _LOCKS))
    lines = (text for path in locks for _, text in logical_lines(evidence.text(path)))
    found = (_PINNED.match(text) for text in lines)
    return frozenset(canonicalize_name(one["name"]) for one in found if one)


def _base_twice(evidence: Evidence, names: frozenset[str]) -> Iterator[Finding]:
    bases = [base for base, _ in base_images(evidence)]
    for word, name in _FRAMEWORK_BASES.items():
        if name in names and any(word in base for base in bases):
            words = f"`{name}` is in the base image, too, which the image's environment does not look into"
            yield Finding(SHIPPED_TWICE, words, LOCK, subject=name)


def _cuda(evidence: Evidence, pins: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """What does not fit between the wheels and the base, a finding for each wheel."""
    bases = [base for base, _ in base_images(evidence)]
    version = evidence.manifest.docker.get("cuda_version")
    major = major_of(version) if isinstance(version, str) and version[:1].isdigit() else None
    docker = evidence.manifest.docker
    more = any(docker.get(key) for key in ("system_packages", "setup_script", "dockerfile_template"))
    has_more = more or bool(evidence.manifest.conda)
    has_base = base_has_cuda(bases, is_told=major is not None, has_more=has_more)
    for note in cuda_notes(cuda_wheels(pins), has_base=has_base, major=major):
        code = SHIPPED_TWICE if note.kind == "twice" else OTHER_CUDA
        for name, words in note.messages.items():
            yield Finding(code, words, LOCK, subject=name, advice=note.hint)


def _conda(evidence: Evidence, names: frozenset[str]) -> Iterator[Finding]:
    asked: dict[str, list[str]] = {}
    for dependency in _conda_packages(evidence):
        name = dependency.rpartition("::")[2].strip()
        asked.setdefault(re.split(r"[\s<>!=~\[]", name)[0], []).append(name)
    for name, lines in asked.items():
        if not any(_CONDA_PIN.fullmatch(line) for line in lines):
            words = f"conda's `{printable(lines[0])}` is not pinned to a version and a build"
            yield Finding(CONDA_UNLOCKED, words, ENVIRONMENT, subject=name)
        wheel = canonicalize_name(_CONDA_NAMES.get(name, name))
        if wheel in names:
            words = f"`{wheel}` is installed by conda and as a wheel"
            yield Finding(SHIPPED_TWICE, words, ENVIRONMENT, subject=name)


def _conda_packages(evidence: Evidence) -> list[str]:
    if not evidence.has(ENVIRONMENT):
        return []
    try:
        document = parse_document(evidence.folder / ENVIRONMENT, evidence.text(ENVIRONMENT).encode())
        return [one for one in document.rows("dependencies") if isinstance(one, str)]
    except StoreError:
        return []
