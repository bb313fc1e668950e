"""Signatures of items: bound to one item's content, one for each key, beside what is hashed."""

from __future__ import annotations

import base64
import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import DamagedItem, InvalidSignature, NotFound, StoreError, UsageError
from ekiben.store.bentos import Bento
from ekiben.store.changes import commit
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.shelf import model_shelf
from ekiben.store.signatures import (
    SignatureState,
    Subject,
    check_signature,
    read_signatures,
    sign,
    store_signature,
    subject_of,
)
from ekiben.store.staging import staging
from ekiben.store.verify import find_damage
from ekiben.tag import Tag
from ekiben.trust.bundle import Bundle, format_bundle
from ekiben.trust.dsse import seal_envelope
from ekiben.trust.file_statement import file_statement
from ekiben.trust.keys import PrivateKey
from ekiben.trust.model_statement import model_statement
from ekiben.trust.statement import Statement, format_statement
from tests.store.making import assert_whole, build, files_of, save
from tests.trust.making import KINDS, make_key

KEY, OTHER = make_key(), make_key("P-256")


def signed(item: Bento | Model, store: Store, key: PrivateKey = KEY) -> Path:
    """Signs an item and gives the signature's path."""
    subject = subject_of(item)
    return store_signature(subject, sign(subject, key), key.public, store.layout)


def faults(item: Bento | Model, *keys: PrivateKey) -> list[str | None]:
    return [state.fault for state in read_signatures(subject_of(item), [key.public for key in keys or (KEY,)])]


@pytest.fixture(params=["Bento", "model"])
def item(request: pytest.FixtureRequest, store: Store) -> Bento | Model:
    """A Bento, and a model."""
    return build(store) if request.param == "Bento" else save(store, "iris")


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_lies_under_its_keys_name_and_verifies(item: Bento | Model, store: Store, kind: str) -> None:
    key = make_key(kind)
    path = signed(item, store, key)
    assert path == item.path / "signatures" / f"{key.public.id}.sigstore.json"
    assert read_signatures(subject_of(item), [key.public]) == [
        SignatureState(f"signatures/{path.name}", key.public.id, key.public)
    ]
    assert find_damage(item.path, item.digest) == []


