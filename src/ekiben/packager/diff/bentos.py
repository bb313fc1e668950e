"""`diff_bentos`: everything that differs between two Bentos of a store."""

from __future__ import annotations

from dataclasses import dataclass

from ekiben.packager.diff.files import FileChange, diff_files, read_file_list
from ekiben.packager.diff.models import ModelChange, diff_models
from ekiben.packager.diff.packages import PackageChange, diff_packages, read_pins
from ekiben.packager.diff.values import ValueChange, diff_values
from ekiben.store.bentos import Bento
from ekiben.store.disk import disk_errors

_OWN_SECTIONS = ("models", "schema")  # keys of bento.yaml that are compared by what they mean


@dataclass(frozen=True, slots=True)
class BentoDiff:
    """What differs. `settings` are the keys of bento.yaml but `models` and `schema`; the schema's values are `apis`."""

    files: tuple[FileChange, ...] = ()
    packages: tuple[PackageChange, ...] = ()
    models: tuple[ModelChange, ...] = ()
    settings: tuple[ValueChange, ...] = ()
    apis: tuple[ValueChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.files or self.packages or self.models or self.settings or self.apis)


def diff_bentos(old: Bento, new: Bento) -> BentoDiff:
    """What changed from `old` to `new`. Raises DamagedItem where one of them cannot be read."""
    before, after = old.manifest, new.manifest
    with disk_errors(old.path):
        return BentoDiff(
            files=diff_files(read_file_list(old.path, before.executables), read_file_list(new.path, after.executables)),
            packages=diff_packages(read_pins(old.path, before.platform), read_pins(new.path, after.platform)),
            models=diff_models(before.models, after.models),
            settings=diff_values(_settings(before.to_dict()), _settings(after.to_dict())),
            apis=diff_values(before.schema, after.schema),
        )


def _settings(content: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in content.items() if key not in _OWN_SECTIONS}
