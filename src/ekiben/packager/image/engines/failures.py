"""What a failed build is told as: the Containerfile's own complaint where there is one, else the last words of the
step that failed, with a remedy for what is the machine's and not the project's. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ekiben.errors import EngineFailed
from ekiben.packager.image.instructions import complaint_in

_SHOWN = 8  # lines of the failed step that are in the message
_LONG = 200  # characters of a line: errors repeat the whole instruction, which has hundreds
_KEPT = 50  # characters of a long line's beginning and of its end
_HOST_NETWORK = "where only the host reaches the index, pass `--opt network=host`"
_CHROOT = "where containers cannot be run, set BUILDAH_ISOLATION to `chroot`"
_HINTS = {
    "CERTIFICATE_VERIFY_FAILED": "hand the network's CA bundle over: set PIP_CERT or SSL_CERT_FILE to it",
    "short-name": "name the base with its registry (`docker.io/library/python:3.11-slim`)",
    "name resolution": _HOST_NETWORK,
    "Could not resolve": _HOST_NETWORK,
    "Network is unreachable": _HOST_NETWORK,
    "Failed to establish a new connection": _HOST_NETWORK,
    "DO NOT MATCH THE HASHES": "an index serves another file than was locked: look into it, then build the Bento again",
    "is too old": "the `docker` command and the engine are too far apart in age: bring the older one up to date",
    "no space left on device": "free space for the engine (`docker system df`, `podman system df`)",
    "SSH_AUTH_SOCK": "start an SSH agent, or name a key: `--ssh default=FILE`",
    "OCI permission denied": _CHROOT,
    "error running container": _CHROOT,
}
_BUILDAHS_ERROR = "building at STEP"
_SILENT = "the step said nothing, or its words were lost, as BUILDAH_ISOLATION=chroot does at times: build again"
_ANY_HINT = "`--progress plain` shows everything that the engine says"


def build_failure(words: Sequence[str]) -> EngineFailed:
    """The error for a build whose failed step said `words`, the last lines last."""
    complaint = next(filter(None, map(complaint_in, words)), None)
    if complaint:
        return EngineFailed(complaint, hint="see `docker.base_image` and `docker.system_packages` of the bentofile")
    lines = [_shortened(line) for line in words]
    summary = "\n".join(lines[-_SHOWN:])
    return EngineFailed(f"the engine could not build the image:\n{summary}", hint=_hint(lines))


def _hint(lines: Sequence[str]) -> str:
    if len(lines) == 1 and _BUILDAHS_ERROR in lines[0]:
        return _SILENT
    text = "\n".join(lines)
    return next((hint for sign, hint in _HINTS.items() if sign in text), _ANY_HINT)


def _shortened(line: str) -> str:
    """A long line with its middle left out, where the instruction is: the reason stands at the end."""
    return line if len(line) <= _LONG else f"{line[:_KEPT]} ... {line[-_KEPT:]}"
