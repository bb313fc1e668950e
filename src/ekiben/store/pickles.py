"""Custom objects, pickled beside a model; the store's only touch of cloudpickle.

Unpickling runs code: it happens only when somebody who trusts the model asks for the objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from ekiben.digest import Digest
from ekiben.errors import DamagedItem, EkibenError, FrameworkError
from ekiben.store.disk import disk_refusals
from ekiben.store.sums import SUMS, parse_sums

CUSTOM_OBJECTS = "custom_objects.pkl"  # BentoML's name for it
_ANEW = "delete the model and save it again"
_OLD_VERSIONS = "load it with the versions that it was saved with, which its model.yaml lists"


def dump_pickle(path: Path, value: object, by_value: Sequence[ModuleType] = ()) -> None:
    """Writes `value`; what modules in `by_value` define travels with it instead of being imported when loaded."""
    import pickle

    import cloudpickle

    with path.open("wb") as stream, _registered(by_value):
        try:
            cloudpickle.dump(value, stream)
        except (TypeError, AttributeError, RecursionError, pickle.PicklingError) as error:
            raise FrameworkError(
                f"`{type(value).__name__}` cannot be pickled: {error}",
                hint="open files, locks, connections and generators do not pickle: leave them out, or open them later",
            ) from error


def load_pickle(path: Path, what: str) -> object:
    """The value written by `dump_pickle`, of the model `what`. Raises as `unpickling` does."""
    import cloudpickle

    hint = "install or add to the path what it was saved with, or save it with external_modules"
    with unpickling(path, what, hint), path.open("rb") as stream:
        value: object = cloudpickle.load(stream)
    return value


@contextmanager
def unpickling(path: Path, what: str, hint: str) -> Iterator[None]:
    """Translates what a block raises that unpickles the item's file at `path`, which runs anybody's code.

    Raises DamagedItem where the file is missing or other than it was when saved, StoreError where the disk refuses it,
    and FrameworkError for the rest; `hint` is for code that is not here.
    """
    try:
        with disk_refusals(path):
            if not path.exists():
                raise DamagedItem(f"`{what}` has no {path.name}", hint=_ANEW)
            yield
    except EkibenError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        if not _is_as_saved(path):
            raise DamagedItem(f"`{path}` is not what was saved: {reason}", hint=_ANEW) from error
        if isinstance(error, ImportError | AttributeError):
            raise FrameworkError(f"`{what}` needs code that is not here: {error}", hint=hint) from error
        raise FrameworkError(f"`{what}` cannot be loaded: {reason}", hint=_OLD_VERSIONS) from error


def _is_as_saved(path: Path) -> bool:
    """Whether the file has the digest that its item lists: read again, since this is asked after a failure alone."""
    try:
        return parse_sums((path.parent / SUMS).read_bytes()).get(path.name) == Digest.of_file(path)
    except (OSError, DamagedItem):
        return False


def load_custom_objects(folder: Path) -> dict[str, object]:
    """The custom objects of the model in `folder`; empty where it has none."""
    path = folder / CUSTOM_OBJECTS
    if not path.is_file():
        return {}
    objects = load_pickle(path, f"{folder.parent.name}:{folder.name}")
    if not isinstance(objects, Mapping):
        raise DamagedItem(f"`{path}` holds no mapping")
    return dict(objects)


@contextmanager
def _registered(modules: Sequence[ModuleType]) -> Iterator[None]:
    import cloudpickle

    ours = [one for one in modules if one.__name__ not in cloudpickle.list_registry_pickle_by_value()]
    try:
        for module in ours:
            cloudpickle.register_pickle_by_value(module)
        yield
    finally:
        for module in ours:
            cloudpickle.unregister_pickle_by_value(module)
