"""What a package or model says of its licence, as CycloneDX has it: an SPDX expression where it is one, else a name."""

from __future__ import annotations

import re

from ekiben.packager.sbom.fields import Fields, text_of
from ekiben.packager.sbom.spdx import EXCEPTIONS, LICENCES

_TOKEN = re.compile(r"[()]|[A-Za-z0-9.+:-]+|\S")
_REFERENCE = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")
_MAX_NAME = 200  # characters: some packages put a licence's whole text where its name belongs


def licences(written: str | None) -> list[Fields]:
    """The `licenses` of a component; empty where nothing is known. Of a whole text the first line stays."""
    text = text_of(written or "").strip()
    if not text:
        return []
    if is_expression(text):
        return [{"expression": " ".join(text.split())}]
    return [{"license": {"name": text.splitlines()[0].strip()[:_MAX_NAME]}}]


def is_expression(text: str) -> bool:
    """Whether `text` is an SPDX licence expression of identifiers that are known (SPDX 2.3, annex D.3)."""
    depth = 0
    before = "("  # what may follow an opening bracket may stand at the beginning
    for token in _TOKEN.findall(text):
        depth += (token == "(") - (token == ")")
        if depth < 0 or not _may_follow(before, token):
            return False
        before = token
    return depth == 0 and before not in ("(", "AND", "OR", "WITH")


def _may_follow(before: str, token: str) -> bool:
    if before == "WITH":
        return token in EXCEPTIONS
    if before in ("(", "AND", "OR"):
        return token == "(" or _is_licence(token)
    if token == "WITH":
        return _is_licence(before)
    return token in ("AND", "OR", ")")


def _is_licence(token: str) -> bool:
    return token.removesuffix("+") in LICENCES or _REFERENCE.fullmatch(token) is not None
