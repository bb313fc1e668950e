"""Finds a service in a user's folder: `import_service("service:Iris", root)`.

Importing runs the user's code, so whatever it does wrong (raise, exit, not exist) is a DescriptionError that names the
file and line of *their* code. Not here: making an instance, which the workers do.
"""

from __future__ import annotations

import importlib
import re
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ekiben.errors import DescriptionError, EkibenError
from ekiben.nearest import nearest
from ekiben.serving.declare.service import Service

_SAID = re.compile(r"(.+?):(\d+): ")  # how an error in a declaration begins


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the user's code."""

    file: Path
    line: int | None


def import_service(target: str, root: Path) -> Service:
    """The service that `target` names: `module:Class`, or `module` alone where all but one serve others there.

    `root` (and `root/src` where modules lie there) comes first on `sys.path`, and stays: services import their own
    modules later too. Raises DescriptionError.
    """
    root = root.resolve()
    name, _, attribute = target.partition(":")
    name = name.removesuffix(".py").replace("/", ".")
    if not all(part.isidentifier() for part in name.split(".")):
        raise DescriptionError(f"`{target}` names no module", hint="write `module:Class`")
    _put_first_on_path(root)
    module = _import(name, root)
    return _find(module, name, attribute) if attribute else _only_service(module, name)


def is_importable(service: Service) -> bool:
    """Whether the service is what its import string leads to, in the modules that are loaded."""
    found: object = sys.modules.get(service.inner.__module__)
    for part in service.inner.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is service and service.inner.__module__ != "__main__"


def place_of_failure(error: BaseException, root: Path) -> Place | None:
    """Where `error`, a DescriptionError's cause, came from: the place it names or the innermost line under `root`."""
    if isinstance(error, SyntaxError) and error.filename:
        return Place(Path(error.filename), error.lineno)
    if isinstance(error, EkibenError) and (said := _SAID.match(error.message)):
        return Place(Path(said[1]), int(said[2]))
    root = root.resolve()
    frames = [Place(Path(one.filename), one.lineno) for one in traceback.extract_tb(error.__traceback__)]
    return next((one for one in reversed(frames) if one.file.is_relative_to(root)), None)


def _put_first_on_path(root: Path) -> None:
    source = root / "src"
    folders = [source, root] if source.is_dir() and not (source / "__init__.py").exists() else [root]
    first = [str(folder) for folder in folders]
    sys.path[:] = [*first, *(entry for entry in sys.path if entry not in first)]
    importlib.invalidate_caches()


def _import(name: str, root: Path) -> ModuleType:
    _forget_strangers(name.partition(".")[0], root)
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise _import_failed(name, root, error) from error


def _forget_strangers(top: str, root: Path) -> None:
    """Drops modules of this name loaded from another folder: one process may see two projects' `service`."""
    loaded = sys.modules.get(top)
    if loaded is None or not any(
        (folder / top).is_dir() or (folder / f"{top}.py").is_file() for folder in (root, root / "src")
    ):
        return
    places = [getattr(loaded, "__file__", None), *getattr(loaded, "__path__", [])]
    if not any(place and Path(place).resolve().is_relative_to(root) for place in places):
        for name in [one for one in sys.modules if one == top or one.startswith(f"{top}.")]:
            del sys.modules[name]


# What to say of a module, or of a name in it, that is not there.
_HINTS = {
    "bentoml": "write `import ekiben as bentoml`, and `from ekiben` for `from bentoml`",
    "ekiben": "this version of ekiben does not have it; its docs list what it has of BentoML",
}


def _import_failed(name: str, root: Path, error: BaseException) -> DescriptionError:
    place = place_of_failure(error, root)
    where = f"{place.file}:{place.line}: " if place else ""
    if (
        isinstance(error, ModuleNotFoundError)
        and error.name
        and (name == error.name or name.startswith(f"{error.name}."))
    ):
        return DescriptionError(f"there is no module `{name}` in `{root}`", hint=f"modules: {_modules_in(root)}")
    if isinstance(error, ModuleNotFoundError) and error.name and error.name.partition(".")[0] in _HINTS:
        return DescriptionError(f"{where}`{name}` imports `{error.name}`", hint=_HINTS[error.name.partition(".")[0]])
    if isinstance(error, ImportError | AttributeError) and "ekiben" in str(error):
        return DescriptionError(f"{where}`{name}` cannot be imported: {error}", hint=_HINTS["ekiben"])
    if isinstance(error, ModuleNotFoundError):
        hint = "install it here too: the service is imported to be described and served"
        return DescriptionError(f"{where}`{name}` imports `{error.name}`, which is not installed", hint=hint)
    if isinstance(error, SystemExit):
        hint = "keep what runs as a program under `if __name__ == '__main__':`"
        return DescriptionError(f"{where}`{name}` ends the process when it is imported (exit {error.code})", hint=hint)
    if isinstance(error, EkibenError):
        said = error.message if place and str(place.file) in error.message else f"{where}{error.message}"
        return DescriptionError(said, hint=error.hint)
    return DescriptionError(f"{where}`{name}` cannot be imported: {type(error).__name__}: {error}")


def _find(module: ModuleType, name: str, attribute: str) -> Service:
    found: object = module
    for part in attribute.split("."):
        found = getattr(found, part, None)
    services = _services_in(module)
    if isinstance(found, Service):
        return found
    if isinstance(found, type):
        raise DescriptionError(
            f"`{name}:{attribute}` is a class and no service", hint="decorate it with `@ekiben.service`"
        )
    near = nearest(attribute, services) or list(services)
    hint = f"did you mean `{name}:{near[0]}`?" if near else _way_to_a_service(module)
    what = "is no service" if found is not None else "does not exist"
    raise DescriptionError(f"`{name}:{attribute}` {what}", hint=hint)


def _only_service(module: ModuleType, name: str) -> Service:
    services = _services_in(module)
    own = {key: one for key, one in services.items() if one.inner.__module__ == module.__name__} or services
    needed = [dependency.on for one in own.values() for dependency in one.dependencies.values()]
    match [one for one in own.values() if one not in needed]:
        case [one]:
            return one
        case []:
            raise DescriptionError(f"`{name}` holds no service", hint=_way_to_a_service(module))
        case _:
            listed = ", ".join(f"`{name}:{key}`" for key in own)
            raise DescriptionError(f"`{name}` holds {len(own)} services", hint=f"name one: {listed}")


def _way_to_a_service(module: ModuleType) -> str:
    """What to do about a module that holds none; services that BentoML made may well be there."""
    makers = {type(one).__module__.partition(".")[0] for one in vars(module).values()}
    is_bentoml = not makers.isdisjoint({"bentoml", "_bentoml_sdk", "_bentoml_impl"})
    return _HINTS["bentoml"] if is_bentoml else "decorate a class with `@ekiben.service`"


def _services_in(module: ModuleType) -> dict[str, Service]:
    """The services by name, each once however many names it has."""
    found = {id(value): (key, value) for key, value in reversed(vars(module).items()) if isinstance(value, Service)}
    return dict(reversed(found.values()))


def _modules_in(root: Path) -> str:
    names = sorted(path.stem for folder in (root, root / "src") for path in folder.glob("*.py"))
    return ", ".join(f"`{name}`" for name in names[:10]) or "none"
