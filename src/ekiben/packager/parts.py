"""Where the parts of a Bento lie, relative to its folder; `bento.yaml` and what seals it are the store's to name."""

from __future__ import annotations

README = "README.md"
SOURCE = "src"  # the selected files; the server looks for the service here (`ekiben.serving.target`)
APIS = "apis"
OPENAPI = f"{APIS}/openapi.yaml"
SCHEMA = f"{APIS}/schema.json"
INTENT = "env/python/requirements.in"
LOCK = "env/python/requirements.lock"
WHEELS = "env/python/wheels"
CONTAINERFILE = "env/docker/Containerfile"
SETUP_SCRIPT = "env/docker/setup_script"
TEMPLATE = "env/docker/Dockerfile.template"
ENVIRONMENT = "env/conda/environment.yml"
