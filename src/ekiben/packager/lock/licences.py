"""The licence that a package's metadata states, as one short text. Pure.

`License-Expression` (PEP 639) is SPDX already. Before it there were a free field and trove classifiers, of which the
field is taken where it is an SPDX expression, then the classifiers, then the field where it is one line and no text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

_CLASSIFIER = "License :: "
_LONGEST_NAME = 80  # characters; what is longer is the licence's text
_MEANINGLESS = frozenset(
    {"unknown", "none", "n/a", "other/proprietary license", "license", "see license", "osi approved"}
)
# Classifiers that mean exactly one SPDX licence. Others (`BSD License`) keep their own words.
_SPDX = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
}


@dataclass(frozen=True, slots=True)
class LicenceFields:
    """What a package's metadata says: `License-Expression`, `License` and every `Classifier`."""

    expression: str | None = None
    text: str | None = None
    classifiers: tuple[str, ...] = ()


def licence_of(fields: LicenceFields) -> str | None:
    """An SPDX expression where the fields give one, else the package's own words, None where they say nothing."""
    own_words = " ".join((fields.text or "").split())
    for text in (fields.expression, own_words):
        expression = _spdx(text or "")
        if expression:
            return expression
    named = _from_classifiers(fields.classifiers)
    if named:
        return named
    is_name = own_words and len(own_words) <= _LONGEST_NAME and own_words.lower() not in _MEANINGLESS
    return own_words if is_name else None


def _spdx(text: str) -> str | None:
    try:
        return canonicalize_license_expression(text) if text else None
    except InvalidLicenseExpression:
        return None


def _from_classifiers(classifiers: Iterable[str]) -> str | None:
    """The classifiers' licences. Of several it is not said whether all or any of them hold."""
    names = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith(_CLASSIFIER)]
    found = sorted({_SPDX.get(name, name) for name in names if name.lower() not in _MEANINGLESS})
    return "; ".join(found) or None
