"""Which of this machine's settings a build is handed, and in what form."""

from __future__ import annotations

import configparser
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.errors import ImageError
from ekiben.packager.image.secrets import MAX_SECRET_BYTES, gather_secrets, pip_conf
from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.report import SilentReporter

TOKEN = "https://user:s3cret@index.example.org/simple"


class Warnings(SilentReporter):
    """Keeps what it is warned of."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def warn(self, message: str, hint: str | None = None) -> None:
        self.messages.append(message)


def options(settings: PipSettings, *, has_ca: bool = False) -> dict[str, str]:
    """What pip reads from the generated file."""
    parser = configparser.RawConfigParser()
    parser.read_string(pip_conf(settings, has_ca=has_ca))
    return dict(parser["global"])


def test_without_settings_the_file_says_nothing() -> None:
    assert options(PipSettings()) == {}


def test_remote_settings_are_handed_over() -> None:
    settings = PipSettings(
        index_url=TOKEN,
        extra_index_urls=("https://one.example.org/simple", "http://two.example.org/simple"),
        find_links=("https://links.example.org/page.html",),
        trusted_hosts=("two.example.org",),
        proxy="http://proxy.example.org:3128",
        timeout_s=180.0,
    )
    assert options(settings) == {
        "index-url": TOKEN,
        "extra-index-url": "https://one.example.org/simple http://two.example.org/simple",
        "find-links": "https://links.example.org/page.html",
        "trusted-host": "two.example.org",
        "proxy": "http://proxy.example.org:3128",
        "timeout": "180",
    }


def test_what_is_local_to_this_machine_is_left_out() -> None:
    settings = PipSettings(extra_index_urls=("file:///opt/index/simple",), find_links=("/opt/wheels",))
    assert options(settings) == {}


def test_a_local_main_index_is_replaced_by_the_first_remote_one() -> None:
    local = PipSettings(index_url="file:///opt/index/simple")
    assert options(local) == {"no-index": "true"}
    assert options(replace(local, extra_index_urls=(TOKEN,))) == {"index-url": TOKEN}


def test_no_index_stays_no_index() -> None:
    assert options(PipSettings(no_index=True)) == {"no-index": "true"}


def test_the_ca_bundle_is_named_by_its_place_in_the_build() -> None:
    assert options(PipSettings(), has_ca=True) == {"cert": "/run/secrets/ekiben-ca"}


def test_bundle_and_netrc_are_handed_over_where_they_lie(tmp_path: Path) -> None:
    bundle, netrc = tmp_path / "ca.pem", tmp_path / "netrc"
    bundle.write_text("PEM")
    netrc.write_text("machine example.org login a password b")
    secrets = gather_secrets(PipSettings(cert=bundle, netrc=netrc), {}, tmp_path, SilentReporter())
    assert [(secret.name, secret.path) for secret in secrets] == [
        ("ekiben-pip-conf", tmp_path / "pip.conf"),
        ("ekiben-ca", bundle),
        ("ekiben-netrc", netrc),
    ]


def test_the_generated_file_is_for_this_user_alone(tmp_path: Path) -> None:
    gather_secrets(PipSettings(index_url=TOKEN), {}, tmp_path, SilentReporter())
    assert stat.S_IMODE((tmp_path / "pip.conf").stat().st_mode) == 0o600


def test_the_bundle_of_the_tls_library_is_taken_where_pip_names_none(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("PEM")
    secrets = gather_secrets(PipSettings(), {"SSL_CERT_FILE": str(bundle)}, tmp_path, SilentReporter())
    assert ("ekiben-ca", bundle) in [(secret.name, secret.path) for secret in secrets]


def test_a_bundle_that_is_no_file_is_said_and_left_out(tmp_path: Path) -> None:
    reporter = Warnings()
    secrets = gather_secrets(PipSettings(cert=tmp_path / "certs"), {}, tmp_path, reporter)
    assert [secret.name for secret in secrets] == ["ekiben-pip-conf"]
    assert reporter.messages == [f"the CA bundle `{tmp_path}/certs` is no file and is not handed to the build"]


def test_a_bundle_beyond_buildkits_limit_is_refused_in_words(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(b"x" * (MAX_SECRET_BYTES + 1))
    with pytest.raises(ImageError, match="too large for a build secret"):
        gather_secrets(PipSettings(cert=bundle), {}, tmp_path, SilentReporter())
