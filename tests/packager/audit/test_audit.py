"""An audit finds what is in a Bento, says why, and runs nothing of it."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ekiben.packager.audit.audit import audit_bento
from ekiben.packager.audit.codes import CODES
from ekiben.packager.audit.finding import Finding
from ekiben.packager.audit.report import AuditReport
from ekiben.report import BYTES, SilentReporter, Task
from ekiben.store.bento_manifest import BentoManifest
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.packager.small_bento import save_model, small_bento

HASH = "0" * 64
PYLOCK = f"""\
lock-version = "1.0"
[[packages]]
name = "numpy"
version = "2.0"
wheels = [{{name = "numpy-2.0-py3-none-any.whl", hashes = {{sha256 = "{HASH}"}}}}]
[packages.tool.ekiben]
licence = "BSD-3-Clause"
[[packages]]
name = "shady"
version = "1.0"
wheels = [{{name = "shady-1.0-py3-none-any.whl", hashes = {{sha256 = "{HASH}"}}}}]
[packages.tool.ekiben]
yanked = true
[[packages]]
name = "copied"
version = "1.0"
wheels = [{{name = "copied-1.0-py3-none-any.whl", hashes = {{sha256 = "{HASH}"}}}}]
[packages.tool.ekiben]
licence = "AGPL-3.0-or-later"
"""


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.path}",)


def zipped(member: str, content: bytes) -> bytes:
    """A zip with one member."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(member, content)
    return packed.getvalue()


Put = Callable[..., Bento]


@pytest.fixture
def put(store: Store) -> Put:
    """A Bento of these files, in the test's store."""

    def put_it(files: Mapping[str, str | bytes], **manifest: object) -> Bento:
        with store.bentos.stage("box") as staged:
            for path, content in {"src/service.py": "x = 1\n", "env/python/requirements.lock": "", **files}.items():
                target = staged.path / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.encode() if isinstance(content, str) else content)
            made = BentoManifest(**{"service": "service:Box", "name": "box", "include": ("*",), **manifest})  # type: ignore[arg-type]
            return staged.commit(made, version=None, receipt={})

    return put_it


@pytest.fixture
def audit(store: Store) -> Callable[[Bento], AuditReport]:
    """Audits a Bento of that store."""
    return lambda bento: audit_bento(bento, store.models, SilentReporter())


Audit = Callable[[Bento], AuditReport]


def found(report: AuditReport, code: str) -> list[Finding]:
    """The open findings of a code."""
    return [one for one in report.sorted.open if one.code.id == code]


def codes(report: AuditReport) -> set[str]:
    """The codes of the open findings."""
    return {one.code.id for one in report.sorted.open}


def test_every_file_is_listed_with_size_kind_and_rule(put: Put, audit: Audit, store: Store) -> None:
    files = {"src/a/b.py": "y = 2\n", "env/docker/setup_script": "true\n", "apis/openapi.yaml": "{}", "stray.txt": "?"}
    bento = put(files, include=("*.py", "a/"), exclude=("c/",))
    report = audit(bento)
    listed = {file.path: (file.size_bytes, file.kind.value, file.rule) for file in report.files}
    assert listed["src/a/b.py"] == (6, "source", "include: a/")
    assert listed["src/service.py"] == (6, "source", "include: *.py")
    assert listed["env/docker/setup_script"] == (5, "image", "docker.setup_script")
    assert listed["bento.yaml"][1:] == ("documents", "build: manifest")
    assert listed["stray.txt"][1:] == ("other", "not recorded")
    on_disk = {one.relative_to(bento.path).as_posix() for one in bento.path.rglob("*") if one.is_file()}
    assert set(listed) == on_disk


def test_patterns_that_are_none_give_no_rule(put: Put, audit: Audit) -> None:
    report = audit(put({}, include=("[a",)))
    assert [file.rule for file in report.files if file.path == "src/service.py"] == ["not recorded"]


