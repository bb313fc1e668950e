"""Locking, with the real resolvers: against an index made here, and against the one that this machine's pip has."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ekiben.errors import LockError
from ekiben.packager.lock.pylock import format_pylock
from ekiben.packager.lock.request import Lock, LockRequest, LockTool
from ekiben.packager.lock.resolve import age_text, lock_requirements, utc_now
from ekiben.packager.lock.target import Target, host_target
from tests.packager.lock.local_index import LocalIndex, RecordingReporter, guarded

TOOLS: tuple[LockTool, ...] = ("uv", "pip-tools")
HOST = host_target() or Target("3.11", "linux/amd64")
Locks = Callable[..., Lock]
both_tools = pytest.mark.parametrize("tool", TOOLS)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def locks(index: LocalIndex, project: Path, cache: Path, environ: dict[str, str], reporter: RecordingReporter) -> Locks:
    """Locks `app` for the host from the local index alone, but for what is said otherwise."""
    asked = LockRequest(
        requirements=("app",), project=project, python=HOST.python, platform=HOST.platform, index_url=index.url
    )

    def lock(
        *,
        variables: Mapping[str, str] = {},
        cache: Path = cache,
        now: Callable[[], datetime] = utc_now,
        **changes: object,
    ) -> Lock:
        request = replace(asked, **changes)  # type: ignore[arg-type]
        return lock_requirements(request, cache=cache, reporter=reporter, environ={**environ, **variables}, now=now)

    return lock


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
    index: LocalIndex, locks: Locks, reporter: RecordingReporter, tool: LockTool
) -> None:
    index.add("dep", "1.0")
    dep = index.add("dep", "1.5")
    app = index.add("app", "2.0", requires=["dep<2", "never; sys_platform == 'win32'"])
    lock = locks(tool=tool, requirements=("App; sys_platform != 'win32'",))
    assert lock.text == f"app==2.0 \\\n    --hash={app}\ndep==1.5 \\\n    --hash={dep}\n"
    assert lock.intent == 'app ; sys_platform != "win32"\n'
    assert (lock.tool, lock.source) == (tool, "resolved now")
    assert not reporter.warnings


@both_tools
def test_constraints_limit_without_asking(index: LocalIndex, locks: Locks, project: Path, tool: LockTool) -> None:
    for version in ("1.0", "2.0"):
        index.add("app", version)
    (project / "limits.txt").write_text("app<2\nother<1\n")
    assert names(locks(tool=tool, requirements=("app", "-c limits.txt"))) == ["app==1.0"]


@both_tools
def test_the_best_version_of_any_index_or_folder_wins(
    index: LocalIndex, locks: Locks, project: Path, tool: LockTool
) -> None:
    index.add("app", "1.0")
    digest = LocalIndex(project / "other index").add("app", "1.0+cpu")
    lock = locks(tool=tool, requirements=("app==1.0",), find_links=("other index/files",))
    assert [(one.version, one.hashes) for one in lock.packages] == [("1.0+cpu", (digest,))]


@both_tools
def test_pips_configuration_is_used(index: LocalIndex, locks: Locks, project: Path, tool: LockTool) -> None:
    index.add("app", "1.0")
    config = project / "pip.conf"
    config.write_text(f"[global]\nno-index = true\nfind-links = {index.files}\n")
    assert names(locks(tool=tool, index_url=None, variables={"PIP_CONFIG_FILE": str(config)})) == ["app==1.0"]


@both_tools
@pytest.mark.parametrize(
    ("requirements", "words", "hint"),
    [(("nosuch-package",), "nosuch-package", "check the name"), (("app<2", "app>=2"), "app<2", "loosen")],
)
def test_what_cannot_be_resolved_is_explained_and_leaves_nothing(
    index: LocalIndex,
    locks: Locks,
    cache: Path,
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
        locks(tool=tool, requirements=requirements)
    assert hint in (caught.value.hint or "")
    assert "Traceback" not in str(caught.value)
    assert not cache.exists()
    assert not list(scratch.iterdir())


def test_the_cache_is_used_while_nothing_changed_and_needs_no_index(
    index: LocalIndex, locks: Locks, reporter: RecordingReporter
) -> None:
    index.add("app", "1.0")
    made = datetime(2025, 1, 1, tzinfo=UTC)
    with dead_port() as url, pytest.raises(LockError, match=r"failed to fetch|request failed"):
        locks(extra_index_url=(url,))
    first = locks(now=lambda: made)
    index.simple.rename(index.simple.with_name("gone"))
    again = locks(
        requirements=(" App  # the same wish",),
        variables={"HTTPS_PROXY": url},
        now=lambda: made + timedelta(days=3, hours=2),
    )
    assert again == replace(first, source="cache")
    assert reporter.infos[-1] == "lock: reused from cache, 3 days old"


@both_tools
@pytest.mark.parametrize("place", ["pip.conf", "netrc"])
def test_a_guarded_index_opens_by_pips_configuration_and_by_netrc(
    index: LocalIndex,
    locks: Locks,
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
        configured = {"PIP_INDEX_URL": f"http://{userinfo}127.0.0.1:{port}/simple"}
        lock = locks(tool=tool, index_url=None, variables=configured)
    assert names(lock) == ["app==1.0"]
    said = [lock.text, lock.intent, *reporter.infos, *reporter.warnings]
    assert "s3cret" not in "".join([*said, *(one.read_text() for one in cache.rglob("*.json"))])


@pytest.mark.parametrize(("tool", "words"), [("uv", "UV_INDEX_<NAME>_PASSWORD"), ("pip-tools", "wants a login")])
def test_an_index_that_wants_a_login_is_thought_of(
    index: LocalIndex, locks: Locks, project: Path, tool: LockTool, words: str
) -> None:
    index.add("app", "1.0")
    other = LocalIndex(project / "other index")
    other.add("another", "1.0")
    with guarded(index, user="me", password="s3cret") as port, pytest.raises(LockError) as caught:
        locks(tool=tool, index_url=other.url, extra_index_url=(f"http://127.0.0.1:{port}/simple",))
    assert words in (caught.value.hint or "")


@both_tools
def test_a_wrong_password_is_refused_and_not_shown(index: LocalIndex, locks: Locks, tool: LockTool) -> None:
    index.add("app", "1.0")
    with guarded(index, user="me", password="right") as port:
        configured = {"PIP_INDEX_URL": f"http://me:s3cret@127.0.0.1:{port}/simple"}
        with pytest.raises(LockError, match="app") as caught:
            locks(tool=tool, index_url=None, variables=configured)
    assert "s3cret" not in str(caught.value)


def test_a_full_or_forbidden_cache_costs_a_warning_only(
    index: LocalIndex, locks: Locks, tmp_path: Path, reporter: RecordingReporter
) -> None:
    index.add("app", "1.0")
    (tmp_path / "file").touch()
    assert names(locks(cache=tmp_path / "file/cache")) == ["app==1.0"]
    assert "could not be kept" in reporter.warnings[0]


def test_hashes_that_the_project_names_are_the_only_ones_locked(index: LocalIndex, locks: Locks) -> None:
    mine = index.add("app", "1.0")
    other = index.add("app", "1.0", tag="py2.py3-none-any", note="other bytes")
    lock = locks(requirements=(f"app==1.0 --hash={mine}",))
    assert [(one.version, one.hashes) for one in lock.packages] == [("1.0", (mine,))]
    assert set(locks().packages[0].hashes) == {mine, other}
    with pytest.raises(LockError, match=r"none of the files found for `app==1\.0`"):
        locks(requirements=(f"app==1.0 --hash=sha256:{'0' * 64}",))


def test_an_index_without_digests_is_locked_by_the_files_themselves(index: LocalIndex, locks: Locks) -> None:
    digest = index.add("app", "1.0")
    index.forget_digest("app", digest)
    assert locks().packages[0].hashes == (digest,)


@both_tools
def test_a_remote_index_without_digests_is_locked_by_a_download(
    index: LocalIndex, locks: Locks, tool: LockTool
) -> None:
    digest = index.add("app", "1.0")
    index.forget_digest("app", digest)
    with guarded(index, user="me", password="s3cret") as port:
        remote = {"PIP_INDEX_URL": f"http://me:s3cret@127.0.0.1:{port}/simple"}
        lock = locks(tool=tool, index_url=None, variables=remote)
    assert [(file.name, file.sha256) for one in lock.packages for file in one.files] == [
        ("app-1.0-py3-none-any.whl", digest)
    ]


def test_bentoml_is_replaced_and_a_missing_folder_is_told(
    index: LocalIndex, locks: Locks, reporter: RecordingReporter
) -> None:
    index.add("app", "1.0")
    assert names(locks(requirements=("app", "bentoml>=1.2"), find_links=("nowhere",))) == ["app==1.0"]
    assert reporter.infos[0] == "`bentoml>=1.2` is replaced by ekiben-runtime"
    assert "nowhere` does not exist" in reporter.warnings[0]


def test_a_credential_in_the_bentofile_is_refused_and_not_shown(locks: Locks) -> None:
    with pytest.raises(LockError, match="carries a credential") as caught:
        locks(extra_index_url=("https://me:s3cret@host/simple",))
    assert "s3cret" not in str(caught.value)


def test_pip_tools_says_that_it_locks_for_its_host_only(locks: Locks) -> None:
    with pytest.raises(LockError, match="its own host") as caught:
        locks(tool="pip-tools", python="3.99")
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


def test_pins_are_kept_where_the_requirements_allow_it(index: LocalIndex, locks: Locks) -> None:
    index.add("app", "1.0")
    first = locks()
    index.add("app", "2.0")
    for tool in TOOLS:
        assert names(locks(tool=tool, preferred=first.packages)) == ["app==1.0"]
        assert names(locks(tool=tool, preferred=first.packages, requirements=("app>=2",))) == ["app==2.0"]


def test_both_tools_give_the_same_files(index: LocalIndex, locks: Locks) -> None:
    index.add("dep", "1.0", headers=("License-Expression: MIT",))
    index.add("app", "2.0", requires=["dep"])
    by_uv, by_pip = (locks(tool=tool).packages for tool in TOOLS)
    assert by_uv == by_pip
    assert format_pylock(by_uv, HOST) == format_pylock(by_pip, HOST)
