"""Locking, with the real resolvers: against an index made here, and against the one that this machine's pip has."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import LockError
from ekiben.packager.lock.pylock import format_pylock
from ekiben.packager.lock.request import Lock, LockRequest, LockTool
from ekiben.packager.lock.resolve import age_text, lock_requirements
from ekiben.packager.lock.settling import settle_pins
from ekiben.packager.lock.target import Target, host_target
from tests.packager.lock.local_index import LocalIndex, RecordingReporter, guarded, pin

TOOLS: tuple[LockTool, ...] = ("uv", "pip-tools")
HOST = host_target() or Target("3.11", "linux/amd64")
both_tools = pytest.mark.parametrize("tool", TOOLS)


@pytest.fixture
def asked(index: LocalIndex, project: Path) -> LockRequest:
    """A request for the host that knows only the local index."""
    return LockRequest(
        requirements=("app",), project=project, python=HOST.python, platform=HOST.platform, index_url=index.url
    )


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@contextmanager
def dead_port() -> Iterator[str]:
    """The URL of a port of this machine that nothing listens on."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}/simple"


def names(lock: Lock) -> list[str]:
    return [f"{package.name}=={package.version}" for package in lock.packages]


@both_tools
def test_a_lock_has_every_dependency_with_its_hash(
    index: LocalIndex,
    asked: LockRequest,
    cache: Path,
    environ: dict[str, str],
    reporter: RecordingReporter,
    tool: LockTool,
) -> None:
    index.add("dep", "1.0")
    dep = index.add("dep", "1.5")
    app = index.add("app", "2.0", requires=["dep<2", "never; sys_platform == 'win32'"])
    request = replace(asked, tool=tool, requirements=("App; sys_platform != 'win32'",))
    lock = lock_requirements(request, cache=cache, reporter=reporter, environ=environ)
    assert lock.text == f"app==2.0 \\\n    --hash={app}\ndep==1.5 \\\n    --hash={dep}\n"
    assert lock.intent == 'app ; sys_platform != "win32"\n'
    assert (lock.tool, lock.source) == (tool, "resolved now")
    assert not reporter.warnings


@both_tools
def test_constraints_limit_without_asking(
    index: LocalIndex,
    asked: LockRequest,
    cache: Path,
    environ: dict[str, str],
    reporter: RecordingReporter,
    tool: LockTool,
) -> None:
    for version in ("1.0", "2.0"):
        index.add("app", version)
    (asked.project / "limits.txt").write_text("app<2\nother<1\n")
    request = replace(asked, tool=tool, requirements=(*asked.requirements, "-c limits.txt"))
    assert names(lock_requirements(request, cache=cache, reporter=reporter, environ=environ)) == ["app==1.0"]


@both_tools
def test_the_best_version_of_any_index_or_folder_wins(
    index: LocalIndex,
    asked: LockRequest,
    cache: Path,
    environ: dict[str, str],
    reporter: RecordingReporter,
    tool: LockTool,
) -> None:
    index.add("app", "1.0")
    other = LocalIndex(asked.project / "other index")
    digest = other.add("app", "1.0+cpu")
    request = replace(asked, tool=tool, requirements=("app==1.0",), find_links=("other index/files",))
    lock = lock_requirements(request, cache=cache, reporter=reporter, environ=environ)
    assert [(one.version, one.hashes) for one in lock.packages] == [("1.0+cpu", (digest,))]


@both_tools
def test_pips_configuration_is_used(
    index: LocalIndex,
    asked: LockRequest,
    cache: Path,
    environ: dict[str, str],
    reporter: RecordingReporter,
    tool: LockTool,
) -> None:
    index.add("app", "1.0")
    config = asked.project / "pip.conf"
    config.write_text(f"[global]\nno-index = true\nfind-links = {index.files}\n")
    request = replace(asked, tool=tool, index_url=None)
    lock = lock_requirements(
        request, cache=cache, reporter=reporter, environ={**environ, "PIP_CONFIG_FILE": str(config)}
    )
    assert names(lock) == ["app==1.0"]


