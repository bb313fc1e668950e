"""A Bento that becomes an image in seconds and without an index: wheels made here, a server of twenty lines."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from ekiben.digest import Digest
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage, format_lock
from ekiben.packager.lock.pylock import format_pylock
from ekiben.packager.lock.target import MACHINES, Target
from ekiben.packager.parts import LOCK, PYLOCK, platform_lock, platform_pylock
from ekiben.store.bento_manifest import BentoManifest, BentoModelEntry
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from ekiben.store.models import Model

RUNTIME_WHEEL = "ekiben_runtime-0.0.1-py3-none-any.whl"
HEALTHCHECK = Path(__file__).parents[2] / "src/ekiben/serving/healthcheck.py"
SERVER = """\
import argparse, http.server, json, os
from ekiben.serving.healthcheck import announce

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        found = [f"{here}/{name}" for here, _, names in os.walk("/app/models", followlinks=True) for name in names]
        told = {"models": sorted(found),
                "uid": os.getuid(), "cwd": os.getcwd(), "environ": dict(os.environ)}
        self.wfile.write(json.dumps(told).encode())

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=3000)
port = parser.parse_args().port
server = http.server.HTTPServer(("0.0.0.0", port), Handler)
announce("0.0.0.0", port)
server.serve_forever()
"""
MANIFEST = BentoManifest(
    service="service:Small", name="small", docker={"distro": "debian", "python_version": "3.11"}, platform="linux/amd64"
)


def make_wheel(folder: Path, name: str, version: str, files: Mapping[str, str], tag: str = "py3-none-any") -> Path:
    """A wheel of these files, a pure one unless the tag says other things."""
    info = f"{name}-{version}.dist-info"
    members = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{path},sha256={_url_safe(text)},{len(text.encode())}\n" for path, text in members.items())
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in {**members, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(zipfile.ZipInfo(member), text)  # at the time 1980, so that the wheel is always the same
    return path


def locked(wheel: Path) -> LockedPackage:
    """The pin of a wheel."""
    name, version, *_ = wheel.name.split("-")
    file = LockedFile(wheel.name, str(Digest.of_file(wheel)), wheel.stat().st_size)
    return LockedPackage(name.replace("_", "-"), version, (file,))


def save_model(store: Store, name: str, content: str = "weights") -> Model:
    """A model of one file."""
    with store.models.create(name) as draft:
        draft.path_of("weights.bin").write_text(content)
    return draft.model


def small_bento(
    store: Store,
    *,
    models: Iterable[Model] = (),
    source: str = "class Small: ...\n",
    heavy: str = "x = 1\n",
    heavy_files: Mapping[str, str] | None = None,
    light: str = "y = 2\n",
    light_files: Mapping[str, str] | None = None,
    setup_script: str | None = None,
    template: str | None = None,
    environment: str | None = None,
    docker_keys: Mapping[str, object] | None = None,
    lock: str | None = None,
    receipt: Mapping[str, object] | None = None,
    wheel_tags: Mapping[str, str] | None = None,
    carries_heavy: bool = True,
    **changes: object,
) -> Bento:
    """A Bento with a heavy wheel (called scipy), a light one, a server and `models`; `changes` to its manifest.
    `heavy_files` and `light_files` are further files of these wheels. For several `platforms` there is a heavy wheel
    and a lock of each; `wheel_tags` are for platforms whose wheel has another tag. Without `carries_heavy` the heavy
    wheel is locked, and nowhere."""
    entries = tuple(BentoModelEntry(model.tag, model.digest) for model in models)
    docker = {**MANIFEST.docker, **(docker_keys or {})}
    manifest = replace(MANIFEST, models=entries, docker=docker, **changes)  # type: ignore[arg-type]
    with store.bentos.stage(manifest.name) as staged:
        wheels = staged.path_of("env/python/wheels")
        wheels.mkdir(parents=True)
        scipy = make_wheel(wheels, "scipy", "1.0", {"scipy/__init__.py": heavy, **(heavy_files or {})})
        small = make_wheel(wheels, "light", "2.0", {"light.py": light, **(light_files or {})})
        server = {"ekiben/serving/__init__.py": "", "ekiben/serving/__main__.py": SERVER, "ekiben/__init__.py": ""}
        health = {"ekiben/serving/healthcheck.py": HEALTHCHECK.read_text()}
        made = make_wheel(wheels, "ekiben_runtime", "0.0.1", {**server, **health})
        assert made.name == RUNTIME_WHEEL
        lock = format_lock([locked(scipy), locked(small)]) if lock is None else lock
        staged.path_of("env/python/requirements.lock").write_text(lock)
        for platform in manifest.platforms:
            tag = (wheel_tags or {}).get(platform, f"cp311-cp311-manylinux_2_17_{MACHINES[platform]}")
            its = make_wheel(wheels, "scipy", "1.0", {"scipy/__init__.py": heavy, "scipy/machine.py": ""}, tag)
            name = LOCK if platform == manifest.platform else platform_lock(platform)
            staged.path_of(name).write_text(format_lock([locked(its), locked(small)]))
            pylock = PYLOCK if platform == manifest.platform else platform_pylock(platform)
            named = [locked(its), locked(small)]
            staged.path_of(pylock).write_text(format_pylock(named, Target("3.11", platform)))
        for missing in () if carries_heavy else wheels.glob("scipy-*"):
            missing.unlink()
        staged.path_of("src").mkdir()
        staged.path_of("src/service.py").write_text(source)
        staged.path_of("apis").mkdir()
        staged.path_of("apis/openapi.yaml").write_text("openapi: 3.0.2\n")
        further = {
            "env/docker/setup_script": setup_script,
            "env/docker/Dockerfile.template": template,
            "env/conda/environment.yml": environment,
        }
        for path, text in further.items():
            if text is not None:
                staged.path_of(path).parent.mkdir(exist_ok=True)
                staged.path_of(path).write_text(text)
        return staged.commit(manifest, version=None, receipt=receipt or {})


def _url_safe(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
