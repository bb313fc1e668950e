"""Licences are known from wheels that are here, from other projects, from the last lock, or through pip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.packager.lock.job import ResolverJob
from ekiben.packager.lock.licence_cache import LicenceCache
from ekiben.packager.lock.licences import LicenceFields
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage
from ekiben.packager.lock.metadata import licence_fields_in, with_licences
from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.packager.lock.request import LockRequest, LockTool
from ekiben.packager.lock.resolve import lock_requirements
from ekiben.packager.lock.target import Target, host_target
from ekiben.packager.lock.wheel_files import WheelFiles
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
    assert licence_fields_in(tmp_path / "a.whl").classifiers == ("License :: OSI Approved :: MIT License",)
    assert licence_fields_in(tmp_path / "b.whl") == LicenceFields()
    assert licence_fields_in(tmp_path / "c.whl") == LicenceFields()


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


@pytest.fixture
def job(tmp_path: Path, environ: dict[str, str]) -> ResolverJob:
    """A job that knows no index."""
    folder = tmp_path / "job"
    folder.mkdir()
    return ResolverJob(folder, Target("3.13", "linux/arm64"), PipSettings(no_index=True), environ, timeout_s=60)


@pytest.fixture
def memory(tmp_path: Path) -> LicenceCache:
    """A cache that knows nothing."""
    return LicenceCache(tmp_path / "licences")


@pytest.fixture
def wheels(tmp_path: Path) -> WheelFiles:
    """A cache that holds nothing."""
    return WheelFiles(tmp_path / "wheels")


def at(url: str, digest: str, size_bytes: int = 1000) -> LockedPackage:
    """The pin of a wheel that is there."""
    name = url.rpartition("/")[2]
    return LockedPackage(name.partition("-")[0], "1.0", (LockedFile(name, digest, size_bytes, url),))


def served(port: int, settings: PipSettings) -> PipSettings:
    """`settings` with the guarded index of a port."""
    return replace(settings, index_url=f"http://me:s3cret@127.0.0.1:{port}/simple", no_index=False)


def test_what_a_wheel_said_to_another_project_is_remembered(
    job: ResolverJob, memory: LicenceCache, wheels: WheelFiles
) -> None:
    digest = f"sha256:{'a' * 64}"
    memory.keep(digest, LicenceFields(expression="MIT"))
    (package,) = with_licences([at("http://index.example/app-1.0-py3-none-any.whl", digest)], job, memory, wheels)
    assert package.licence == "MIT"


def test_pip_opens_the_files_themselves_and_no_page_of_an_index(
    index: LocalIndex, job: ResolverJob, memory: LicenceCache, wheels: WheelFiles
) -> None:
    names = [f"app{number}" for number in range(10)]  # more than one pip is asked about
    digests = {name: index.add(name, "1.0", headers=MIT) for name in names}
    index.simple.rename(index.simple.with_name("gone"))
    with guarded(index, user="me", password="s3cret") as port:
        url = f"http://127.0.0.1:{port}/files/{{}}-1.0-py3-none-any.whl"
        pins = [at(url.format(name), digests[name], size_bytes=200_000) for name in names]
        known = with_licences(pins, replace(job, settings=served(port, job.settings)), memory, wheels)
    assert {one.licence for one in known} == {"MIT"}
    assert {memory.find(digest) for digest in digests.values()} == {LicenceFields(expression="MIT")}


def test_what_is_next_to_nothing_is_fetched_whole_and_kept_for_the_image(
    index: LocalIndex, job: ResolverJob, memory: LicenceCache, wheels: WheelFiles
) -> None:
    digest = index.add("app", "1.0", headers=MIT)
    with guarded(index, user="me", password="s3cret") as port:
        there = at(f"http://127.0.0.1:{port}/files/app-1.0-py3-none-any.whl", digest)
        (package,) = with_licences([there], replace(job, settings=served(port, job.settings)), memory, wheels)
    assert package.licence == "MIT"
    assert wheels.find(Digest.parse(digest)) is not None


def test_the_index_is_asked_where_the_files_are_not_to_be_had(
    index: LocalIndex, job: ResolverJob, memory: LicenceCache, wheels: WheelFiles
) -> None:
    digest = index.add("app", "1.0", headers=MIT)
    with guarded(index, user="me", password="s3cret") as port:
        moved = at(f"http://127.0.0.1:{port}/moved/app-1.0-py3-none-any.whl", digest)
        (package,) = with_licences([moved], replace(job, settings=served(port, job.settings)), memory, wheels)
    assert package.licence == "MIT"


def test_the_index_is_asked_about_a_large_wheel(
    index: LocalIndex, job: ResolverJob, memory: LicenceCache, wheels: WheelFiles
) -> None:
    large = at("http://127.0.0.1:1/app-1.0-py3-none-any.whl", index.add("app", "1.0", headers=MIT), size_bytes=10**8)
    (package,) = with_licences([large], replace(job, settings=PipSettings(index_url=index.url)), memory, wheels)
    assert package.licence == "MIT"
    assert not (job.folder / "links.html").exists()


def test_nobody_is_asked_offline(index: LocalIndex, job: ResolverJob, memory: LicenceCache, wheels: WheelFiles) -> None:
    digest = index.add("app", "1.0", headers=MIT)
    with guarded(index, user="me", password="s3cret") as port:
        there = at(f"http://127.0.0.1:{port}/files/app-1.0-py3-none-any.whl", digest)
        offline = {**job.environ, "UV_OFFLINE": "true"}
        alone = replace(job, settings=served(port, job.settings), environ=offline)
        assert with_licences([there], alone, memory, wheels) == (there,)
