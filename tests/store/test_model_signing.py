"""OpenSSF Model Signing: its own package verifies our signatures of models, and we verify its."""

from __future__ import annotations

from pathlib import Path

import model_signing
import pytest

from ekiben.errors import InvalidSignature
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.signatures import check_signature, read_signatures, sign, store_signature, subject_of
from ekiben.trust.keys import PrivateKey
from tests.trust.making import write_keys

CURVES = ("P-256", "P-384", "P-521")
FILES = {"weights": "w", "config.json": "{}", "a/b": "1", "a.b": "2", "ünïcode": "3", ".gitattributes": "*.bin lfs"}


@pytest.fixture
def model(store: Store) -> Model:
    """A model whose files sort differently by text and by parts, one of them git's."""
    with store.models.create("iris") as draft:
        for name, text in FILES.items():
            draft.path_of(name).parent.mkdir(exist_ok=True)
            draft.path_of(name).write_text(text)
    return draft.model


def verify_theirs(model: Model, signature: Path, public: Path) -> None:
    """Raises where the package does not verify."""
    config = model_signing.verifying.Config()  # type: ignore[no-untyped-call]
    config.use_elliptic_key_verifier(public_key=public).verify(model.path, signature)


def sign_theirs(model: Model, private: Path, signature: Path, *ignored: str) -> bytes:
    """A signature by the package."""
    paths = [model.path / name for name in ignored]
    hashing = model_signing.hashing.Config()  # type: ignore[no-untyped-call]
    hashing.set_ignored_paths(paths=paths, ignore_git_paths=False)
    config = model_signing.signing.Config()  # type: ignore[no-untyped-call]
    config.use_elliptic_key_signer(private_key=private).set_hashing_config(hashing)
    config.sign(model.path, signature)
    return signature.read_bytes()


def store_ours(model: Model, store: Store, key: PrivateKey) -> Path:
    subject = subject_of(model)
    return store_signature(subject, sign(subject, key), key.public, store.layout)


@pytest.mark.parametrize("kind", CURVES)
def test_the_package_verifies_ours(model: Model, store: Store, tmp_path: Path, kind: str) -> None:
    _, public, key = write_keys(tmp_path, kind)
    signature = store_ours(model, store, key)
    verify_theirs(model, signature, public)
    model.path_of("weights").write_text("other")
    with pytest.raises(ValueError, match=r"(?i)mismatch"):
        verify_theirs(model, signature, public)


def test_the_package_still_verifies_ours_when_others_have_signed_and_the_receipt_changed(
    model: Model, store: Store, tmp_path: Path
) -> None:
    _, public, key = write_keys(tmp_path)
    _, _, other = write_keys(tmp_path)
    signature = store_ours(model, store, key)
    store_ours(model, store, other)
    model.path_of("receipt.yaml").write_text("another making")
    verify_theirs(model, signature, public)


def test_the_package_refuses_ours_with_another_key(model: Model, store: Store, tmp_path: Path) -> None:
    _, _, key = write_keys(tmp_path)
    _, other, _ = write_keys(tmp_path)
    with pytest.raises(ValueError, match=r"(?i)mismatch"):
        verify_theirs(model, store_ours(model, store, key), other)


@pytest.mark.parametrize("kind", CURVES)
def test_we_verify_those_of_the_package(model: Model, store: Store, tmp_path: Path, kind: str) -> None:
    private, _, key = write_keys(tmp_path, kind)
    content = sign_theirs(model, private, tmp_path / "model.sig", "receipt.yaml")
    path = store_signature(subject_of(model), content, key.public, store.layout)
    (state,) = read_signatures(subject_of(model), [key.public])
    assert (state.key, state.fault) == (key.public, None)
    assert path.read_bytes() == content


def test_we_verify_those_of_the_package_that_sign_receipt_and_signatures_too(
    model: Model, store: Store, tmp_path: Path
) -> None:
    private, _, key = write_keys(tmp_path)
    store_ours(model, store, key)
    content = sign_theirs(model, private, tmp_path / "model.sig")
    check_signature(subject_of(model), content, key.public)


def test_we_refuse_those_of_the_package_that_leave_a_file_out(model: Model, tmp_path: Path) -> None:
    private, _, key = write_keys(tmp_path)
    content = sign_theirs(model, private, tmp_path / "model.sig", "receipt.yaml", "SHA256SUMS", "weights")
    with pytest.raises(InvalidSignature, match="leaves out `weights`"):
        check_signature(subject_of(model), content, key.public)


def test_we_refuse_those_of_the_package_about_other_content(model: Model, tmp_path: Path) -> None:
    private, _, key = write_keys(tmp_path)
    before = model.path_of("weights").read_bytes()
    model.path_of("weights").write_text("other")
    content = sign_theirs(model, private, tmp_path / "model.sig", "receipt.yaml", "SHA256SUMS")
    model.path_of("weights").write_bytes(before)
    with pytest.raises(InvalidSignature, match=r"signs other content than that of model .*: 'weights'"):
        check_signature(subject_of(model), content, key.public)
