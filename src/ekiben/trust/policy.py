"""`Policy`: what the settings want signed before something is done with it, and by which keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ekiben.errors import PathNotFound, SettingsError, UnusableKey
from ekiben.settings import Settings
from ekiben.trust.key_files import read_public_key
from ekiben.trust.keys import PublicKey

Action: TypeAlias = Literal["serve", "containerize", "import"]
DONE: dict[Action, str] = {"serve": "served", "containerize": "made into an image", "import": "imported"}


@dataclass(frozen=True, slots=True)
class Policy:
    """Nothing is done (`action`) without a signature by one of `keys`; `each_model` wants one on every model, too."""

    action: Action
    keys: tuple[PublicKey, ...]
    each_model: bool = False

    def __str__(self) -> str:
        return f"by the settings nothing unsigned is {DONE[self.action]}"


def policy_for(action: Action, settings: Settings) -> Policy | None:
    """What `settings` ask before `action`; None where they ask nothing.

    Raises SettingsError where they ask for signatures and trust no key, or one that cannot be read.
    """
    required = settings.require_signed
    if action not in required.value:
        return None
    keys = trusted_keys(settings)
    if not keys:
        raise SettingsError(
            f"`require_signed` asks for signatures (from {required.source}), and `trusted_keys` names no key",
            hint="name the public keys of those whom you trust: `trusted_keys: [release.pub]`",
        )
    return Policy(action, keys, "models" in required.value)


def trusted_keys(settings: Settings) -> tuple[PublicKey, ...]:
    """The keys that the settings trust, whatever they require. Raises SettingsError for one that cannot be read."""
    trusted = settings.trusted_keys
    try:
        return tuple(read_public_key(str(path)) for path in trusted.value)
    except (PathNotFound, UnusableKey) as error:
        raise SettingsError(f"`trusted_keys` (from {trusted.source}): {error}", hint=error.hint) from error
