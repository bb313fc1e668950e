"""Where the parts of a Bento lie, relative to its folder; `bento.yaml` and what seals it are the store's to name."""

from __future__ import annotations

README = "README.md"
SOURCE = "src"  # the selected files; the server looks for the service here (`ekiben.serving.target`)
APIS = "apis"
OPENAPI = f"{APIS}/openapi.yaml"
SCHEMA = f"{APIS}/schema.json"
INTENT = "env/python/requirements.in"
LOCK = "env/python/requirements.lock"
PYLOCK = "env/python/pylock.toml"
WHEELS = "env/python/wheels"
CONTAINERFILE = "env/docker/Containerfile"
SETUP_SCRIPT = "env/docker/setup_script"
TEMPLATE = "env/docker/Dockerfile.template"
ENVIRONMENT = "env/conda/environment.yml"
SBOM = "sbom.cdx.json"
PROVENANCE = "provenance.json"


def platform_lock(platform: str) -> str:
    """The requirements.lock of one platform (`linux/arm64`) of several."""
    return f"env/python/requirements-{platform.replace('/', '-')}.lock"


def platform_pylock(platform: str) -> str:
    """The pylock.toml of one platform of several, named as PEP 751 wants it."""
    return f"env/python/pylock.{platform.replace('/', '-')}.toml"
