"""What the settings want signed, and whom they trust."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import SettingsError
from ekiben.settings import load_settings
from ekiben.trust.policy import policy_for, trusted_keys
from tests.trust.making import write_keys


def test_nothing_is_asked_by_default() -> None:
    assert policy_for("serve", load_settings({})) is None


def test_a_policy_holds_for_what_it_names(tmp_path: Path) -> None:
    _, public, key = write_keys(tmp_path)
    environ = {"EKIBEN_REQUIRE_SIGNED": "serve,models", "EKIBEN_TRUSTED_KEYS": str(public)}
    policy = policy_for("serve", load_settings(environ))
    assert policy is not None
    assert (policy.keys, policy.each_model) == ((key.public,), True)
    assert policy_for("containerize", load_settings(environ)) is None
    assert str(policy) == "by the settings nothing unsigned is served"


def test_a_policy_without_keys_trusts_nobody_and_says_so() -> None:
    with pytest.raises(SettingsError, match=r"EKIBEN_REQUIRE_SIGNED.*names no key"):
        policy_for("serve", load_settings({"EKIBEN_REQUIRE_SIGNED": "serve"}))


def test_a_policy_of_models_alone_asks_for_nothing_and_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"names `models` alone \(from environment EKIBEN_REQUIRE_SIGNED\)"):
        load_settings({"EKIBEN_REQUIRE_SIGNED": "models"})


def test_a_trusted_key_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"`trusted_keys` \(from environment .*none\.pub"):
        trusted_keys(load_settings({"EKIBEN_TRUSTED_KEYS": f"{tmp_path}/none.pub"}))


def test_keys_in_a_file_are_meant_from_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "project").mkdir()
    _, public, key = write_keys(tmp_path / "config")
    _, hostile, _ = write_keys(tmp_path / "project")
    hostile.rename(tmp_path / "project" / public.name)
    file = tmp_path / "config" / "settings.yaml"
    file.write_text(f"require_signed: [serve]\ntrusted_keys: [{public.name}]\n")
    monkeypatch.chdir(tmp_path / "project")
    assert trusted_keys(load_settings({"EKIBEN_SETTINGS": str(file)})) == (key.public,)
