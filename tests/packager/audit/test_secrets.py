"""Secrets show by their form; what only looks like one does not. No token here is anybody's."""

from __future__ import annotations

import base64
import json
import string
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.packager.audit.secrets import find_secrets

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM = "k3J9xQ2mZ7pL4vT8wB5nR6yC1dF0gH_sAeUiOoXq" * 4


def checked(prefix: str, body: str) -> str:
    """A token with GitHub's checksum."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return f"{prefix}_{body}{digits}"


GITHUB = checked("ghp", RANDOM.replace("_", "")[:30])
KEY = base64.b64encode(bytes(range(256)) * 4).decode()
PRIVATE_KEY = f"-----BEGIN {'RSA '}PRIVATE KEY-----\n{KEY}\n-----END RSA PRIVATE KEY-----\n"


def kinds(text: str) -> list[str]:
    """What is found in `text`."""
    return [one.kind for one in find_secrets(text.encode())]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"token = '{GITHUB}'", "a GitHub token"),
        (checked("npm", RANDOM.replace("_", "")[5:35]), "an npm token"),
        ("AKIA" + "J3QX7ZL4V2BNRYCD", "an AWS access key"),
        ("hf_" + RANDOM.replace("_", "")[:34], "a Hugging Face token"),
        ("sk-proj-" + RANDOM[:40] + "T3BlbkFJ" + RANDOM[3:43], "an OpenAI key"),
        ("glpat-" + RANDOM[:20], "a GitLab token"),
        ("AIza" + RANDOM[:35], "a Google API key"),
        ("AccountKey=" + KEY[:86] + "==;", "an Azure storage key"),
        (f'"private_key": "{PRIVATE_KEY}"'.replace("\n", "\\n"), "a private key"),
        (PRIVATE_KEY, "a private key"),
        ("url = 'postgresql://app:k3J9xQ2mZ7@db.internal/app'", "a password in a URL"),
        ("eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJhbm5hIn0x." + RANDOM[:43], "a JSON web token"),
    ],
    ids=lambda value: value[:20],
)
def test_a_secret_is_found(text: str, kind: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        f"{GITHUB[:-1]}{'a' if GITHUB[-1] != 'a' else 'b'}",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "postgresql://user:password@localhost/db and https://${USER}:${PASSWORD}@host.example/",
        "mysql://scott:tiger@localhost/db and postgresql://postgres:postgres@db/app and https://me@host.internal/",
        "https://example.com/@scope/package and mailto:a@b.example",
        "password = 'changeme-please-1'; token: str = 'your_token_here_1'; api_key = os.environ['API_KEY_1']",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----",
        'if line.startswith("-----BEGIN PRIVATE KEY-----"):',
        "sha256:" + "0123456789abcdef" * 4,
        "tokenizer = 'distilbert-base-uncased-v2'",
        "hf_" + "a" * 34,
        "model_token = 'bert-base-uncased-v2-2024'; secret_key = 'app/settings/SECRET_KEY_2024'\nsecret: my-app-tls-2",
        "basic understanding-1 of bearer authentication-2, and `Authorization: Bearer <token-0123456789>`",
        "token = token_from_header2\npassword = settings.password1\nsecret: sha256:0123456789abcdef0123456789abcdef",
    ],
)
def test_what_only_looks_like_one_is_passed_over(text: str) -> None:
    assert kinds(text) == []


def test_a_password_by_its_name_is_not_certain() -> None:
    (found,) = find_secrets(b"a = 1\nDB_PASSWORD = 'k3J9xQ2mZ7pL4v'\n")
    assert (found.line, found.is_certain) == (2, False)


@pytest.mark.parametrize(
    "line", ["  password: k3J9xQ2mZ7pL4v\n", "DB_PASSWORD=k3J9xQ2mZ7pL4v", "api-key = k3J9xQ2mZ7pL4v\r\n"]
)
def test_a_password_without_quotes_is_found(line: str) -> None:
    assert kinds(f"a: 1\n{line}") == ["what looks like a password"]


def test_a_credential_in_a_header_is_found() -> None:
    headers = {"Authorization": "Bearer k3J9xQ2mZ7pL4vT8", "Proxy-Authorization": "Basic azNKOXg6UTJtWjdwTDR2"}
    for text in (json.dumps(headers, indent=1), json.dumps(json.dumps(headers)).replace("Proxy", "\nProxy")):
        assert kinds(text) == ["what looks like a password"] * 2


def test_a_token_is_told_once_and_hides_no_password_beside_it() -> None:
    found = kinds(f"API_TOKEN = '{GITHUB}'; password = 'k3J9xQ2mZ7pL4v'\n")
    assert found == ["a GitHub token", "what looks like a password"]


@pytest.mark.parametrize(
    "cell", ['db_password = "k3J9xQ2mZ7pL4v"\n', '{"token": "k3J9xQ2mZ7pL4v"}', "api_key='k3J9xQ2mZ7pL4v'"]
)
def test_a_password_in_a_notebook_is_found(cell: str) -> None:
    assert kinds(json.dumps({"cells": [{"source": [cell]}]})) == ["what looks like a password"]


@given(before=st.text(), after=st.text())
def test_a_token_is_found_in_any_text_around_it(before: str, after: str) -> None:
    found = list(find_secrets(f"{before}\n{GITHUB}\n{after}".encode(errors="replace")))
    assert "a GitHub token" in [one.kind for one in found]


@given(text=st.binary())
def test_no_bytes_make_it_fail(text: bytes) -> None:
    list(find_secrets(text))


@pytest.mark.parametrize("piece", [b"a://", b"password='", b"eyJ", b"-----BEGIN PRIVATE KEY-----\n", b"x://a@", b"sk-"])
def test_repetition_is_searched_to_its_end(piece: bytes) -> None:
    found = list(find_secrets(piece * 30_000 + b"\n" + GITHUB.encode()))
    assert "a GitHub token" in [one.kind for one in found]