@pytest.mark.parametrize(("kind", "algorithm"), [("P-256", "sha256"), ("P-384", "sha384"), ("P-521", "sha512")])
def test_openssl_verifies_a_signature_over_the_dsse_encoding(
    store: Store, tmp_path: Path, kind: str, algorithm: str
) -> None:
    key = make_key(kind)
    envelope = json.loads(signed(build(store), store, key).read_bytes())["dsseEnvelope"]
    payload, type_ = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
    (tmp_path / "encoded").write_bytes(b"DSSEv1 %d %b %d %b" % (len(type_), type_, len(payload), payload))
    (tmp_path / "signature").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    (tmp_path / "key.pub").write_bytes(key.public.pem)
    command = ["openssl", "dgst", f"-{algorithm}", "-verify", "key.pub", "-signature", "signature", "encoded"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


def test_signing_changes_neither_digest_nor_size_nor_list(item: Bento | Model, store: Store) -> None:
    before = (item.digest, item.size_bytes)
    signed(item, store)
    shelf = store.bentos if isinstance(item, Bento) else store.models
    assert [(one.tag, one.digest, one.size_bytes) for one in shelf.list()] == [(item.tag, *before)]
    assert Digest.of_file(item.path / "SHA256SUMS") == item.digest


def test_several_sign_and_each_is_told_apart(item: Bento | Model, store: Store) -> None:
    for key in (KEY, OTHER):
        signed(item, store, key)
    states = {state.key_id: state.key for state in read_signatures(subject_of(item), [KEY.public])}
    assert states == {KEY.public.id: KEY.public, OTHER.public.id: None}
    assert faults(item, KEY, OTHER) == [None, None]


def test_signing_again_replaces_that_keys_signature(item: Bento | Model, store: Store) -> None:
    first = signed(item, store, OTHER).read_bytes()
    second = signed(item, store, OTHER).read_bytes()
    assert first != second  # ECDSA draws a number each time
    assert len(list((item.path / "signatures").iterdir())) == 1
    assert faults(item, OTHER) == [None]


def test_modes_do_not_depend_on_the_umask(item: Bento | Model, store: Store, umask_077: None) -> None:
    path = signed(item, store)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755


def test_the_key_that_a_signature_is_called_after_must_have_made_it(item: Bento | Model, store: Store) -> None:
    content = sign(subject_of(item), OTHER)
    with pytest.raises(InvalidSignature, match="names another key"):
        store_signature(subject_of(item), content, KEY.public, store.layout)
    path = signed(item, store)
    path.write_bytes(content)
    assert faults(item) == [f"names another key than {KEY.public.id} ({KEY.place})"]


def test_a_signature_under_a_strange_name_is_refused_where_it_names_a_known_key(
    item: Bento | Model, store: Store
) -> None:
    path = signed(item, store)
    path.rename(path.with_name("0123456789abcdef.sigstore.json"))
    (fault,) = faults(item)
    assert fault == f"is called after another key than it names, {KEY.public.id} ({KEY.place})"


def test_a_forged_hint_helps_nobody(item: Bento | Model, store: Store) -> None:
    """An attacker signs by a key of their own and says that it is the trusted one."""
    payload = json.loads(sign(subject_of(item), KEY))
    forged = json.loads(sign(subject_of(item), OTHER))
    forged["verificationMaterial"] = payload["verificationMaterial"]
    signed(item, store).write_bytes(json.dumps(forged).encode())
    assert faults(item) == [f"does not verify with key {KEY.public.id} ({KEY.place})"]


def test_a_signature_of_another_item_is_refused_with_the_key_and_without(store: Store) -> None:
    pairs: list[tuple[Bento | Model, Bento | Model]] = [
        (build(store, "one"), build(store, "two")),
        (save(store, "one"), save(store, "two")),
        (build(store, "three"), save(store, "three")),
        (save(store, "four"), build(store, "four")),
    ]
    for one, other in pairs:
        path = signed(one, store)
        (other.path / "signatures").mkdir()
        shutil.copy(path, other.path / "signatures")
        for keys in ([KEY.public], []):
            (state,) = read_signatures(subject_of(other), keys)
            assert state.key is None
            assert state.fault is not None
            assert "signs other content" in state.fault or "signs something of another kind" in state.fault


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is no JSON"),
        (b"{}", "is no bundle of type"),
        (b'{"mediaType":', "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"\xff", "is no JSON"),
    ],
)
def test_what_is_no_bundle_is_a_fault_and_not_a_crash(
    item: Bento | Model, store: Store, content: bytes, fault: str
) -> None:
    signed(item, store).write_bytes(content)
    for keys in ([KEY.public], []):
        (state,) = read_signatures(subject_of(item), keys)
        assert fault in str(state.fault)


def test_a_huge_bundle_is_not_read_whole(item: Bento | Model, store: Store) -> None:
    with signed(item, store).open("wb") as stream:
        stream.truncate(1 << 40)  # a hole: no disk is used
    assert "is larger than" in str(faults(item)[0])


def test_no_bit_of_a_signature_changes_unseen(item: Bento | Model, store: Store) -> None:
    path = signed(item, store)
    content = path.read_bytes()
    for place in range(0, len(content) * 8, 13):
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8
        path.write_bytes(changed)
        assert faults(item) != [None], f"bit {place % 8} of byte {place // 8}"


def forged(statement: Statement, key: PrivateKey = KEY) -> bytes:
    """A bundle in which the key really signs `statement`."""
    return format_bundle(Bundle(seal_envelope(format_statement(statement), key)))


def test_a_bento_is_signed_by_its_checksums_and_nothing_else(store: Store) -> None:
    subject = subject_of(build(store))
    check_signature(subject, forged(file_statement("renamed", subject.digest)), KEY.public)
    for statement in (
        file_statement("SHA256SUMS", Digest.of_bytes(b"")),
        Statement("SHA256SUMS", subject.digest, "https://slsa.dev/provenance/v1", {}),
        model_statement("svc", {"SHA256SUMS": subject.digest}),
    ):
        with pytest.raises(InvalidSignature, match="signs"):
            check_signature(subject, forged(statement), KEY.public)


