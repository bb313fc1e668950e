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
    assert system_component("git", "ubuntu")["purl"] == "pkg:deb/ubuntu/git"


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("mesa-libGL", "pkg:rpm/redhat/mesa-libGL"),
        ("python3.11", "pkg:rpm/redhat/python3.11"),
        ("java-17-openjdk", "pkg:rpm/redhat/java-17-openjdk"),
        ("libgomp-11.4.1-2.el9", "pkg:rpm/redhat/libgomp@11.4.1-2.el9"),
        ("libgomp-11.4.1-2.el9.x86_64", "pkg:rpm/redhat/libgomp@11.4.1-2.el9?arch=x86_64"),
        ("libgomp.aarch64", "pkg:rpm/redhat/libgomp?arch=aarch64"),
    ],
)
def test_an_rpm_package_is_named_as_dnf_takes_it(written: str, url: str) -> None:
    assert system_component(written, "ubi9")["purl"] == url


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
