"""What strangers put into a folder or a bucket: refused or passed over, whatever it is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import ImageError, InvalidReference, NotInRegistry, RemoteError, UsageError, WrongBytes
from ekiben.oci.artifact_store import Download
from ekiben.oci.media_types import OCI_INDEX
from ekiben.store.remote.object_store.layout import blob_key, manifest_key, tag_key
from ekiben.store.remote.object_store.opening import open_object_store
from ekiben.store.remote.object_store.store import ObjectStore
from tests.store.remote.object_store.artifacts import Artifact
from tests.store.remote.object_store.servers import BucketServer

ARTIFACT = Artifact.of(1)
(LAYER,) = ARTIFACT.manifest.layers


@pytest.fixture
def pushed(object_store: ObjectStore) -> ObjectStore:
    """A store that has ARTIFACT as `a:v1`."""
    ARTIFACT.push(object_store)
    return object_store


@pytest.fixture
def in_folder(folder: Path) -> ObjectStore:
    """A folder that has it."""
    store = open_object_store(f"file://{folder}", {})
    ARTIFACT.push(store)
    return store


@pytest.mark.parametrize("content", [b"x" * 1000, b"x" * 999, b"x" * 1001, b""])
def test_a_blob_with_other_bytes_is_no_file(pushed: ObjectStore, tmp_path: Path, content: bytes) -> None:
    pushed.objects.write(blob_key(LAYER.digest), content)
    with pytest.raises(WrongBytes):
        pushed.save_blobs("a", [Download(LAYER, tmp_path / "blob")])
    assert not (tmp_path / "blob").exists()
    with pytest.raises(WrongBytes):
        pushed.source("a").open(LAYER.digest).read()


@pytest.mark.parametrize("content", [b"x" * 1000, None])
def test_what_is_damaged_is_told_with_what_mends_it(pushed: ObjectStore, tmp_path: Path, content: bytes | None) -> None:
    key = blob_key(LAYER.digest)
    pushed.objects.write(key, content) if content else pushed.objects.remove(key)
    with pytest.raises(RemoteError) as saved:
        pushed.save_blobs("a", [Download(LAYER, tmp_path / "blob")])
    with pytest.raises(RemoteError) as read:
        pushed.source("a").open(LAYER.digest).read()
    for hint in (saved.value.hint, read.value.hint):
        assert "delete the version there and push it again" in str(hint)
        assert (f"remove `{key}`" in str(hint)) == bool(content)


def test_a_blob_of_another_size_is_pushed_again(pushed: ObjectStore, tmp_path: Path) -> None:
    pushed.objects.write(blob_key(LAYER.digest), b"cut off")
    pushed.push_blobs("a", ARTIFACT.blobs, ARTIFACT.source)
    pushed.save_blobs("a", [Download(LAYER, tmp_path / "blob")])
    assert Digest.of_file(tmp_path / "blob") == LAYER.digest


def test_a_manifest_with_other_bytes_is_refused(pushed: ObjectStore) -> None:
    pushed.objects.write(manifest_key("a", ARTIFACT.descriptor.digest), Artifact.of(2).content)
    with pytest.raises(WrongBytes):
        pushed.get_manifest("a", "v1")


def test_a_manifest_of_gigabytes_is_not_read(pushed: ObjectStore) -> None:
    pushed.objects.write(manifest_key("a", ARTIFACT.descriptor.digest), b" " * 5_000_000)
    with pytest.raises(RemoteError, match="larger than"):
        pushed.get_manifest("a", "v1")


@pytest.mark.parametrize(
    "line", [b"", b"latest\n", b"sha256:../../etc/passwd\n", b"\xff" * 70, b"sha256:" + b"a" * 200]
)
def test_a_tag_that_names_no_digest_is_refused(pushed: ObjectStore, line: bytes) -> None:
    pushed.objects.write(tag_key("a", "v1"), line or b"\n")
    with pytest.raises(RemoteError):
        pushed.get_manifest("a", "v1")
    ARTIFACT.push(pushed)
    assert pushed.head_manifest("a", "v1") == ARTIFACT.descriptor


def test_a_damaged_tag_is_told_with_where_it_lies(pushed: ObjectStore) -> None:
    pushed.objects.write(tag_key("a", "latest"), b"nothing")
    with pytest.raises(RemoteError) as caught:
        pushed.get_manifest("a", "latest")
    assert "remove `repositories/a/_tags/latest` there" in str(caught.value.hint)


def test_names_that_are_none_are_passed_over(pushed: ObjectStore) -> None:
    for key in (
        "_tags/..x",
        "_tags/a b",
        "_manifests/nothing",
        "_manifests/../x",
        f"_Up/_manifests/{LAYER.digest.hex}",
    ):
        if ".." not in key.split("/"):
            pushed.objects.write(f"repositories/a/{key}", b"x")
    assert list(pushed.tags("a")) == ["v1"]
    assert list(pushed.repositories()) == ["a"]


@pytest.mark.parametrize("repository", ["../a", "a/../../b", "/a", "a//b", "A", "a/_tags", ""])
def test_repositories_that_are_none_are_refused(object_store: ObjectStore, repository: str) -> None:
    with pytest.raises(InvalidReference):
        object_store.head_manifest(repository, "v1")
    with pytest.raises(InvalidReference):
        list(object_store.tags(repository))


@pytest.mark.parametrize("tag", ["../v1", "", ".", "a/b", "x" * 129])
def test_tags_that_are_none_are_refused(pushed: ObjectStore, tag: str) -> None:
    with pytest.raises(InvalidReference):
        pushed.push_manifest("a", ARTIFACT.content, ARTIFACT.manifest.media_type, tag)


def test_what_is_no_manifest_is_not_pushed(pushed: ObjectStore) -> None:
    with pytest.raises(ImageError):
        pushed.push_manifest("a", b"[]", ARTIFACT.manifest.media_type, "v1")
    with pytest.raises(RemoteError, match="is to be stored as"):
        pushed.push_manifest("a", ARTIFACT.content, OCI_INDEX, "v1")


def test_links_pipes_and_sockets_are_no_blobs(in_folder: ObjectStore, folder: Path, tmp_path: Path) -> None:
    secret, path = tmp_path / "secret", folder / blob_key(LAYER.digest)
    secret.write_bytes(ARTIFACT.contents[LAYER.digest])
    for make in (partial(path.symlink_to, secret), partial(os.mkfifo, path), partial(_listen, path)):
        path.unlink()
        make()
        with pytest.raises(RemoteError):
            in_folder.source("a").open(LAYER.digest)
        with pytest.raises(RemoteError):
            in_folder.save_blobs("a", [Download(LAYER, tmp_path / "blob")])


def test_tags_and_manifests_are_read_through_no_link(in_folder: ObjectStore, folder: Path, tmp_path: Path) -> None:
    for name in (tag_key("a", "v1"), manifest_key("a", ARTIFACT.descriptor.digest)):
        moved = (folder / name).rename(tmp_path / "moved")
        (folder / name).symlink_to(moved)
        with pytest.raises(RemoteError):
            in_folder.get_manifest("a", "v1")
        moved.replace(folder / name)


def test_a_push_writes_through_no_link(in_folder: ObjectStore, folder: Path, tmp_path: Path) -> None:
    target, other = tmp_path / "target", Artifact.of(2, (50_000,))
    target.write_bytes(b"precious")
    for name in (blob_key(other.manifest.layers[0].digest), tag_key("a", "v2")):
        (folder / name).symlink_to(target)
    part = folder / "uploads" / f"blobs.sha256.{other.manifest.layers[0].digest.hex}"
    part.symlink_to(target)
    other.push(in_folder, tag="v2")
    assert target.read_bytes() == b"precious"
    assert in_folder.get_manifest("a", "v2").content == other.content


def test_folders_that_lead_back_are_not_walked(in_folder: ObjectStore, folder: Path) -> None:
    (folder / "repositories/loop").symlink_to(folder / "repositories")
    assert list(in_folder.repositories()) == ["a"]


def test_what_is_shared_can_be_written_by_all_who_may_write_the_folder(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o2775)
    ARTIFACT.push(open_object_store(f"file://{folder}", {}))
    modes = {path.stat().st_mode & 0o020 for path in folder.rglob("*")}
    assert modes == {0o020}


def test_a_folder_whose_parent_is_missing_is_not_made(tmp_path: Path) -> None:
    store = open_object_store(f"file://{tmp_path}/mount/models", {})
    with pytest.raises(NotInRegistry, match="mount"):
        ARTIFACT.push(store)
    with pytest.raises(NotInRegistry, match="does not exist"):
        list(store.tags("a"))
    assert not (tmp_path / "mount").exists()


def test_a_file_is_no_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a list of models")
    store = open_object_store(f"file://{tmp_path}/models", {})
    with pytest.raises(RemoteError, match="is no folder"):
        list(store.repositories())
    with pytest.raises(RemoteError, match="is no folder"):
        store.get_manifest("a", "v1")


def test_a_bucket_that_is_missing_is_said_to_be(s3_server: BucketServer) -> None:
    store = open_object_store("s3://no-such-bucket/prefix", s3_server.options)
    with pytest.raises(NotInRegistry, match=r"s3://no-such-bucket/prefix"):
        ARTIFACT.push(store)


@pytest.mark.parametrize("url", ["s3://", "s3:///", "models", "file://nas/models", "ftp://me:hush@host/models"])
def test_urls_that_name_no_place_are_refused(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_object_store(url, {})
    assert "hush" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(("url", "package"), [("s3://bucket/x", "s3fs"), ("gs://bucket/x", "gcsfs")])
def test_a_missing_backend_is_named(url: str, package: str) -> None:
    program = (
        f"import sys; sys.modules['fsspec'] = None\n"
        "from ekiben.store.remote.object_store.opening import open_object_store\n"
        f"open_object_store({url!r}, {{}})"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False).stderr
    assert "needs a package that is not installed" in told
    hint = f"try: open_object_store({url!r}, {{}})\nexcept Exception as error: print(error.hint)"
    program = program.replace(f"open_object_store({url!r}, {{}})", hint)
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False).stdout
    assert told == f"pip install ekiben[remote] {package}\n"


def test_no_message_shows_credentials(s3_server: BucketServer) -> None:
    options = {**s3_server.options, "endpoint_url": "http://127.0.0.1:9/hush", "secret": "hush"}
    store = open_object_store("s3://lunch/x", {**options, "client_kwargs": {}, "config_kwargs": _ONCE})
    with pytest.raises(RemoteError) as caught:
        store.head_manifest("a", "v1")
    assert "hush" not in str(caught.value)
    assert "hush" not in repr(store)


_ONCE = {"retries": {"max_attempts": 0}, "connect_timeout": 1}


def _listen(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the whole path is too long for a socket
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path.name)
    finally:
        os.chdir(here)