def test_models_are_listed_and_counted(store: Store, audit: Audit) -> None:
    model = save_model(store, "iris", "weights")
    report = audit(small_bento(store, models=[model]))
    path = f"models/iris/{model.tag.version}/weights.bin"
    assert [file.rule for file in report.files if file.path == path] == [f"models: {model.tag}"]
    assert json.loads(json.dumps(report.to_dict()))["totals"]["models"]["files"] == 4


@pytest.mark.parametrize(
    ("files", "code", "path"),
    [
        ({"src/config.py": "url = 'redis://:k3J9xQ2mZ7pL@cache.internal:6379/0'\n"}, "EKB001", "src/config.py"),
        ({"src/config.py": "\n\npassword = 'k3J9xQ2mZ7pL4vT8'\n"}, "EKB003", "src/config.py"),
        (
            {"src/config.txt": "token hf_k3J9xQ2mZ7pL4vT8wB5nR6yC1dF0gHsAeU".encode("utf-16")},
            "EKB001",
            "src/config.txt",
        ),
        ({"src/explore.ipynb": "{}"}, "EKB010", "src/explore.ipynb"),
        ({"src/data/train.csv.gz": "x"}, "EKB011", "src/data/train.csv.gz"),
        ({"src/weights.bin": b"\0" * (11 * 1024**2)}, "EKB012", "src/weights.bin"),
        ({"src/__pycache__/a.pyc": b"\0"}, "EKB013", "src/__pycache__/a.pyc"),
        ({"env/python/requirements.lock": "numpy\n"}, "EKB020", "env/python/requirements.lock"),
        ({"env/python/requirements.lock": "numpy>=2 --hash=sha256:00\n"}, "EKB020", "env/python/requirements.lock"),
        ({"env/python/requirements.lock": "numpy==2.*\n"}, "EKB020", "env/python/requirements.lock"),
        ({"env/python/requirements.lock": "numpy==2.0\n"}, "EKB021", "env/python/requirements.lock"),
        ({"env/python/pylock.toml": PYLOCK}, "EKB022", "env/python/pylock.toml"),
        ({"env/python/pylock.toml": PYLOCK}, "EKB026", "env/python/pylock.toml"),
        ({"env/python/pylock.toml": PYLOCK}, "EKB027", "env/python/pylock.toml"),
        ({"env/python/pylock.toml": "not = [toml"}, "EKB028", "env/python/pylock.toml"),
        ({"env/python/pylock.toml": "deep = " + "[" * 100_000}, "EKB028", "env/python/pylock.toml"),
        ({"env/conda/environment.yml": "dependencies: [ffmpeg=6]\n"}, "EKB025", "env/conda/environment.yml"),
        (
            {"env/docker/Containerfile": "FROM python:3.12-slim AS base\nFROM base\n"},
            "EKB030",
            "env/docker/Containerfile",
        ),
        ({"env/docker/setup_script": "true\n"}, "EKB032", "env/docker/setup_script"),
        ({"src/model.pkl": pickle.dumps(Evil(Path("x")))}, "EKB050", "src/model.pkl"),
        ({"src/model.pkl": b"csomewhere\nThing\n."}, "EKB051", "src/model.pkl"),
        ({"src/model.pkl": b"ccloudpickle.cloudpickle\n_make_function\n."}, "EKB052", "src/model.pkl"),
        ({"src/model.pkl": b"\x80\x04N"}, "EKB053", "src/model.pkl"),
        ({"src/model.joblib": b"\x04\x22\x4d\x18"}, "EKB054", "src/model.joblib"),
        (
            {"src/model.skops": zipped("schema.json", b'{"__module__": "os", "__class__": "system"}')},
            "EKB056",
            "src/model.skops",
        ),
        ({"src/net.keras": zipped("config.json", b'[{"class_name": "__lambda__"}]')}, "EKB057", "src/net.keras"),
    ],
)
def test_what_is_wrong_is_found_with_its_place(
    put: Put, audit: Audit, files: Mapping[str, str | bytes], code: str, path: str
) -> None:
    report = audit(put(files))
    assert [one.path for one in found(report, code)] == [path]
    assert report.fails == (CODES[code].severity.value != "info" or codes(report) != {code})


