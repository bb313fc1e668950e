"""Custom objects, pickled beside a model; the store's only touch of cloudpickle.

Unpickling runs code: it happens only when somebody who trusts the model asks for the objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from ekiben.errors import DamagedItem, FrameworkError
from ekiben.store.loading import loading

CUSTOM_OBJECTS = "custom_objects.pkl"  # BentoML's name for it
_CODE = "install or add to the path what it was saved with, or save it with external_modules"


def dump_pickle(path: Path, value: object, by_value: Sequence[ModuleType] = ()) -> None:
    """Writes `value`; what modules in `by_value` define travels with it instead of being imported when loaded."""
    import cloudpickle

    with path.open("wb") as stream, pickling(value, by_value):
        cloudpickle.dump(value, stream)


@contextmanager
def pickling(value: object, by_value: Sequence[ModuleType] = ()) -> Iterator[None]:
    """The same for a block that has cloudpickle write `value`. Raises FrameworkError for what does not pickle."""
    import pickle

    with _registered(by_value):
        try:
            yield
        except (TypeError, AttributeError, RecursionError, pickle.PicklingError) as error:
            raise FrameworkError(
                f"`{type(value).__name__}` cannot be pickled: {error}",
                hint="open files, locks, connections and generators do not pickle: leave them out, or open them later",
            ) from error


def load_pickle(path: Path, what: str) -> object:
    """The value written by `dump_pickle`, of the model `what`. Raises as `loading` does."""
    import cloudpickle

    with loading(path.parent, path.name, what, code_hint=_CODE) as file, file.open("rb") as stream:
        value: object = cloudpickle.load(stream)
    return value


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