@both_tools
@pytest.mark.parametrize(
    ("requirements", "words", "hint"),
    [(("nosuch-package",), "nosuch-package", "check the name"), (("app<2", "app>=2"), "app<2", "loosen")],
)
def test_what_cannot_be_resolved_is_explained_and_leaves_nothing(
    index: LocalIndex,
    asked: LockRequest,
    cache: Path,
    environ: dict[str, str],
    reporter: RecordingReporter,
    tool: LockTool,
    requirements: tuple[str, ...],
    words: str,
    hint: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    index.add("app", "1.0")
    index.add("app", "2.0")
    with pytest.raises(LockError, match=words) as caught:
        lock_requirements(
            replace(asked, tool=tool, requirements=requirements), cache=cache, reporter=reporter, environ=environ
        )
    assert hint in (caught.value.hint or "")
    assert "Traceback" not in str(caught.value)
    assert not cache.exists()
    assert not list(scratch.iterdir())


def test_the_cache_is_used_while_nothing_changed_and_needs_no_index(
    index: LocalIndex, asked: LockRequest, cache: Path, environ: dict[str, str], reporter: RecordingReporter
) -> None:
    index.add("app", "1.0")
    made = datetime(2025, 1, 1, tzinfo=UTC)
    with dead_port() as url:
        request = replace(asked, extra_index_url=(url,))
        with pytest.raises(LockError, match=r"failed to fetch|request failed"):
            lock_requirements(request, cache=cache, reporter=reporter, environ=environ)
    first = lock_requirements(asked, cache=cache, reporter=reporter, environ=environ, now=lambda: made)
    index.simple.rename(index.simple.with_name("gone"))
    again = lock_requirements(
        replace(asked, requirements=(" App  # the same wish",)),
        cache=cache,
        reporter=reporter,
        environ={**environ, "HTTPS_PROXY": url},
        now=lambda: made + timedelta(days=3, hours=2),
    )
    assert again == replace(first, source="cache")
    assert reporter.infos[-1] == "lock: reused from cache, 3 days old"


@both_tools
@pytest.mark.parametrize("place", ["pip.conf", "netrc"])
def test_a_guarded_index_opens_by_pips_configuration_and_by_netrc(
    index: LocalIndex,
    asked: LockRequest,
    cache: Path,
    environ: dict[str, str],
    reporter: RecordingReporter,
    tool: LockTool,
    place: str,
) -> None:
    index.add("app", "1.0")
    with guarded(index, user="me", password="s3cret") as port:
        userinfo = "me:s3cret@" if place == "pip.conf" else ""
        if place == "netrc":
            (Path(environ["HOME"]) / ".netrc").write_text("machine 127.0.0.1 login me password s3cret\n")
        configured = {**environ, "PIP_INDEX_URL": f"http://{userinfo}127.0.0.1:{port}/simple"}
        request = replace(asked, tool=tool, index_url=None)
        lock = lock_requirements(request, cache=cache, reporter=reporter, environ=configured)
    assert names(lock) == ["app==1.0"]
    said = [
        lock.text,
        lock.intent,
        *reporter.infos,
        *reporter.warnings,
        *(one.read_text() for one in cache.rglob("*.json")),
    ]
    assert "s3cret" not in "".join(said)


@both_tools
def test_a_wrong_password_is_refused_and_not_shown(
    index: LocalIndex,
    asked: LockRequest,
    cache: Path,
    environ: dict[str, str],
    reporter: RecordingReporter,
    tool: LockTool,
) -> None:
    index.add("app", "1.0")
    with guarded(index, user="me", password="right") as port:
        configured = {**environ, "PIP_INDEX_URL": f"http://me:s3cret@127.0.0.1:{port}/simple"}
        request = replace(asked, tool=tool, index_url=None)
        with pytest.raises(LockError) as caught:
            lock_requirements(request, cache=cache, reporter=reporter, environ=configured)
    assert "s3cret" not in str(caught.value)
    assert "app" in str(caught.value)


def test_a_full_or_forbidden_cache_costs_a_warning_only(
    index: LocalIndex, asked: LockRequest, tmp_path: Path, environ: dict[str, str], reporter: RecordingReporter
) -> None:
    index.add("app", "1.0")
    (tmp_path / "file").touch()
    lock = lock_requirements(asked, cache=tmp_path / "file/cache", reporter=reporter, environ=environ)
    assert names(lock) == ["app==1.0"]
    assert "could not be kept" in reporter.warnings[0]


def test_hashes_that_the_project_names_are_the_only_ones_locked(
    index: LocalIndex, asked: LockRequest, cache: Path, environ: dict[str, str], reporter: RecordingReporter
) -> None:
    mine = index.add("app", "1.0")
    other = index.add("app", "1.0", tag="py2.py3-none-any", note="other bytes")
    request = replace(asked, requirements=(f"app==1.0 --hash={mine}",))
    lock = lock_requirements(request, cache=cache, reporter=reporter, environ=environ)
    assert [(one.version, one.hashes) for one in lock.packages] == [("1.0", (mine,))]
    both = lock_requirements(asked, cache=cache, reporter=reporter, environ=environ)
    assert set(both.packages[0].hashes) == {mine, other}
    stranger = f"app==1.0 --hash=sha256:{'0' * 64}"
    with pytest.raises(LockError, match=r"none of the files found for `app==1\.0`"):
        lock_requirements(replace(asked, requirements=(stranger,)), cache=cache, reporter=reporter, environ=environ)


def test_an_index_without_digests_is_locked_by_the_files_themselves(
    index: LocalIndex, asked: LockRequest, cache: Path, environ: dict[str, str], reporter: RecordingReporter
) -> None:
    digest = index.add("app", "1.0")
    page = index.simple / "app/index.html"
    page.write_text(page.read_text().replace(digest.replace(":", "="), ""))
    lock = lock_requirements(asked, cache=cache, reporter=reporter, environ=environ)
    assert lock.packages[0].hashes == (digest,)


def test_bentoml_is_replaced_and_a_missing_folder_is_told(
    index: LocalIndex, asked: LockRequest, cache: Path, environ: dict[str, str], reporter: RecordingReporter
) -> None:
    index.add("app", "1.0")
    request = replace(asked, requirements=("app", "bentoml>=1.2"), find_links=("nowhere",))
    assert names(lock_requirements(request, cache=cache, reporter=reporter, environ=environ)) == ["app==1.0"]
    assert reporter.infos[0] == "`bentoml>=1.2` is replaced by ekiben-runtime"
    assert "nowhere` does not exist" in reporter.warnings[0]


def test_a_credential_in_the_bentofile_is_refused_and_not_shown(
    asked: LockRequest, cache: Path, environ: dict[str, str], reporter: RecordingReporter
) -> None:
    request = replace(asked, extra_index_url=("https://me:s3cret@host/simple",))
    with pytest.raises(LockError, match="carries a credential") as caught:
        lock_requirements(request, cache=cache, reporter=reporter, environ=environ)
    assert "s3cret" not in str(caught.value)


def test_pip_tools_says_that_it_locks_for_its_host_only(
    asked: LockRequest, cache: Path, environ: dict[str, str], reporter: RecordingReporter
) -> None:
    request = replace(asked, tool="pip-tools", python="3.99")
    with pytest.raises(LockError, match="its own host") as caught:
        lock_requirements(request, cache=cache, reporter=reporter, environ=environ)
    assert "lock_tool: uv" in (caught.value.hint or "")


@both_tools
def test_the_configured_index_locks_a_real_package_that_pip_installs(
    project: Path, cache: Path, reporter: RecordingReporter, tmp_path: Path, tool: LockTool
) -> None:
    (project / "requirements.txt").write_text("idna>=3\n-r more.txt\n")
    (project / "more.txt").write_text("certifi  # bundle\n")
    request = LockRequest(
        requirements=("-r requirements.txt",), project=project, python=HOST.python, platform=HOST.platform, tool=tool
    )
    lock = lock_requirements(request, cache=cache, reporter=reporter)
    (tmp_path / "requirements.lock").write_text(lock.text)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
    target = ["--target", str(tmp_path / "site"), "-r", str(tmp_path / "requirements.lock")]
    subprocess.run([*install, *target], check=True, capture_output=True)
    assert {"certifi", "idna"} <= {path.name for path in (tmp_path / "site").iterdir()}


@pytest.mark.parametrize(("python", "platform"), [("3.11", "linux/amd64"), ("3.12", "linux/arm64")])
def test_a_heavy_package_locks_for_another_python_and_platform(
    project: Path, cache: Path, reporter: RecordingReporter, python: str, platform: str
) -> None:
    request = LockRequest(requirements=("scikit-learn", "numpy"), project=project, python=python, platform=platform)
    lock = lock_requirements(request, cache=cache, reporter=reporter)
    assert {"joblib", "numpy", "scikit-learn", "scipy", "threadpoolctl"} <= {one.name for one in lock.packages}
    assert all(one.hashes and one.marker is None for one in lock.packages)


@given(st.frozensets(st.sampled_from("abcd"), min_size=1), st.frozensets(st.sampled_from("abcd")))
def test_named_hashes_only_ever_narrow(found: frozenset[str], named: frozenset[str]) -> None:
    x = pin("x", "1", *sorted(found), marker="python_version > '3'")
    if found & named:
        assert settle_pins([x], {"x": named}, HOST) == (pin("x", "1", *sorted(found & named)),)
    else:
        with pytest.raises(LockError):
            settle_pins([x], {"x": named}, HOST)
    assert settle_pins([x], {"y": named}, HOST) == (replace(x, marker=None),)


def test_a_pin_without_any_hash_is_refused() -> None:
    with pytest.raises(LockError, match="no index gives a hash"):
        settle_pins([pin("x", "1")], {}, HOST)


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=5), "less than a minute old"),
        (timedelta(minutes=1), "1 minute old"),
        (timedelta(hours=30), "1 day old"),
        (timedelta(days=-1), "less than a minute old"),
    ],
)
def test_an_age_is_told_in_one_unit(age: timedelta, text: str) -> None:
    assert age_text(age) == text