@pytest.mark.parametrize(
    ("manifest", "files", "code", "subject"),
    [
        ({"docker": {"env": {"DB": "postgres://app:k3J9xQ2mZ7@db.internal/x"}}}, {}, "EKB002", "DB"),
        ({"docker": {"env": {"HF_TOKEN": "abcdefgh"}}}, {}, "EKB002", "HF_TOKEN"),
        ({"envs": ({"name": "API_KEY", "value": "k3J9xQ2m", "stage": "build"},)}, {}, "EKB002", "API_KEY"),
        ({"docker": {"system_packages": ["ffmpeg"]}}, {}, "EKB031", "ffmpeg"),
        ({}, {"env/conda/environment.yml": "dependencies: [pip, python=3.12, pip=25.0=py0]\n"}, "EKB025", "python"),
        ({"python": {"lock_packages": False}}, {"env/python/requirements.in": "numpy>=2\n"}, "EKB020", "numpy"),
        ({"python": {"lock_packages": False}}, {}, "EKB023", None),
        ({}, {"env/docker/Containerfile": "ARG IMAGE=micro:2\nFROM ${IMAGE} AS conda\n"}, "EKB030", "micro:2"),
        (
            {"docker": {"cuda_version": "12.4"}},
            {"env/python/requirements.lock": f"nvidia-cublas-cu12==12.4 --hash=sha256:{HASH}\n"},
            "EKB024",
            "nvidia-cublas-cu12",
        ),
        (
            {"docker": {"cuda_version": "12.4"}},
            {"env/python/requirements.lock": f"cupy-cuda11x==13.4 --hash=sha256:{HASH}\n"},
            "EKB033",
            "cupy-cuda11x",
        ),
        (
            {},
            {"env/python/requirements.lock": f"onnxruntime-gpu==1.22 --hash=sha256:{HASH}\n"},
            "EKB033",
            "onnxruntime-gpu",
        ),
        (
            {},
            {
                "env/docker/Containerfile": f"FROM pytorch/pytorch:2.6-runtime@sha256:{HASH} AS base\n",
                "env/python/requirements.lock": f"torch==2.6 --hash=sha256:{HASH}\n",
            },
            "EKB024",
            "torch",
        ),
        (
            {},
            {
                "env/conda/environment.yml": "dependencies: [conda-forge::pytorch=2.0=py311_0]\n",
                "env/python/requirements.lock": f"torch==2.0 --hash=sha256:{HASH}\n",
            },
            "EKB024",
            "pytorch",
        ),
    ],
)
def test_what_the_manifest_and_locks_say_together_is_found(
    put: Put,
    audit: Audit,
    manifest: Mapping[str, object],
    files: Mapping[str, str],
    code: str,
    subject: str | None,
) -> None:
    assert [one.subject for one in found(audit(put(files, **manifest)), code)] == [subject]


def test_a_lock_that_was_not_wanted_is_not_missed_line_by_line(put: Put, audit: Audit) -> None:
    bento = put({"env/python/requirements.in": "numpy==2.0\npandas\n"}, python={"lock_packages": False})
    assert [(one.code.id, one.subject) for one in audit(bento).sorted.open] == [("EKB020", "pandas"), ("EKB023", None)]


def test_a_bento_of_bentomls_is_not_told_to_be_built_again(put: Put, audit: Audit) -> None:
    bento = put({}, ekiben_version="")
    (bento.path / "env/python/requirements.lock").unlink()
    (missed,) = found(audit(bento), "EKB028")
    assert missed.message == "BentoML built it, and its lock, which has no hashes, was left out"
    assert str(bento.tag) in missed.remedy
    assert "import ekiben as bentoml" in missed.remedy


def test_an_image_that_the_bentofile_does_not_choose_has_a_remedy_of_its_own(put: Put, audit: Audit) -> None:
    conda = "ARG EKIBEN_MICROMAMBA=mambaorg/micromamba:2.0.5\nFROM ${EKIBEN_MICROMAMBA} AS conda\nFROM python:3.12\n"
    ours, base = found(audit(put({"env/docker/Containerfile": conda})), "EKB030")
    assert "--opt build-arg=EKIBEN_MICROMAMBA=NAME@sha256:..." in ours.remedy
    assert "docker.base_image: NAME@sha256:..." in base.remedy


