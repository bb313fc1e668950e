"""No credential in a URL is ever shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.packager.credentials import has_credentials, redact

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
    "text", ["https://host/simple", "user@host.org", "a @ https://host/a@1.whl", "git+ssh://git@host/x"]
)
def test_what_is_no_secret_is_none(text: str) -> None:
    assert not has_credentials(text)


@pytest.mark.parametrize(
    "text", ["https://u:p@host/", "--index-url=https://token@host", "git+https://u:p@h/x.git@main"]
)
def test_a_secret_is_noticed(text: str) -> None:
    assert has_credentials(text)
