"""Packages that a distribution or conda is to install."""

from __future__ import annotations

import pytest

from ekiben.packager.sbom.system import conda_component, system_component


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("libgomp1", "pkg:deb/debian/libgomp1"),
        ("git:arm64", "pkg:deb/debian/git?arch=arm64"),
        ("curl=7.88.1-10+deb12u5", "pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5"),
        ("g++", "pkg:deb/debian/g%2B%2B"),
    ],
)
def test_a_debian_package_is_named_as_apt_takes_it(written: str, url: str) -> None:
    found = system_component(written, "debian")
    assert found["purl"] == url
    assert found["properties"] == [{"name": "ekiben:asked-for", "value": written}]


def test_other_distributions_have_their_own_kind() -> None:
    assert system_component("git", "alpine")["purl"] == "pkg:apk/alpine/git"


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("numpy=1.26", "pkg:conda/numpy@1.26"),
        ("numpy==1.26.4", "pkg:conda/numpy@1.26.4"),
        ("numpy>=1.26", "pkg:conda/numpy"),
        ("numpy=1.26.*", "pkg:conda/numpy"),
        ("conda-forge::ffmpeg", "pkg:conda/ffmpeg?channel=conda-forge"),
    ],
)
def test_a_conda_package_has_a_version_only_where_it_is_exact(written: str, url: str) -> None:
    assert conda_component(written)["purl"] == url