def test_what_is_in_order_is_not_found(put: Put, audit: Audit) -> None:
    lock = f"numpy==2.0 \\\n    --hash=sha256:{HASH}\nours @ file:wheels/a.whl --hash=sha256:{HASH}\n"
    files = {
        "env/python/requirements.lock": lock,
        "env/docker/Containerfile": f"FROM --platform=linux/amd64 python:3.12-slim@sha256:{HASH} AS base\nFROM base\n",
        "env/conda/environment.yml": "dependencies: [ffmpeg=6.1=h1_0]\n",
        "src/model.pkl": pickle.dumps({"a": [1, 2.5, {"x"}]}),
        "src/README.md": "password: see the vault\n",
    }
    env = {"OMP_NUM_THREADS": "1", "MAX_TOKEN": "512", "TOKEN_FILE": "/run/secrets/token", "HF_TOKEN": "${HF_TOKEN}"}
    report = audit(put(files, docker={"env": env}, envs=({"name": "API_KEY", "value": "", "stage": "all"},)))
    assert codes(report) == {"EKB055"}
    assert not report.fails


def test_the_projects_own_classes_may_be_pickled(put: Put, audit: Audit) -> None:
    files = {
        "src/features.py": "",
        "src/src/inner/text.py": "",
        "src/model.pkl": b"cfeatures\nThing\n0cinner.text\nOther\n.",
    }
    assert "EKB051" not in codes(audit(put(files)))


