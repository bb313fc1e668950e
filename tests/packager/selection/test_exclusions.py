"""What is known as a secret: by its name, and by its first bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.packager.selection.exclusions import holds_private_key, is_secret

SECRETS = """\
    .ENV prod.env .env.swp prod.env.bak .envrc ID_RSA server.PEM id_rsa.bak id_rsa~ #id_rsa# .id_rsa.swp id_ed25519_sk
    a.ppk a.p8 a.ovpn .netrc.bak .pgpass .my.cnf .htpasswd .gitconfig .s3cfg .boto .terraformrc .yarnrc.yml .Renviron
    .docker/config.json .dockercfg .config/gcloud/legacy/x.db .azure/token.json .config/pip/pip.conf pip.conf
    .vault-token .huggingface/token home/.streamlit/secrets.toml kubeconfig terraform.tfstate terraform.tfstate.backup
    credentials.json gcp-credentials.json secrets.yaml .bash_history .python_history client_secret_12.json .SSH/config
"""
HARMLESS = """\
    secrets.py credentials.py app/credentials/x.py environment.yml env.py keys.json monkey.py history.csv id_rsa.pub
    .docker/Dockerfile config.json tokenizer.json secret_santa.txt config/pip/x.conf environments/a.txt model.bak
"""


@pytest.mark.parametrize("path", SECRETS.split())
def test_a_secret_is_known_in_any_case_and_as_a_copy(path: str) -> None:
    assert is_secret(path)
    assert is_secret(f"deep/down/{path}")


@pytest.mark.parametrize("path", HARMLESS.split())
def test_what_only_sounds_like_a_secret_is_none(path: str) -> None:
    assert not is_secret(path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to write into."""
    return tmp_path / "file"


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n",
        "\ufeff-----BEGIN RSA PRIVATE KEY-----\r\nx",
        "Bag Attributes\n    x: y\n-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n",
        "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n",
        "PuTTY-User-Key-File-3: ssh-ed25519\n",
        '{"type": "x", "private_key": "-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0B"}',
    ],
)
def test_a_private_key_is_known_by_its_first_bytes(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", newline="")
    assert holds_private_key(file, len(text))


@pytest.mark.parametrize(
    "text", ['if head.startswith("-----BEGIN PRIVATE KEY-----"):\n', "-----BEGIN PUBLIC KEY-----\n"]
)
def test_code_that_knows_what_a_key_looks_like_is_none(file: Path, text: str) -> None:
    file.write_text(text)
    assert not holds_private_key(file, len(text))


def test_a_large_file_is_not_read_and_a_missing_one_is_none(file: Path) -> None:
    assert not holds_private_key(file, 10)
    file.write_text("-----BEGIN PRIVATE KEY-----\n")
    assert not holds_private_key(file, 10**9)
