"""What a failed build is told as: the Containerfile's own complaint where there is one, else the last words of the
step that failed, with a remedy for what is the machine's and not the project's. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ekiben.errors import EngineFailed
from ekiben.packager.image.instructions import COMPLAINT

_SHOWN = 8  # lines of the failed step that are in the message
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
_ANY_HINT = "`--progress plain` shows everything that the engine says"


def build_failure(words: Sequence[str]) -> EngineFailed:
    """The error for a build whose failed step said `words`, the last lines last."""
    complaints = [line.removeprefix(COMPLAINT) for line in words if line.startswith(COMPLAINT)]
    if complaints:
        return EngineFailed(complaints[0], hint="see `docker.base_image` and `docker.system_packages` of the bentofile")
    summary = "\n".join(words[-_SHOWN:])
    return EngineFailed(f"the engine could not build the image:\n{summary}", hint=_hint("\n".join(words)))


def _hint(text: str) -> str:
    return next((hint for sign, hint in _HINTS.items() if sign in text), _ANY_HINT)
