"""Package URLs (purl-spec, "How to build a purl"): names by which scanners know a package."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from ekiben.packager.sbom.fields import text_of


def package_url(
    kind: str,
    name: str,
    version: str | None = None,
    *,
    namespace: str = "",
    qualifiers: Mapping[str, str | None] | None = None,
) -> str:
    """`pkg:kind/namespace/name@version?qualifiers`, each part escaped, qualifiers sorted and without empty ones."""
    parts = [*namespace.strip("/").split("/"), name] if namespace else [name]
    path = "/".join(_escaped(part) for part in parts)
    at_version = f"@{_escaped(version)}" if version else ""
    pairs = sorted((key, value) for key, value in (qualifiers or {}).items() if value)
    query = "&".join(f"{key}={_escaped(value, keep='/')}" for key, value in pairs)
    return f"pkg:{kind}/{path}{at_version}{f'?{query}' if query else ''}"


def _escaped(text: str, keep: str = "") -> str:
    return quote(text_of(text), safe=f":{keep}")
