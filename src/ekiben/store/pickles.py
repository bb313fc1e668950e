"""Custom objects, pickled beside a model; the store's only touch of cloudpickle.

Unpickling runs code: it happens only when somebody who trusts the model asks for the objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from ekiben.errors import DamagedItem, FrameworkError

CUSTOM_OBJECTS = "custom_objects.pkl"  # BentoML's name for it


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


def load_pickle(path: Path) -> object:
    """The value written by `dump_pickle`."""
    import pickle

    import cloudpickle

    try:
        with path.open("rb") as stream:
            value: object = cloudpickle.load(stream)
    except (ImportError, AttributeError) as error:
        raise FrameworkError(
            f"`{path.name}` needs code that is not here: {error}",
            hint="install or add to the path what it was saved with, or save it with external_modules",
        ) from error
    except (EOFError, pickle.UnpicklingError) as error:
        raise DamagedItem(f"`{path}` is no whole pickle: {error}") from error
    return value


def load_custom_objects(folder: Path) -> dict[str, object]:
    """The custom objects of the model in `folder`; empty where it has none."""
    path = folder / CUSTOM_OBJECTS
    if not path.is_file():
        return {}
    objects = load_pickle(path)
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