def test_auditing_runs_nothing(put: Put, audit: Audit, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    code = f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n"
    bento = put({"src/service.py": code, "src/sitecustomize.py": code, "src/model.pkl": pickle.dumps(Evil(mark))})
    report = audit(bento)
    assert found(report, "EKB050")
    assert not mark.exists()
    pickle.loads((bento.path / "src/model.pkl").read_bytes())
    assert mark.exists()


def test_models_that_are_lost_or_changed_are_found(store: Store, audit: Audit) -> None:
    lost, changed, nameless = (save_model(store, name) for name in ("lost", "changed", "nameless"))
    bento = small_bento(store, models=[lost, changed, nameless])
    store.models.delete(lost.tag, force=True)
    (changed.path / "SHA256SUMS").write_text("")
    manifest = bento.path / "bento.yaml"
    manifest.write_text(manifest.read_text().replace(f"digest: {nameless.digest}", "digest: ''"))
    report = audit(bento)
    assert [one.subject for one in found(report, "EKB040")] == [str(nameless.tag)]
    assert [one.subject for one in found(report, "EKB041")] == [str(lost.tag)]
    assert [one.subject for one in found(report, "EKB042")] == [str(changed.tag)]


def test_links_and_odd_names_are_shown_and_not_followed(put: Put, audit: Audit, tmp_path: Path) -> None:
    bento = put({})
    (tmp_path / "outside").write_text("password = 'k3J9xQ2mZ7pL4vT8'")
    (bento.path / "src/link.py").symlink_to(tmp_path / "outside")
    os.mkfifo(bento.path / "src/pipe.pkl")
    (bento.path / "src/a\x1b[2J\u202e.ipynb").write_text("{}")
    report = audit(bento)
    assert {one.path for one in found(report, "EKB014")} == {"src/link.py", "src/pipe.pkl"}
    assert "EKB003" not in codes(report)
    (notebook,) = found(report, "EKB010")
    assert "\\x1b[2J\\u202e" in notebook.message
    assert notebook.path == "src/a\x1b[2J\u202e.ipynb"


def test_wheels_are_searched_member_by_member(put: Put, audit: Audit) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ours/settings.py", "url = 'redis://:k3J9xQ2mZ7pL@cache.internal:6379/0'\n")
        archive.writestr("ours/model.pkl", b"cos\nsystem\n.")
    good, bad = "env/python/wheels/ours-1-py3-none-any.whl", "env/python/wheels/bad-1-py3-none-any.whl"
    report = audit(put({good: out.getvalue(), bad: out.getvalue()[:-10]}))
    assert [(one.path, one.subject) for one in found(report, "EKB001")] == [(good, "ours/settings.py")]
    assert "in ours/model.pkl, it imports `os.system`" in found(report, "EKB050")[0].message
    assert (good, "os.system") in [(one.path, one.subject) for one in found(report, "EKB050")]
    assert bad in [one.path for one in found(report, "EKB054")]


def test_files_of_gigabytes_and_deep_folders_are_no_trouble(put: Put, audit: Audit) -> None:
    bento = put({})
    for name in ("weights.bin", "text.txt", "model.pkl"):
        with (bento.path / "src" / name).open("wb") as stream:
            stream.write(b"password = 'k3J9xQ2mZ7pL4vT8'\n" if name == "text.txt" else b"\x80\x04")
            stream.truncate(2 * 1024**3)
    deep = bento.path / "src" / "/".join("d" * 200)
    deep.mkdir(parents=True)
    (deep / "a.ipynb").write_text("{}")
    report = audit(bento)
    assert {one.path for one in found(report, "EKB012")} == {
        f"src/{name}" for name in ("weights.bin", "text.txt", "model.pkl")
    }
    assert [one.path for one in found(report, "EKB053")] == ["src/model.pkl"]
    assert len(found(report, "EKB010")) == 1


@dataclass
class Bar(SilentReporter):
    """Remembers how far the work was."""

    total: int | None = None
    done: int = 0

    @contextmanager
    def task(self, name: str, total: int | None = None, unit: str = BYTES) -> Iterator[Task]:
        """Remembers the total."""
        self.total = total
        yield self

    def advance(self, amount: int) -> None:
        """Remembers the amount."""
        self.done += amount


def test_progress_comes_near_its_total(store: Store) -> None:
    bar = Bar()
    audit_bento(small_bento(store, models=[save_model(store, "iris", "w" * 100_000)]), store.models, bar)
    assert bar.total is not None
    assert 200_000 < bar.done <= bar.total


def test_what_is_allowed_is_told_apart(put: Put, audit: Audit) -> None:
    allow = [
        {"code": "EKB010", "reason": "shown to customers", "path": "docs/*.ipynb"},
        {"code": "EKB051", "reason": "our own", "path": "somewhere.*"},
        {"code": "EKB011", "reason": "nothing here"},
        {"code": "EKB050", "reason": "  "},
    ]
    files = {
        "src/docs/a.ipynb": "{}",
        "src/b.ipynb": "{}",
        "src/model.pkl": b"csomewhere\nThing\n0celsewhere\nThing\n0cos\nsystem\n.",
    }
    report = audit(put(files, audit={"allow": [{**allow[0], "path": "src/docs/*.ipynb"}, *allow[1:]]}))
    assert {(one.finding.path, one.allowance.reason) for one in report.sorted.allowed} == {
        ("src/docs/a.ipynb", "shown to customers"),
        ("src/model.pkl", "our own"),
    }
    assert [one.code for one in report.sorted.unused] == ["EKB011"]
    assert {one.subject for one in found(report, "EKB051")} == {"elsewhere.Thing"}
    assert found(report, "EKB050")
    assert report.fails


def test_the_same_bento_has_the_same_findings_in_any_process(put: Put, audit: Audit, store: Store) -> None:
    bento = put(
        {"src/a.ipynb": "{}", "src/model.pkl": b"cb\nB\n0ca\nA\n0cos\nsystem\n.", "env/python/pylock.toml": PYLOCK}
    )
    here = json.dumps(audit(bento).to_dict(), indent=2)
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "ekiben.cli", "audit", str(bento.tag), "-o", "json"],
            env={
                **os.environ,
                "EKIBEN_HOME": str(store.home),
                "PYTHONHASHSEED": seed,
                "LC_ALL": "C",
                "TZ": "Asia/Tokyo",
            },
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"{here}\n"


def test_every_code_is_of_its_own_and_says_what_to_do() -> None:
    assert len({one.name for one in CODES.values()}) == len(CODES)
    for code, one in CODES.items():
        assert code == one.id
        assert one.name.isalnum()
        assert all((one.remedy, one.title))
