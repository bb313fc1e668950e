"""Packages of the image's distribution, and of conda, that a Bento asks for: as CycloneDX components.

They are what the bentofile asks for, not what an image turned out to hold: the bill is made before any image is.
"""

from __future__ import annotations

import re

from ekiben.packager.sbom.fields import Fields, component, properties
from ekiben.packager.sbom.purl import package_url

# Kind and namespace of package URLs, by `docker.distro`; NVIDIA's images are of Ubuntu where it says Debian.
_DISTRIBUTIONS = {
    "debian": ("deb", "debian"),
    "ubuntu": ("deb", "ubuntu"),
    "alpine": ("apk", "alpine"),
    "ubi8": ("rpm", "redhat"),
    "ubi9": ("rpm", "redhat"),
    "amazonlinux": ("rpm", "amazon"),
}
_DEBIAN = re.compile(r"(?P<name>[^:=]+)(?::(?P<arch>[^=]+))?(?:=(?P<version>.+))?")
_RPM = re.compile(r"(?P<name>.+?)(?:-(?P<version>[0-9][^-]*(?:-[0-9][^-]*?)?))?(?:\.(?P<arch>x86_64|aarch64|noarch))?")
_CONDA = re.compile(
    r"(?:(?P<channel>[^:]+)::)?(?P<name>[A-Za-z0-9_.-]+)\s*(?:={1,2}\s*(?P<version>[0-9][0-9A-Za-z.+_!-]*)(?=[\s=]|$))?"
)


def system_component(written: str, distribution: str) -> Fields:
    """A package as `docker.system_packages` names it: `libgomp1`, `git:arm64`, `curl=7.88.1-10`; `libgomp-11.4.1-2.el9`
    of an RPM distribution."""
    kind, namespace = _DISTRIBUTIONS.get(distribution, ("generic", distribution))
    found = (_RPM if kind == "rpm" else _DEBIAN).fullmatch(written)
    name, arch, version = found.group("name", "arch", "version") if found else (written, None, None)
    url = package_url(kind, name, version, namespace=namespace, qualifiers={"arch": arch})
    return _component(name, version, url, written)


def conda_component(written: str) -> Fields:
    """A package as `conda.dependencies` names it: `numpy=1.26`, `conda-forge::ffmpeg>=6`; only exact versions count."""
    found = _CONDA.match(written)
    channel, name, version = found.group("channel", "name", "version") if found else (None, written, None)
    url = package_url("conda", name, version, qualifiers={"channel": channel})
    return _component(name, version, url, written)


def _component(name: str, version: str | None, url: str, written: str) -> Fields:
    return component("library", url, name, version=version, purl=url, properties=properties([("asked-for", written)]))
