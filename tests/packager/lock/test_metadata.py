"""Licences are known from wheels on this machine, from an index through pip, and from the last lock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.packager.lock.metadata import licence_in
from ekiben.packager.lock.request import LockRequest, LockTool
from ekiben.packager.lock.resolve import lock_requirements
from ekiben.packager.lock.target import host_target
from tests.packager.lock.local_index import LocalIndex, RecordingReporter, guarded, write_wheel

MIT = ("License-Expression: MIT",)


@pytest.fixture
def asked(index: LocalIndex, project: Path) -> LockRequest:
    """A request for another Python and platform than this one's."""
    return LockRequest(
        requirements=("app",), project=project, python="3.13", platform="linux/arm64", index_url=index.url
    )


def test_a_wheels_own_words_are_read(tmp_path: Path) -> None:
    write_wheel(tmp_path / "a.whl", "a", "1", headers=["Classifier: License :: OSI Approved :: MIT License"])
    (tmp_path / "b.whl").write_bytes(b"no wheel")
    assert licence_in(tmp_path / "a.whl") == "MIT"
    assert licence_in(tmp_path / "b.whl") is None
    assert licence_in(tmp_path / "c.whl") is None


def test_a_local_index_tells_licences(
    index: LocalIndex, asked: LockRequest, tmp_path: Path, environ: dict[str, str], reporter: RecordingReporter
) -> None:
    index.add("app", "1.0", headers=MIT)
    lock = lock_requirements(asked, cache=tmp_path, reporter=reporter, environ=environ)
    assert [one.licence for one in lock.packages] == ["MIT"]


def test_a_remote_index_tells_them_through_pip_for_another_platform(
    index: LocalIndex, asked: LockRequest, tmp_path: Path, environ: dict[str, str], reporter: RecordingReporter
) -> None:
    index.add("app", "1.0", tag="cp313-cp313-manylinux_2_28_aarch64", headers=MIT)
    index.add("app", "1.0", tag="cp313-cp313-manylinux_2_28_x86_64", headers=("License-Expression: ISC",))
    with guarded(index, user="me", password="s3cret") as port:
        remote = {**environ, "PIP_INDEX_URL": f"http://me:s3cret@127.0.0.1:{port}/simple", "PIP_USER": "1"}
        request = replace(asked, index_url=None)
        lock = lock_requirements(request, cache=tmp_path, reporter=reporter, environ=remote)
    (package,) = lock.packages
    assert package.licence == "MIT"
    assert [file.name for file in package.files] == ["app-1.0-cp313-cp313-manylinux_2_28_aarch64.whl"]
    assert "s3cret" not in str(lock)


def test_a_licence_that_cannot_be_had_is_no_error(
    index: LocalIndex, asked: LockRequest, tmp_path: Path, environ: dict[str, str], reporter: RecordingReporter
) -> None:
    index.add("app", "1.0")
    lock = lock_requirements(asked, cache=tmp_path, reporter=reporter, environ=environ)
    assert [one.licence for one in lock.packages] == [None]
    assert "lock: no licence is known of app" in reporter.infos


def test_what_the_last_lock_knew_is_kept(
    index: LocalIndex, asked: LockRequest, tmp_path: Path, environ: dict[str, str], reporter: RecordingReporter
) -> None:
    index.add("app", "1.0")
    first = lock_requirements(asked, cache=tmp_path, reporter=reporter, environ=environ)
    known = tuple(replace(one, licence="Our own") for one in first.packages)
    lock = lock_requirements(replace(asked, preferred=known), cache=tmp_path, reporter=reporter, environ=environ)
    assert [one.licence for one in lock.packages] == ["Our own"]


@pytest.mark.parametrize("tool", ["uv", "pip-tools"])
def test_a_yanked_version_is_noted(
    index: LocalIndex,
    asked: LockRequest,
    tmp_path: Path,
    environ: dict[str, str],
    reporter: RecordingReporter,
    tool: LockTool,
) -> None:
    index.add("app", "1.0", is_yanked=True)
    index.add("app", "0.9")
    request = replace(asked, requirements=("app==1.0",), tool=tool)
    if tool == "pip-tools":
        host = host_target()
        assert host is not None
        request = replace(request, python=host.python, platform=host.platform)
    lock = lock_requirements(request, cache=tmp_path, reporter=reporter, environ=environ)
    assert [(one.version, one.is_yanked) for one in lock.packages] == [("1.0", True)]
    again = lock_requirements(request, cache=tmp_path, reporter=reporter, environ=environ)
    assert again.packages == lock.packages
    assert "`app==1.0` is yanked" in reporter.warnings