@both_tools
def test_a_remote_index_without_digests_is_locked_by_a_download(
    index: LocalIndex,
    asked: LockRequest,
    cache: Path,
    environ: dict[str, str],
    reporter: RecordingReporter,
    tool: LockTool,
) -> None:
    digest = index.add("app", "1.0")
    page = index.simple / "app/index.html"
    page.write_text(page.read_text().replace(digest.replace(":", "="), ""))
    with guarded(index, user="me", password="s3cret") as port:
        remote = {**environ, "PIP_INDEX_URL": f"http://me:s3cret@127.0.0.1:{port}/simple"}
        request = replace(asked, tool=tool, index_url=None)
        lock = lock_requirements(request, cache=cache, reporter=reporter, environ=remote)
    assert [(file.name, file.sha256) for one in lock.packages for file in one.files] == [
        ("app-1.0-py3-none-any.whl", digest)
    ]


def test_pins_are_kept_where_the_requirements_allow_it(
    index: LocalIndex, asked: LockRequest, cache: Path, environ: dict[str, str], reporter: RecordingReporter
) -> None:
    index.add("app", "1.0")
    first = lock_requirements(asked, cache=cache, reporter=reporter, environ=environ)
    index.add("app", "2.0")
    for tool in TOOLS:
        kept = replace(asked, tool=tool, preferred=first.packages)
        assert names(lock_requirements(kept, cache=cache, reporter=reporter, environ=environ)) == ["app==1.0"]
        moved = replace(kept, requirements=("app>=2",))
        assert names(lock_requirements(moved, cache=cache, reporter=reporter, environ=environ)) == ["app==2.0"]


def test_both_tools_give_the_same_files(
    index: LocalIndex, asked: LockRequest, cache: Path, environ: dict[str, str], reporter: RecordingReporter
) -> None:
    index.add("dep", "1.0", headers=("License-Expression: MIT",))
    index.add("app", "2.0", requires=["dep"])
    locks = [
        lock_requirements(replace(asked, tool=tool), cache=cache, reporter=reporter, environ=environ) for tool in TOOLS
    ]
    assert locks[0].packages == locks[1].packages
    assert format_pylock(locks[0].packages, HOST) == format_pylock(locks[1].packages, HOST)
