"""A resolver's complaint made readable: its own words, without tracebacks, boxes, colours and credentials."""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.utils import canonicalize_name

from ekiben.packager.credentials import redact

_LIMIT = 2000  # characters: a failed build of a source package prints pages, and says what went wrong at the end
_BOX = re.compile(r"^[\s×│├╰─▶>]*")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_UV_NOISE = ("warning:", "Resolved ", "Using ", "Building ", "Built ", "Updating ", "Updated ", "hint:")
_UV_LABELS = ("error:", "cause:", "Caused by:")
_PIP_ERROR = re.compile(r"^\s*(?:ERROR|error): (?P<text>.+)$", re.MULTILINE)
_EXCEPTION = re.compile(
    r"^[A-Za-z_][\w.]*(?:Error|Exception|NotFound|Failed\w*|Candidate|Impossible|Conflicted): (?P<text>.+)$"
)

_OWN_HINT = re.compile(r"^\s*hint: (?P<text>.+)$", re.MULTILINE)

_OPTION_OF_UV = re.compile(r"\s*Consider using `exclude-newer[^`]*`.*")  # which nobody can give here
_UNDATED = re.compile(r"`(?P<file>[^`]+)` is missing an upload date")
_SHOWN = 3  # files that a warning names

_YANKED_UV = re.compile(r"`(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^`]+)` is yanked")
_YANKED_PIP = re.compile(r"yanked version: '(?P<name>[A-Za-z0-9._-]+)' candidate \(version (?P<version>\S+) at ")

_LOGIN = "give its user and password through netrc, a keyring, pip's configuration, or UV_INDEX_<NAME>_PASSWORD"
# Words of a complaint -> what to try. The first that fits is said.
_HINTS = (
    (("Connection refused", "dns error", "error sending request", "Failed to fetch", "timed out", "Max retries"),
     "check that the index answers and that pip's configuration (index, proxy, certificates) is right for it"),
    (("Unauthorized", "Forbidden", " 401", " 403"),
     _LOGIN),
    (("(from versions: none)",),  # all that pip says where no index answered, too
     "check the name, and that an index which has it answers: one that wants a login does not"),
    (("was not found in the package registry", "there is no version of", "No matching distribution"),
     "check the name and the version, or name the index that has it in `python.extra_index_url`"),
    (("was not found in the provided package locations",),  # all that uv asks without an index
     "check the name, and that `python.find_links` has it, or take `python.no_index` out"),
    (("Failed to build", "build backend", "subprocess-exited-with-error"),
     "choose a version that has a wheel for the image's Python and platform"),
    (("unsatisfiable", "conflicting dependencies", "incompatible"),
     "loosen one of the requirements that it names"),
)  # fmt: skip


def explain_uv(said: str) -> str:
    """uv's explanation in one paragraph."""
    parts: list[str] = []
    for raw in _COLOUR.sub("", said).splitlines():
        line = _BOX.sub("", raw).strip()
        if not line or line.startswith(_UV_NOISE):
            continue
        label = next((one for one in _UV_LABELS if line.startswith(one)), None)
        if label or not parts or "No solution found" in parts[-1]:
            parts.append(line.removeprefix(label or "").strip())
        else:
            parts[-1] = f"{parts[-1]} {line}"
    without_headline = [part for part in parts if "No solution found" not in part]
    return _tidy(": ".join(without_headline or parts))


def explain_pip(said: str) -> str:
    """pip's explanation in one paragraph: the lines it marks as errors, and the last exception where it adds to
    them."""
    errors = [found["text"].strip() for found in _PIP_ERROR.finditer(_COLOUR.sub("", said))]
    lines = [line for line in said.splitlines() if line.strip()]
    last = _EXCEPTION.match(lines[-1]) if lines else None
    if last and "for help visit" not in last["text"]:
        errors.append(last["text"])
    return _tidy(": ".join(dict.fromkeys(errors)) or (lines[-1] if lines else ""))


def hint_for(said: str) -> str | None:
    """What to try after this complaint: the resolver's own hint, unless it is about its own options; else ours."""
    texts = (_OPTION_OF_UV.sub("", found["text"]) for found in _OWN_HINT.finditer(said))
    own = [text for text in texts if "--" not in text]
    if own:
        told = _sentence(redact("; ".join(own)))
        return f"{told}: {_LOGIN}" if "authentication" in told else told
    return next((hint for words, hint in _HINTS if any(word in said for word in words)), None)


def refusals_in(said: str) -> list[str]:
    """uv's lines about indexes that want a login, or another."""
    return [f"\n{found.group()}" for found in _OWN_HINT.finditer(said) if "could not be queried" in found["text"]]


def warnings_of(said: str) -> list[str]:
    """The warnings in a resolver's output, without their label (a yanked version, a missing extra); what it says of
    file after file is one."""
    found = [
        line.strip() for line in _COLOUR.sub("", said).splitlines() if re.match(r"\s*warning: ", line, re.IGNORECASE)
    ]
    warnings = [_sentence(redact(re.sub(r"(?i)^warning: ", "", line))) for line in dict.fromkeys(found)]
    undated = [f"`{match['file']}`" for line in warnings if (match := _UNDATED.match(line))]
    rest = [line for line in warnings if not _UNDATED.match(line)]
    return [*rest, *([_passed_over(undated)] if undated else [])]


def _passed_over(files: list[str]) -> str:
    more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    return f"files of which no index tells the time were passed over: {', '.join(files[:_SHOWN])}{more}"


def yanked_in(warnings: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Name and version of every package that the warnings call yanked, in the words of uv and of pip."""
    found = (_YANKED_UV.search(one) or _YANKED_PIP.search(one) for one in warnings)
    return frozenset((canonicalize_name(one["name"]), one["version"]) for one in found if one)


def _tidy(text: str) -> str:
    text = redact(" ".join(text.split()))
    if len(text) > _LIMIT:
        text = f"{text[: _LIMIT // 4]} ... {text[-3 * _LIMIT // 4 :]}"
    return _sentence(text) or "it gave no reason"


def _sentence(text: str) -> str:
    """Lower case in front, where a word stands there and no name or acronym, and no full stop."""
    if re.match(r"[A-Z][a-z]+ ", text):
        text = text[0].lower() + text[1:]
    return text.rstrip(".")
