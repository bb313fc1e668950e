"""The same commands with a bucket as the remote: moto's S3, named by the variables that its backend reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ekiben.settings import load_settings
from ekiben.store.local import Store, open_store
from tests.cli.conftest import Run
from tests.store.making import assert_whole, build, entry, save
from tests.store.remote.object_store.servers import BUCKET, BucketServer

REMOTE = f"s3://{BUCKET}/lunches"


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """The environment in which the bucket is."""
    server = BucketServer("s3", tmp_path / "s3" / "log")
    server.start()
    yield {
        "AWS_ACCESS_KEY_ID": str(server.options["key"]),
        "AWS_SECRET_ACCESS_KEY": str(server.options["secret"]),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": str(server.options["endpoint_url"]),
        "EKIBEN_REMOTE": REMOTE,
    }
    server.kill()


def test_a_bento_goes_by_a_bucket(run: Run, store: Store, bucket: Mapping[str, str], tmp_path: Path) -> None:
    model = save(store, "iris", "m" * 9_000_000)
    bento = build(store, models=[entry(model)])
    pushed = run("push", "svc", environ=bucket)
    assert pushed.returncode == 0, pushed.stderr
    assert pushed.stdout.startswith(f"{REMOTE}/{bento.tag}@sha256:")
    assert "is there already" in run("push", "svc", environ=bucket).stderr
    listed = json.loads(run("list", "--remote", "-o", "json", environ=bucket).stdout)
    assert [one["tag"] for one in listed] == [str(bento.tag)]
    elsewhere = {**bucket, "EKIBEN_HOME": str(tmp_path / "elsewhere")}
    pulled = run("pull", "svc", environ=elsewhere)
    assert pulled.returncode == 0, pulled.stderr
    other = open_store(load_settings(elsewhere))
    for item in (*other.bentos.list(), *other.models.list()):
        assert_whole(item)
    assert other.models.get("iris").digest == model.digest
    assert run("copy", "svc", str(tmp_path / "shared"), environ=bucket).returncode == 0
    assert run("delete", "svc", "--remote", "--yes", environ=bucket).returncode == 0
    assert run("get", "svc", "--remote", environ=bucket).returncode == 1