def test_a_model_is_signed_whole_or_not_at_all(store: Store) -> None:
    with store.models.create("iris") as draft:
        draft.path_of("a").write_text("a")
        draft.path_of(".gitattributes").write_text("b")
    model = draft.model
    subject = subject_of(model)
    files = {name: Digest.of_file(model.path / name) for name in files_of(model.path) if name != "receipt.yaml"}
    sums = {"SHA256SUMS": files["SHA256SUMS"]}
    receipt = {"receipt.yaml": Digest.of_bytes(b"as it was then")}
    a = {"a": files["a"]}
    for whole in (files, sums, {**sums, **receipt}):
        check_signature(subject, forged(model_statement("iris", whole)), KEY.public)
    for part, message in [
        (a, "leaves out `.gitattributes`"),
        ({**sums, "a": Digest.of_bytes(b"b")}, "signs other content than that of model .*: 'a'"),
        ({**sums, "more": Digest.of_bytes(b"")}, "signs other content than that of model .*: 'more'"),
    ]:
        with pytest.raises(InvalidSignature, match=message):
            check_signature(subject, forged(model_statement("iris", part)), KEY.public)


def test_an_item_whose_checksums_changed_is_not_signed(store: Store) -> None:
    model = save(store, "iris")
    (model.path / "SHA256SUMS").write_bytes(b"")
    with pytest.raises(DamagedItem, match="is not what"):
        sign(subject_of(model), KEY)


def test_an_item_that_is_gone_gets_no_signature(item: Bento | Model, store: Store) -> None:
    content = sign(subject_of(item), KEY)
    subject = Subject("Bento", "svc:1", item.path.parent / "gone", item.digest)
    shutil.copytree(item.path, subject.folder)
    shelf = store.bentos if isinstance(item, Bento) else store.models
    shelf.delete(item.tag)
    with pytest.raises((NotFound, StoreError)):
        store_signature(subject_of(item), content, KEY.public, store.layout)
    assert not item.path.exists()


def test_no_signature_is_written_through_a_link(item: Bento | Model, store: Store, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (item.path / "signatures").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="is a link"):
        signed(item, store)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_saving_the_same_content_again_keeps_its_signatures(store: Store) -> None:
    model, bento = save(store, "iris"), build(store)
    signed(model, store)
    signed(bento, store)
    assert save(store, "iris").tag == model.tag
    assert build(store).tag == bento.tag
    assert faults(model) == faults(bento) == [None]


def put(store: Store, draft: Path) -> Tag:
    """What an import does with what it unpacked."""
    with staging(store.layout) as folder:
        shutil.copytree(draft, folder, dirs_exist_ok=True)
        for name in ("SHA256SUMS", "receipt.yaml"):
            (folder / name).unlink()
        return commit(model_shelf(store.layout), folder, Tag("iris"), {})[0]


def test_signatures_that_came_along_are_kept_and_hashed_by_nobody(store: Store, tmp_path: Path) -> None:
    model = save(store, "iris")
    signed(model, store)
    shutil.copytree(model.path, tmp_path / "draft")
    store.models.delete(model.tag)
    assert put(store, tmp_path / "draft") == model.tag
    assert faults(store.models.get(model.tag)) == [None]


def test_signatures_come_to_the_same_content_that_stands_and_replace_none(store: Store, tmp_path: Path) -> None:
    model = save(store, "iris")
    standing = signed(model, store).read_bytes()
    shutil.copytree(model.path, tmp_path / "draft")
    (tmp_path / "draft/signatures" / f"{KEY.public.id}.sigstore.json").write_bytes(b"broken")
    content = sign(subject_of(model), OTHER)
    (tmp_path / "draft/signatures" / f"{OTHER.public.id}.sigstore.json").write_bytes(content)
    put(store, tmp_path / "draft")
    assert (model.path / "signatures" / f"{KEY.public.id}.sigstore.json").read_bytes() == standing
    assert faults(model, KEY, OTHER) == [None, None]


def test_a_stray_file_among_the_signatures_keeps_an_import_out(store: Store, tmp_path: Path) -> None:
    model = save(store, "iris")
    shutil.copytree(model.path, tmp_path / "draft")
    (tmp_path / "draft/signatures").mkdir()
    (tmp_path / "draft/signatures/notes.txt").touch()
    with pytest.raises(StoreError, match=r"`signatures/notes\.txt` is no signature"):
        put(store, tmp_path / "draft")


def test_a_draft_has_no_signatures_of_its_own(store: Store) -> None:
    with pytest.raises(UsageError, match="`signatures` is written by the store"), store.models.create("x") as draft:
        draft.path_of("signatures").mkdir()
    assert store.models.list() == []


def test_an_unsigned_item_is_whole(item: Bento | Model) -> None:
    assert_whole(item)
    assert faults(item) == []
