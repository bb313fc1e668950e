"""Every code that an audit can give, with what it means and what to do. A code is never given another meaning.

This module imports nothing else of the audit: the bentofile's schema asks it which codes there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters. `info` is for the reader to know, and never fails an audit."""

    high = "high"
    medium = "medium"
    low = "low"
    info = "info"


@dataclass(frozen=True, slots=True)
class Code:
    """`name` is a word for machines (SARIF's rule name), `title` what is found, `remedy` what to do about it."""

    id: str
    name: str
    severity: Severity
    title: str
    remedy: str


def _code(number: int, name: str, severity: Severity, title: str, remedy: str) -> Code:
    return Code(f"EKB{number:03}", name, severity, title, remedy)


_HIGH, _MEDIUM, _LOW, _INFO = Severity

SECRET = _code(
    1, "SecretInFile", _HIGH, "a secret in a file", "revoke it, take it out, and hand it over when the service is run"
)
ENV_SECRET = _code(
    2,
    "SecretInEnvironment",
    _HIGH,
    "a credential in an environment variable of the image",
    "declare the variable without a value, and set it when the image is run",
)
PASSWORD = _code(
    3, "PasswordInFile", _MEDIUM, "what looks like a password in a file", "read it from the environment instead"
)
NOTEBOOK = _code(10, "Notebook", _LOW, "a notebook", "name it under `exclude`: its outputs may hold data")
DATA_SET = _code(
    11, "DataSet", _LOW, "a file of data", "name it under `exclude`, or save it as a model if the service needs it"
)
LARGE_FILE = _code(
    12, "LargeFile", _LOW, "a large file in the source", "save it as a model, so that an edit does not ship it again"
)
CACHE = _code(13, "Cache", _LOW, "a cache or compiled file", "name it under `exclude`")
NO_PLAIN_FILE = _code(
    14, "NoPlainFile", _HIGH, "a link or another thing that is no file", "delete the Bento and build it again"
)
EXECUTABLE = _code(15, "Executable", _INFO, "an executable file", "nothing, if it is meant to be run")
UNPINNED = _code(
    20, "UnpinnedRequirement", _HIGH, "a requirement without an exact version", "build again, with `lock_packages` on"
)
UNHASHED = _code(
    21, "UnhashedRequirement", _HIGH, "a requirement without a hash", "build again, with `lock_packages` on"
)
YANKED = _code(
    22,
    "YankedFile",
    _MEDIUM,
    "a release that its maintainers withdrew",
    "lock another version: `ekiben lock --upgrade`",
)
UNLOCKED = _code(
    23, "UnlockedPackages", _HIGH, "dependencies that are not locked", "leave `python.lock_packages` out, or true"
)
SHIPPED_TWICE = _code(
    24, "ShippedTwice", _MEDIUM, "the same software twice in one image", "take it from one of the two places"
)
CONDA_UNLOCKED = _code(
    25, "UnlockedConda", _MEDIUM, "a conda package without version and build", "write `name=version=build`"
)
NO_LICENCE = _code(
    26,
    "LicenceMissing",
    _LOW,
    "a package whose licence is not known",
    "ask its maintainers, and allow it with a reason",
)
COPYLEFT = _code(27, "Copyleft", _INFO, "a copyleft licence", "check that its terms suit how the image is given away")
NO_LOCK = _code(28, "LockUnreadable", _HIGH, "no lock that can be read", "build the Bento again")
UNPINNED_BASE = _code(
    30,
    "UnpinnedBaseImage",
    _MEDIUM,
    "a base image without a digest",
    "`ekiben lock` records its digest; or write `docker.base_image: NAME@sha256:...`",
)
SYSTEM_PACKAGES = _code(
    31, "SystemPackages", _INFO, "system packages, which are not locked", "prefer wheels, or a base that has them"
)
SETUP_SCRIPT = _code(
    32, "SetupScript", _INFO, "a setup script, whose results are not locked", "read it: it runs as root in the build"
)
OTHER_CUDA = _code(
    33,
    "OtherCuda",
    _MEDIUM,
    "wheels that do not find the CUDA that they are for",
    "let base and wheels be for one major version of CUDA, or leave CUDA to wheels that bring it",
)
NO_DIGEST = _code(40, "ModelWithoutDigest", _HIGH, "a model without a digest", "build the Bento again")
NO_MODEL = _code(
    41,
    "ModelNotInStore",
    _MEDIUM,
    "a model that is not in the store",
    "bring it, and audit again: nothing looked into it",
)
OTHER_MODEL = _code(
    42,
    "ModelChanged",
    _HIGH,
    "a model with other content than the Bento names",
    "bring the model that it was built with",
)
DANGEROUS_PICKLE = _code(
    50, "DangerousPickle", _HIGH, "a pickle that reaches for code", "do not load it; ask whoever saved it"
)
UNKNOWN_PICKLE = _code(
    51,
    "UnknownCallable",
    _MEDIUM,
    "a pickle that imports what no allow-list has",
    "look at what it is, and allow it with a reason",
)
CODE_IN_PICKLE = _code(
    52,
    "CodeInPickle",
    _MEDIUM,
    "a pickle that carries code by value",
    "put that code into the project, and save the model anew; or allow it with a reason",
)
BROKEN_PICKLE = _code(
    53, "BrokenPickle", _MEDIUM, "a file that cannot be followed to its end", "save the model anew, if it is yours"
)
NOT_SEARCHED = _code(
    54, "NotSearched", _LOW, "a file that was not searched to its end", "search it by other means, and allow it"
)
PICKLE = _code(55, "Pickle", _INFO, "a pickle", "prefer a format that holds no code: safetensors, ONNX, skops, JSON")
UNTRUSTED_TYPE = _code(
    56,
    "UntrustedType",
    _MEDIUM,
    "a file of skops with a type that no allow-list has",
    "look at what it is before it is named in `trusted`, and allow it with a reason",
)
CODE_IN_MODEL = _code(
    57,
    "CodeInModel",
    _MEDIUM,
    "a Keras model that carries code",
    "put that code into a layer of the project's own, and save the model anew; or allow it with a reason",
)

CODES: dict[str, Code] = {one.id: one for one in list(globals().values()) if isinstance(one, Code)}
