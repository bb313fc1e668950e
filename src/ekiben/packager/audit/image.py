"""What the image will stand on and hold besides wheels: base, variables, system packages, setup script."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ekiben.packager.audit.codes import ENV_SECRET, SETUP_SCRIPT, SYSTEM_PACKAGES, UNPINNED_BASE
from ekiben.packager.audit.evidence import Evidence
from ekiben.packager.audit.finding import Finding, printable
from ekiben.packager.audit.secrets import find_secrets, is_placeholder
from ekiben.packager.credentials import has_credentials
from ekiben.packager.image.base_stage import MICROMAMBA_ARG, MICROMAMBA_IMAGE
from ekiben.packager.parts import CONTAINERFILE
from ekiben.packager.parts import SETUP_SCRIPT as SETUP_SCRIPT_FILE
from ekiben.store.bento_manifest import BENTO_MANIFEST

_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(?P<base>\S+)(?:\s+AS\s+(?P<stage>\S+))?", re.IGNORECASE)
_ARG = re.compile(r"^\s*ARG\s+(?P<name>\w+)=(?P<value>\S+)\s*$", re.IGNORECASE)
_REFERENCE = re.compile(r"\$\{?(?P<name>\w+)\}?")
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASS(?:WORD|WD|PHRASE)|PWD|SECRET|TOKEN|CREDENTIALS?|(?:API|ACCESS|SECRET|PRIVATE|AUTH|ACCOUNT)_?KEY)$",
    re.IGNORECASE,
)
_LEAST_SECRET = 6  # characters
_MICROMAMBA = f"hand over a digest when the image is made: `--opt build-arg={MICROMAMBA_ARG}=NAME@sha256:...`"


def check_image(evidence: Evidence) -> Iterator[Finding]:
    """What is wrong, or worth knowing, about the image that the Bento becomes."""
    for base, line in base_images(evidence):
        if "@sha256:" not in base:
            words = f"the base image `{printable(base)}` is not pinned: its tag may mean another image tomorrow"
            advice = _MICROMAMBA if base == MICROMAMBA_IMAGE else None
            yield Finding(UNPINNED_BASE, words, CONTAINERFILE, line, base, advice)
    yield from _variables(evidence)
    packages = evidence.manifest.docker.get("system_packages")
    for package in packages if isinstance(packages, list) else []:
        words = f"`{printable(str(package))}` is installed in the version that its distribution then has"
        yield Finding(SYSTEM_PACKAGES, words, BENTO_MANIFEST, subject=str(package))
    if evidence.has(SETUP_SCRIPT_FILE):
        yield Finding(SETUP_SCRIPT, "the setup script runs while the image is built", SETUP_SCRIPT_FILE)


def base_images(evidence: Evidence) -> list[tuple[str, int]]:
    """What the Containerfile's stages stand on that is no stage of its own, with the line; each once."""
    stages: set[str] = set()
    defaults: dict[str, str] = {}
    found: dict[str, int] = {}
    for number, line in enumerate(evidence.text(CONTAINERFILE).splitlines(), start=1):
        if argument := _ARG.match(line):
            defaults[argument["name"]] = argument["value"]
        match = _FROM.match(line)
        if match is None:
            continue
        base = _REFERENCE.sub(lambda found: defaults.get(found["name"], found.group()), match["base"])
        if base not in stages and base != "scratch":
            found.setdefault(base, number)
        if match["stage"]:
            stages.add(match["stage"])
    return list(found.items())


def _variables(evidence: Evidence) -> Iterator[Finding]:
    for name, value in _environment(evidence.manifest.docker.get("env"), evidence.manifest.envs):
        if _is_credential(name, value):
            words = f"`{printable(name)}` has a value that looks like a credential"
            yield Finding(ENV_SECRET, words, BENTO_MANIFEST, subject=name)


def _environment(declared: object, envs: tuple[Mapping[str, object], ...]) -> Iterator[tuple[str, str]]:
    """Every variable with a value, for the build as well as for the service."""
    if isinstance(declared, Mapping):
        yield from ((str(name), str(value)) for name, value in declared.items())
    yield from ((str(one.get("name")), str(one["value"])) for one in envs if one.get("value"))


def _is_credential(name: str, value: str) -> bool:
    if has_credentials(value) or any(secret.is_certain for secret in find_secrets(value.encode(errors="replace"))):
        return True
    is_word = value.isdigit() or value.lower() in ("true", "false", "none") or value.startswith("/")
    is_long = len(value) >= _LEAST_SECRET and not is_word and not is_placeholder(value.encode(errors="replace"))
    return is_long and _SECRET_NAME.search(name) is not None
