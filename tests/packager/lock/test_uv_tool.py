"""pip's settings in uv's words."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.packager.lock.target import Target
from ekiben.packager.lock.uv_tool import uv_binary, uv_environment, uv_platform


def test_every_setting_of_pip_is_translated(tmp_path: Path) -> None:
    settings = PipSettings(
        index_url="https://me:s3cret@host/simple",
        extra_index_urls=("https://one/simple", "file:///two/simple"),
        find_links=("/wheels, mine", "https://host/links"),
        trusted_hosts=("one", "two:8443"),
        cert=tmp_path / "ca.pem",
        client_cert=Path("/me.pem"),
        proxy="http://proxy:3128",
        timeout_s=60.0,
        keyring_provider="import",
    )
    assert uv_environment(settings, {"HOME": "/h"}) == {
        "HOME": "/h",
        "UV_DEFAULT_INDEX": "https://me:s3cret@host/simple",
        "UV_INDEX": "https://one/simple file:///two/simple",
        "UV_FIND_LINKS": "file:///wheels%2C%20mine,https://host/links",
        "UV_INSECURE_HOST": "one two:8443",
        "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
        "SSL_CLIENT_CERT": "/me.pem",
        "HTTP_PROXY": "http://proxy:3128",
        "HTTPS_PROXY": "http://proxy:3128",
        "UV_HTTP_TIMEOUT": "60",
        "UV_KEYRING_PROVIDER": "subprocess",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
    }


def test_the_users_own_uv_keeps_its_cache_and_does_not_steer_the_result() -> None:
    mine = {
        "UV_CACHE_DIR": "/c",
        "UV_HTTP_TIMEOUT": "9",
        "UV_INDEX": "https://x",
        "UV_PRERELEASE": "allow",
        "UV_INDEX_URL": "y",
    }
    environ = uv_environment(PipSettings(timeout_s=60.0), mine)
    assert environ["UV_CACHE_DIR"] == "/c"
    assert environ["UV_HTTP_TIMEOUT"] == "9"
    assert not {"UV_INDEX", "UV_PRERELEASE", "UV_INDEX_URL"} & set(environ)


def test_without_a_certificate_the_systems_store_is_used_as_pip_does() -> None:
    assert uv_environment(PipSettings(), {})["UV_SYSTEM_CERTS"] == "true"


def test_a_folder_of_certificates_is_one(tmp_path: Path) -> None:
    assert uv_environment(PipSettings(cert=tmp_path), {})["SSL_CERT_DIR"] == str(tmp_path)


@pytest.mark.parametrize(
    ("platform", "libc", "words"),
    [
        ("linux/arm64", "manylinux_2_36", "aarch64-manylinux_2_36"),
        ("linux/amd64", "manylinux_2_41", "x86_64-manylinux_2_40"),
        ("linux/amd64", "manylinux_2_26", "x86_64-manylinux_2_17"),
        ("linux/amd64", "musllinux_1_2", "x86_64-unknown-linux-musl"),
    ],
)
def test_uv_is_told_architecture_and_c_library(platform: str, libc: str, words: str) -> None:
    assert uv_platform(Target("3.12", platform, libc)) == words


def test_every_platform_that_uv_is_told_is_one_of_its_own() -> None:
    known = subprocess.run([uv_binary(), "pip", "compile", "--help"], capture_output=True, text=True, check=True).stdout
    for minor in range(17, 50):
        for platform in ("linux/amd64", "linux/arm64"):
            assert uv_platform(Target("3.12", platform, f"manylinux_2_{minor}")) in known
