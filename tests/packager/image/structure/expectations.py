"""What container-structure-test is to hold an image to, from its Bento and its base: the same for every engine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from ekiben.store.bentos import Bento
from ekiben.store.models import Model
from tests.packager.small_bento import MANIFEST

PYTHON = "/app/venv/bin/python"
SITE = f"/app/venv/lib/python{MANIFEST.docker['python_version']}/site-packages"
_FILE, _FOLDER, _LINK = "-rw-r--r--", "drwxr-xr-x", "Lrwxrwxrwx"
# As `sha256sum --check` does, which a base without a shell and coreutils lacks.
_CHECK = (
    "import hashlib, pathlib\n"
    "for line in pathlib.Path('SHA256SUMS').read_text().splitlines():\n"
    "    digest, _, name = line.partition('  ')\n"
    "    assert hashlib.sha256(pathlib.Path(name).read_bytes()).hexdigest() == digest, name\n"
    "print('every file is as listed')\n"
)


def expectations(
    bento: Bento, models: Sequence[Model], labels: Mapping[str, str], base_path: str, *, runs: bool = True
) -> str:
    """The tests, in YAML. `base_path` is the base's PATH. Only a driver that `runs` the image can run commands in it,
    and tell whose a file is; it takes a container for each path, so it is asked for a few."""
    there = _there(models)
    files = [{**one, "uid": 0, "gid": 0} for one in there[::5]] if runs else [*there, *_not_there()]
    tests: dict[str, object] = {
        "schemaVersion": "2.0.0",
        "metadataTest": _metadata(bento, labels, base_path),
        "fileExistenceTests": files,
        "commandTests": _commands(models) if runs else [],
    }
    return yaml.safe_dump(tests, sort_keys=False)


def run_structure_test(image: str, config: str, folder: Path, driver: str = "docker") -> dict[str, object]:
    """The report of the real program: `Pass`, `Fail`, `Results`."""
    file = folder / "structure.yaml"
    file.write_text(config)
    command = [sys.executable, "-m", "container_structure_test", "test", "--image", image, "--config", str(file)]
    done = subprocess.run([*command, "--driver", driver, "--output", "json"], capture_output=True, check=False)
    assert done.stdout, done.stderr.decode()
    report: dict[str, object] = json.loads(done.stdout)
    return report


def complaints(report: Mapping[str, object]) -> list[str]:
    """What it found wrong, in its words."""
    results = report["Results"]
    assert isinstance(results, list)
    return [f"{one['Name']}: {one.get('Errors')}" for one in results if not one["Pass"]]


def _metadata(bento: Bento, labels: Mapping[str, str], base_path: str) -> dict[str, object]:
    variables = {
        "PATH": f"/app/venv/bin:{base_path}",
        "HOME": "/tmp",
        "USER": "ekiben",
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",
        "EKIBEN_HOME": "/app",
        "EKIBEN_BENTO": "/app/bento",
        "EKIBEN_BENTO_VERSION": bento.tag.version,
    }
    told = {
        "org.opencontainers.image.title": bento.tag.name,
        "org.opencontainers.image.version": bento.tag.version,
        "io.ekiben.bento": str(bento.tag),
        **labels,
    }
    return {
        "envVars": _pairs(variables),
        "labels": _pairs(told),
        "entrypoint": [PYTHON, "-m", "ekiben.serving"],
        "cmd": [],
        "exposedPorts": ["3000"],
        "workdir": "/app/bento/src",
        "user": "1034",
    }


def _pairs(values: Mapping[str, str | None]) -> list[dict[str, str | None]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _there(models: Sequence[Model]) -> list[dict[str, object]]:
    """Files and folders with their modes."""
    files = [
        *("/app/bento/bento.yaml", "/app/bento/src/service.py", "/app/bento/apis/openapi.yaml"),
        *(f"{SITE}/{path}" for path in ("scipy/__init__.py", "light.py", "ekiben/serving/__main__.py")),
        *(f"{_folder(model)}/{name}" for model in models for name in ("weights.bin", "model.yaml", "SHA256SUMS")),
    ]
    folders = ["/app", "/app/bento", "/app/bento/src", "/app/models", "/app/venv", SITE]
    modes = {**dict.fromkeys(files, _FILE), **dict.fromkeys(folders, _FOLDER), PYTHON: _LINK}
    return [{"name": path, "path": path, "shouldExist": True, "permissions": mode} for path, mode in modes.items()]


def _not_there() -> list[dict[str, object]]:
    """What a build needs and an image does not."""
    paths = [
        *(f"{SITE}/{name}" for name in ("pip", "setuptools", "wheel", "fastapi")),
        *("/root/.cache", "/tmp/ekiben", "/app/bento/receipt.yaml", "/app/bento/env", "/root/.netrc"),
        *("/run/secrets/ekiben-pip-conf", "/run/secrets/ekiben-netrc", "/run/secrets/ekiben-ca", "/etc/pip.conf"),
    ]
    return [{"name": f"no {path}", "path": path, "shouldExist": False} for path in paths]


def _commands(models: Sequence[Model]) -> list[dict[str, object]]:
    """What is run in containers, as the image's user, by programs that every base has."""
    checks = [
        _python(f"checksums of {model.tag}", f"import os; os.chdir({_folder(model)!r})\n{_CHECK}", "as listed")
        for model in models
    ]
    return [
        *checks,
        _python("user", "import os; print(os.getuid(), os.getgid())", r"^1034 0\n$"),
        _python("packages", "import light, scipy, ekiben.serving; print('imported')", "^imported"),
        _python("environment", "import sys; print(sys.prefix, sys.executable)", f"^/app/venv {PYTHON}\n$"),
        _python("writes", "open('/app/bento/src/new', 'w')", error="PermissionError", status=1),
        _python("writes to /tmp", "import tempfile; print(tempfile.mkstemp()[1])", "^/tmp/"),
        {"name": "health", "command": PYTHON, "args": ["-m", "ekiben.serving.healthcheck"], "exitCode": 1},
        {
            "name": "options",
            "command": PYTHON,
            "args": ["-m", "ekiben.serving", "--help"],
            "expectedOutput": [r"--port"],
        },
    ]


def _python(name: str, code: str, output: str = "", *, error: str = "", status: int = 0) -> dict[str, object]:
    said = {"expectedOutput": [output] if output else [], "expectedError": [error] if error else []}
    return {"name": name, "command": PYTHON, "args": ["-c", code], "exitCode": status, **said}


def _folder(model: Model) -> str:
    return f"/app/models/{model.tag.name}/{model.tag.version}"
