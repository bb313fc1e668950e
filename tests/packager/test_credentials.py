"""No credential in a URL is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.packager.credentials import has_credentials, redact, redact_known, secrets_around, secrets_of

secrets = st.from_regex(r"s3cret[A-Za-z0-9@:%.!$-]{0,12}", fullmatch=True)


@given(secrets, st.sampled_from(["https", "http", "git+https", "ssh"]))
def test_a_password_is_never_left(secret: str, scheme: str) -> None:
    shown = redact(f"error: cannot fetch {scheme}://user:{secret}@host/simple/x/, giving up")
    assert "s3cret" not in shown
    assert "host/simple/x/, giving up" in shown


@given(secrets)
def test_a_token_in_a_parameter_is_never_left(secret: str) -> None:
    assert "s3cret" not in redact(f"https://host/x.whl?a=1&access_token={secret}")


@pytest.mark.parametrize(
    "text",
    [
        "https://host/simple",
        "https://@host/simple",
        "user@host.org",
        "git@host:team/x.git",
        "a @ https://host/a@1.whl",
        "git+ssh://git@host/x",
        "ssh://me@host:2222/x",
        "ssh://me:@host/x",
        "SFTP://me@host/x",
        "https://host/x?tokens=3&sig_size=2&page=token",
        "https://host/x.whl#sha256=00ff",
        "https://host:8080/x@1.whl",
        "http://[::1]:8080/x@1.whl",
        "https://host:8080 by me@host.org",
        "git+ssh://git@host:team/x.git@main",
        "https://host/x?sort_key=name&keys=2&monkey=3",
    ],
)
def test_what_is_no_secret_is_none_and_stays(text: str) -> None:
    assert not has_credentials(text)
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "https://u:p@host/",
        "--index-url=https://token@host",
        "https://hg@host/x",
        "https://token:@host/",
        "git+https://u:p@h/x.git@main",
        "ssh://me:p@host/x",
        "postgres://user@db/x",
        "redis://:p@db",
        "https://u:it's@host/",
        'https://u:a"b@host/',
        "https://host/?token=t",
        "https://host/x?page=1&access_token=t",
        "https://host/?api_key=t",
        "https://host/?apikey=t",
        "https://host/?password=t",
        "https://host/?client_secret=t",
        "https://host/?se=2030&sig=t",
        "https://host/?X-Amz-Signature=t",
        "https://host/?X-Amz-Credential=t",
        "https://host/?key=t",
        "https://host/?auth=t",
        "https://host/?passphrase=t",
        "https://host/#access_token=t",
        "http://u:s3/cr3t@host/simple",
        "http://u:s3 cr3t@host/simple",
    ],
)
def test_a_secret_is_noticed(text: str) -> None:
    assert has_credentials(text)


@pytest.mark.parametrize(
    "password", ['a"s3cret', "a's3cret", "a/s3cret", "a/b@s3cret", "a?s3cret", "a#s3cret", "a:s3cret"]
)
@pytest.mark.parametrize(
    "line", ["`x @ https://u:{}@host/x.whl` fails", 'in "https://u:{}@host/simple"', "https://u:{}@host"]
)
def test_no_part_of_a_password_is_left_whatever_it_holds(password: str, line: str) -> None:
    shown = redact(line.format(password))
    assert "s3cret" not in shown
    assert "***@host" in shown


def test_no_part_of_a_parameter_is_left() -> None:
    assert redact("https://host/?token=a\"s3cret's3cret&page=2#x") == "https://host/?token=***&page=2#x"


users = st.from_regex(r"[A-Za-z][A-Za-z0-9._~-]{0,8}", fullmatch=True)
passwords = st.from_regex(r"[A-Za-z0-9@:%.!?#$'\"-]{1,12}", fullmatch=True).filter(lambda text: text.strip(":"))
tails = st.sampled_from(["", "/", "/simple/x@1.whl", ":8080/a?page=2", "/x#egg=a"])


@given(st.sampled_from(["ssh", "git+ssh", "bzr+sftp"]), users, tails)
def test_a_user_alone_is_a_name_over_ssh(scheme: str, user: str, tail: str) -> None:
    assert not has_credentials(f"{scheme}://{user}@host{tail}")


@given(st.sampled_from(["https", "HTTP", "git+https", "redis"]), users, tails)
def test_a_user_alone_may_be_a_token_elsewhere(scheme: str, user: str, tail: str) -> None:
    assert has_credentials(f"{scheme}://{user}@host{tail}")


@given(st.sampled_from(["https", "git+ssh", "amqp"]), users | st.just(""), passwords, tails)
def test_a_password_is_a_secret_in_every_scheme(scheme: str, user: str, password: str, tail: str) -> None:
    assert has_credentials(f"see {scheme}://{user}:{password}@host{tail} there")


@given(st.sampled_from(["https", "ssh"]), users, passwords, tails)
def test_what_was_redacted_holds_no_secret(scheme: str, user: str, password: str, tail: str) -> None:
    assert not has_credentials(redact(f"{scheme}://{user}:{password}@host{tail}?token={user}"))


@given(st.text())
def test_a_text_without_a_url_is_left_alone(text: str) -> None:
    assert redact(text.translate(dict.fromkeys(map(ord, ":=")))) == text.translate(dict.fromkeys(map(ord, ":=")))


def test_a_known_password_is_never_left_wherever_it_is_quoted() -> None:
    secrets = secrets_of(["https://u:a%2Fs3cret@host/simple", "https://t0ken@host", "https://host", "ssh://me@host"])
    said = 'login "u" with "a/s3cret" (a%2Fs3cret) and t0ken refused by host for me'
    assert redact_known(said, secrets) == 'login "u" with "***" (***) and *** refused by host for me'


def test_what_looks_for_packages_may_know_logins_and_netrc_and_tell_neither(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine a login me password netrc-s3cret\nmachine b login me password x\n")
    environ = {
        "UV_INDEX_ONE_USERNAME": "someone",
        "UV_INDEX_ONE_PASSWORD": "one-s3cret",
        "UV_INDEX_TWO_USERNAME": "token-s3cret",
        "HOME": "/home/someone",
    }
    secrets = secrets_around(["https://u:url-s3cret@host", "https://me@host"], environ, netrc)
    assert secrets == {"one-s3cret", "token-s3cret", "netrc-s3cret", "url-s3cret"}
    said = "someone gave one-s3cret, token-s3cret, netrc-s3cret and url-s3cret for me"
    assert redact_known(said, secrets) == "someone gave ***, ***, *** and *** for me"


@pytest.mark.parametrize("content", [b"machine", b"\xff\xfe", b"password s3cret\n"])
def test_a_netrc_that_cannot_be_read_holds_no_secret(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "netrc").write_bytes(content)
    assert secrets_around([], {}, tmp_path / "netrc") == frozenset()
    assert secrets_around([], {}, tmp_path / "missing") == frozenset()
