"""A Bento is held against everything it says of itself: files, lock, models, signatures; each damage with its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.packager.parts import INTENT, LOCK, WHEELS
from ekiben.packager.verification import Verification, verify_bento, verify_model
from ekiben.report import SilentReporter
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.signatures import sign, store_signature, subject_of
from ekiben.store.verify import Damage
from ekiben.trust.keys import PrivateKey
from tests.packager.conftest import Build
from tests.packager.small_bento import save_model, small_bento
from tests.store.archive.bentoml_shapes import bento_files, packed
from tests.store.archive.transfer import bring_bento
from tests.trust.making import make_key

KEY, OTHER = make_key(), make_key()


def verified(bento: Bento, store: Store, *keys: PrivateKey) -> Verification:
    return verify_bento(bento, store, [key.public for key in keys], SilentReporter())


def findings(verification: Verification) -> list[tuple[str, str]]:
    """Item and path of all that was found."""
    return [(subject.name, one.path) for subject, one in verification.findings()]


def signed(item: Bento | Model, store: Store, key: PrivateKey = KEY) -> Path:
    subject = subject_of(item)
    return store_signature(subject, sign(subject, key), key.public, store.layout)


@pytest.fixture
def model(store: Store) -> Model:
    return save_model(store, "iris")


@pytest.fixture
def bento(store: Store, model: Model) -> Bento:
    """A Bento with a lock, wheels and one model."""
    return small_bento(store, models=[model])


def test_a_bento_as_it_was_made_has_no_findings(bento: Bento, model: Model, store: Store) -> None:
    verification = verified(bento, store)
    assert findings(verification) == []
    assert verification.names_content
    assert [one.subject.name for one in verification.models] == [str(model.tag)]
    assert (verification.file_count, verification.size_bytes) == (7, bento.size_bytes)


def test_what_a_real_build_makes_has_no_findings(build: Build, store: Store) -> None:
    assert findings(verified(build(), store)) == []


def test_a_version_given_by_hand_says_nothing_of_the_content(build: Build, store: Store) -> None:
    verification = verified(build(version="v1"), store)
    assert findings(verification) == []
    assert (verification.names_content, verification.has_odd_version) == (False, False)


def test_a_forgery_under_the_name_of_other_content_is_damage(bento: Bento, store: Store) -> None:
    """An attacker writes files, checksums and receipt anew; only the version still is the old one."""
    forged = small_bento(store, source="import os\n")
    store.bentos.delete(bento.tag)
    forged.path.rename(bento.path)
    assert findings(verified(store.bentos.get(bento.tag), store)) == [(str(bento.tag), "SHA256SUMS")]
    bento.path_of("receipt.yaml").unlink()
    assert findings(verified(store.bentos.get(bento.tag), store)) == [(str(bento.tag), "SHA256SUMS")]


def test_a_version_of_bentomls_is_held_to_its_receipt_and_called_odd(store: Store, tmp_path: Path) -> None:
    archive = packed(tmp_path, bento_files(version="kvfzwdxgicq56ax4"))
    verification = verified(bring_bento(archive, store), store)
    assert findings(verification) == []
    assert (verification.names_content, verification.has_odd_version) == (False, True)


def test_a_version_of_ones_own_without_its_receipt_is_damage(build: Build, store: Store) -> None:
    bento = build(version="v1")
    bento.path_of("receipt.yaml").unlink()
    assert findings(verified(bento, store)) == [(str(bento.tag), "receipt.yaml")]


def test_damage_in_a_bento_and_in_its_model_is_named_with_its_path(bento: Bento, model: Model, store: Store) -> None:
    bento.path_of("src/service.py").write_text("other")
    bento.path_of("src/added.py").touch()
    bento.path_of("apis/openapi.yaml").chmod(0o755)
    model.path_of("weights.bin").write_text("other")
    assert findings(verified(bento, store)) == [
        (str(bento.tag), "apis/openapi.yaml"),
        (str(bento.tag), "src/added.py"),
        (str(bento.tag), "src/service.py"),
        (str(model.tag), "weights.bin"),
    ]


def test_a_model_that_is_lost_or_replaced_is_named(bento: Bento, model: Model, store: Store) -> None:
    store.models.delete(model.tag, force=True)
    (lost,) = verified(bento, store).damage
    assert (lost.path, str(model.tag) in lost.what) == ("bento.yaml", True)
    other = save_model(store, "iris", "other weights")
    other.path.rename(model.path)
    (replaced,) = verified(bento, store).damage
    assert replaced == Damage(
        "bento.yaml", f"names model `{model.tag}` as `{model.digest}`, and that in the store is `{other.digest}`"
    )


def test_a_manifest_that_cannot_be_read_is_damage_and_no_crash(bento: Bento, store: Store) -> None:
    bento.path_of("bento.yaml").write_text("service: [")
    assert findings(verified(store.bentos.get(bento.tag), store)) == [(str(bento.tag), "bento.yaml")]


def test_changed_checksums_are_named_alone(bento: Bento, model: Model, store: Store) -> None:
    signed(bento, store)
    for item in (model, bento):
        item.path_of("SHA256SUMS").write_text("")
    assert findings(verified(bento, store, KEY)) == [(str(one.tag), "SHA256SUMS") for one in (bento, model)]


@pytest.mark.parametrize(
    ("lock", "message"),
    [
        ("", "is not what the lock pins"),
        ("scipy==1.0 \\\n    --hash=sha256:00\nlight==2.0 \\\n    --hash=sha256:00\n", "is not what the lock pins"),
        ("scipy==1.0\nlight==2.0\n", "pins `scipy==1.0` without a hash"),
        ("no lock\n", "cannot be read"),
    ],
)
def test_a_bento_made_with_a_lock_that_does_not_agree_is_told(store: Store, lock: str, message: str) -> None:
    damage = verified(small_bento(store, lock=lock), store).damage
    assert message in damage[0].what
    assert damage[0].path in (LOCK, f"{WHEELS}/light-2.0-py3-none-any.whl")


def test_a_lock_that_was_not_asked_for_is_not_judged(store: Store) -> None:
    bento = small_bento(store, lock="scipy\nlight\n", python={"lock_packages": False})
    assert findings(verified(bento, store)) == []


def test_a_bento_of_bentoml_has_no_lock_and_is_whole(store: Store, tmp_path: Path) -> None:
    verification = verified(bring_bento(packed(tmp_path, bento_files()), store), store)
    assert findings(verification) == []
    assert verification.lacks_lock


def test_a_lock_that_was_taken_out_is_told(store: Store) -> None:
    """What says that ekiben built it had a lock, whatever its receipt says of BentoML."""
    bento = small_bento(store, receipt={"bentoml": {"bentoml_version": "1.4.39"}})
    with store.bentos.stage(bento.tag.name) as staged:
        staged.path_of(INTENT).parent.mkdir(parents=True)
        staged.path_of(INTENT).write_text("numpy\n")
        forged = staged.commit(bento.manifest, version=None, receipt=bento.details)
    verification = verified(forged, store)
    assert findings(verification) == [(str(forged.tag), LOCK)]
    assert not verification.lacks_lock


def test_a_lock_without_what_was_asked_for_is_told(build: Build, store: Store) -> None:
    bento = build()
    with store.bentos.stage(bento.tag.name) as staged:
        for file in bento.path.rglob("*"):
            target = staged.path / file.relative_to(bento.path)
            target.mkdir(exist_ok=True) if file.is_dir() else target.write_bytes(file.read_bytes())
        for name in ("SHA256SUMS", "receipt.yaml", "bento.yaml"):
            staged.path_of(name).unlink()
        staged.path_of(INTENT).write_text(f"{bento.path_of(INTENT).read_text()}numpy>=2\nmsgspec>=100\n")
        forged = staged.commit(bento.manifest, version=None, receipt={})
    told = [one.what for one in verified(forged, store).damage]
    assert told == [
        "lacks `numpy`, which requirements.in asks for",
        "pins `msgspec` at 99.0, and requirements.in asks for `>=100`",
    ]


def test_signatures_are_told_with_their_keys(bento: Bento, model: Model, store: Store) -> None:
    signed(bento, store)
    signed(bento, store, OTHER)
    signed(model, store)
    verification = verified(bento, store, KEY)
    keys = {state.key_id: state.key for state in verification.signatures}
    assert keys == {KEY.public.id: KEY.public, OTHER.public.id: None}
    assert [state.key for state in verification.models[0].signatures] == [KEY.public]
    assert findings(verification.required_signed([KEY.public])) == []


def test_a_signature_that_is_asked_for_and_not_there_is_a_finding(bento: Bento, store: Store) -> None:
    signed(bento, store, OTHER)
    verification = verified(bento, store, KEY).required_signed([KEY.public])
    assert findings(verification) == [(str(bento.tag), "signatures")]
    assert verification.damage[0].what == f"holds no signature by {KEY.public.id} ({KEY.place})"


def test_a_broken_signature_is_a_finding_with_its_path(bento: Bento, store: Store) -> None:
    path = signed(bento, store)
    path.write_bytes(path.read_bytes()[:-1])
    for keys in ([KEY], []):
        assert findings(verified(bento, store, *keys)) == [(str(bento.tag), f"signatures/{path.name}")]


def test_a_model_is_verified_alone(model: Model, store: Store) -> None:
    signed(model, store)
    verification = verify_model(model, [KEY.public], SilentReporter())
    assert findings(verification) == []
    assert [state.key for state in verification.signatures] == [KEY.public]
