"""A licence is told as SPDX where the metadata allows it."""

from __future__ import annotations

import pytest

from ekiben.packager.lock.licences import LicenceFields, licence_of

MIT, BSD = "License :: OSI Approved :: MIT License", "License :: OSI Approved :: BSD License"
APACHE = "License :: OSI Approved :: Apache Software License"


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        (LicenceFields(), None),
        (LicenceFields(expression="mit or apache-2.0", text="Proprietary"), "MIT OR Apache-2.0"),
        (LicenceFields(text="MIT"), "MIT"),
        (LicenceFields(text="bsd-3-clause", classifiers=(BSD,)), "BSD-3-Clause"),
        (LicenceFields(text="Copyright (c)\n" + "Permission is hereby granted " * 20, classifiers=(MIT,)), "MIT"),
        (LicenceFields(text="Copyright (c)\n" + "Permission is hereby granted " * 20), None),
        (LicenceFields(classifiers=("License :: OSI Approved", BSD)), "BSD License"),
        (LicenceFields(classifiers=(MIT, APACHE)), "Apache-2.0; MIT"),
        (LicenceFields(text="Our  own\nlicence"), "Our own licence"),
        (LicenceFields(expression="no such expression!", text="UNKNOWN"), None),
    ],
)
def test_the_most_exact_field_counts(fields: LicenceFields, licence: str | None) -> None:
    assert licence_of(fields) == licence
