"""What a policy lets through: signed by a trusted key, and what was signed to the last byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.errors import DamagedItem, ModelNotFound, NotTrusted
from ekiben.report import SilentReporter
from ekiben.store.admission import admit_bento, bento_at, refuse_unsigned, require_signed
from ekiben.store.bento_models import require_model
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.signatures import subject_of
from ekiben.trust.keys import PrivateKey
from ekiben.trust.policy import Policy
from tests.store.making import build, entry, save
from tests.store.test_signatures import KEY, OTHER, signed

POLICY = Policy("serve", (KEY.public,))


def admit(bento: Bento, store: Store, policy: Policy = POLICY) -> None:
    models = [require_model(one, store.models) for one in bento.manifest.models]
    admit_bento(bento, models, policy, SilentReporter())


@pytest.fixture
def model(store: Store) -> Model:
    return save(store, "iris")


@pytest.fixture
def bento(store: Store, model: Model) -> Bento:
    """A Bento with one model."""
    return build(store, models=[entry(model)])


def test_what_nobody_signed_is_refused_with_the_remedy(bento: Bento, store: Store) -> None:
    with pytest.raises(
        NotTrusted, match=f"Bento `{bento.tag}` is not signed by a trusted key, and by the sett"
    ) as caught:
        admit(bento, store)
    assert f"ekiben sign {bento.tag} --key" in str(caught.value.hint)


def test_what_others_signed_is_refused_too(bento: Bento, store: Store) -> None:
    signed(bento, store, OTHER)
    with pytest.raises(NotTrusted, match=r"trusted key \(it has 1 by other keys\)"):
        admit(bento, store)


@pytest.mark.parametrize("signers", [(KEY,), (KEY, OTHER)])
def test_one_trusted_key_is_enough_and_covers_the_models(
    bento: Bento, store: Store, signers: tuple[PrivateKey, ...]
) -> None:
    for key in signers:
        signed(bento, store, key)
    admit(bento, store)


def test_any_of_several_trusted_keys_is_enough(bento: Bento, store: Store) -> None:
    signed(bento, store, OTHER)
    admit(bento, store, replace(POLICY, keys=(KEY.public, OTHER.public)))


def test_a_policy_may_ask_for_each_model(bento: Bento, model: Model, store: Store) -> None:
    signed(bento, store)
    with pytest.raises(NotTrusted, match=f"model `{model.tag}` is not signed"):
        admit(bento, store, replace(POLICY, each_model=True))
    signed(model, store)
    admit(bento, store, replace(POLICY, each_model=True))


def test_a_broken_signature_is_refused_though_another_is_good(bento: Bento, store: Store) -> None:
    signed(bento, store)
    signed(bento, store, OTHER).write_bytes(b"{}")
    with pytest.raises(NotTrusted, match=f"{OTHER.public.id}.sigstore.json` is no bundle"):
        admit(bento, store)


@pytest.mark.parametrize("path", ["src/service.py", "bento.yaml"])
def test_a_signed_bento_with_another_byte_is_refused(bento: Bento, store: Store, path: str) -> None:
    signed(bento, store)
    bento.path_of(path).write_text(bento.path_of(path).read_text() + "\n")
    with pytest.raises(DamagedItem, match=f"`{path}`"):
        admit(bento, store)


def test_a_signed_bento_with_another_file_is_refused(bento: Bento, store: Store) -> None:
    signed(bento, store)
    bento.path_of("src/sitecustomize.py").touch()
    with pytest.raises(DamagedItem, match=r"`src/sitecustomize\.py`"):
        admit(bento, store)


def test_a_model_with_another_byte_is_refused(bento: Bento, model: Model, store: Store) -> None:
    signed(bento, store)
    model.path_of("weights.bin").write_text("other")
    with pytest.raises(DamagedItem, match=r"`weights\.bin`"):
        admit(bento, store)


def test_checksums_made_to_fit_other_files_do_not_fit_the_signature(bento: Bento, store: Store) -> None:
    """An attacker changes a file, its checksum and the receipt."""
    signed(bento, store)
    forged = build(store, content="import os\n", models=bento.manifest.models)
    for name in ("src/service.py", "SHA256SUMS"):
        bento.path_of(name).write_bytes(forged.path_of(name).read_bytes())
    receipt = forged.path_of("receipt.yaml").read_text().replace(str(forged.tag.version), str(bento.tag.version))
    bento.path_of("receipt.yaml").write_text(receipt)
    with pytest.raises(NotTrusted, match="signs other content"):
        admit(store.bentos.get(bento.tag), store)


def test_a_model_that_is_lost_or_other_is_refused(bento: Bento, model: Model, store: Store) -> None:
    (row,) = bento.manifest.models
    other = save(store, "iris", "other")
    with pytest.raises(DamagedItem, match="is not what"):
        require_model(replace(row, tag=other.tag), store.models)
    store.models.delete(model.tag, force=True)
    with pytest.raises(ModelNotFound, match="the Bento needs model"):
        require_model(row, store.models)


def test_a_bento_in_a_folder_is_what_its_checksums_say_whatever_its_receipt(bento: Bento, store: Store) -> None:
    signed(bento, store)
    (bento.path / "receipt.yaml").write_text("tag: svc:forged\n")
    found = bento_at(bento.path)
    assert found is not None
    assert found.digest == bento.digest
    admit(found, store)


def test_a_folder_without_checksums_holds_nothing_that_is_signed(tmp_path: Path) -> None:
    assert bento_at(tmp_path) is None
    with pytest.raises(NotTrusted, match="carries no signature, and by the settings nothing unsigned is served"):
        refuse_unsigned("the project", POLICY)


def test_what_is_imported_is_signed_where_it_was_made(model: Model) -> None:
    with pytest.raises(NotTrusted) as caught:
        require_signed(subject_of(model), replace(POLICY, action="import"))
    assert str(caught.value.hint).startswith("have it signed where it was made: `ekiben models sign iris:")
