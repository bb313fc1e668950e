"""What an import of a pickle means. Pure: names in, a verdict out.

The order is: dangerous, carrying code, the project's own, trusted, unknown. What is unknown is for a person to look at:
no list of dangerous things is ever whole, since any function that takes a name and gives what bears it leads around it.
"""

from __future__ import annotations

import re
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Collection
from enum import IntEnum

from ekiben.packager.audit.pickles.trusted import TRUSTED
from ekiben.packager.audit.pickles.values import Global


class Verdict(IntEnum):
    """The worse, the higher."""

    trusted = 0
    own = 1
    unknown = 2
    code = 3
    dangerous = 4


# Modules of which nothing belongs into a model: they run programs, load code, reach into the interpreter or a network.
_PROGRAMS = "os posix nt subprocess pty commands popen2 shutil tempfile fileinput glob webbrowser pdb bdb code codeop"
_LOADERS = "importlib imp runpy pkgutil zipimport pickle _pickle cPickle marshal shelve dbm site"
_INTERPRETER = "sys ctypes _ctypes cffi gc inspect signal threading _thread multiprocessing concurrent asyncio builtins"
_NETWORK = "socket ssl http urllib ftplib smtplib imaplib poplib telnetlib xmlrpc socketserver requests httpx aiohttp"
_TOOLS = "pip setuptools distutils ensurepip venv timeit cProfile profile trace doctest unittest pydoc idlelib lib2to3"
_DANGEROUS_MODULES = frozenset(f"{_PROGRAMS} {_LOADERS} {_INTERPRETER} {_NETWORK} {_TOOLS}".split())
_DANGEROUS_PARTS = frozenset(
    {"numpy.testing", "numpy.f2py", "numpy.distutils", "torch.hub", "torch.utils.cpp_extension", "torch._dynamo"}
    | {"torch.fx", "torch.jit", "torch.utils.collect_env", "joblib.externals", "joblib.parallel", "sklearn.externals"}
    | {"pandas.core.computation"}  # its classes evaluate the expressions that they are given
)
# Names that are dangerous wherever they are found: modules bring what they import themselves along.
_RUNNERS = "eval exec execfile compile system popen Popen run_path run_module runstring runcode check_output check_call"
_FINDERS = "__import__ import_module resolve_name attrgetter methodcaller getoutput getstatusoutput"
_READERS = "loads read_pickle Unpickler unpickle_from"
_INSIDES = "__builtins__ __globals__ __subclasses__ __code__ __getattribute__ __dict__ __class__ __bases__ __mro__"
_DANGEROUS_NAMES = frozenset(f"{_RUNNERS} {_FINDERS} {_READERS} {_INSIDES}".split())
_BROUGHT_ALONG = frozenset(
    {"os", "sys", "subprocess", "builtins", "posix", "importlib", "pickle", "marshal", "socket", "shutil", "ctypes"}
)
_LOADING = frozenset(
    {"joblib.load", "joblib.numpy_pickle.load", "numpy.load", "numpy.lib.npyio.load", "numpy.fromfile", "torch.load"}
    | {"torch.serialization.load", "cloudpickle.load", "dill.load", "pandas.eval", "numexpr.evaluate", "io.open"}
    | {"operator.attrgetter", "operator.methodcaller", "_io.open", "_io.FileIO", "io.FileIO", "platform.popen"}
)
# What makes functions and classes out of what the pickle holds.
_CODE_PACKAGES = ("cloudpickle", "dill", "_dill")
_CODE_NAMES = frozenset(
    f"types.{name}" for name in ("CodeType", "FunctionType", "LambdaType", "MethodType", "ModuleType", "new_class")
)
# scipy's distributions run the source that their state holds of their argument parser (`rv_generic.__setstate__`).
_DISTRIBUTIONS = re.compile(r"scipy\.stats\._(?:distn_infrastructure|(?:continuous|discrete)_distns|levy_stable)")
_GETATTR = "builtins.getattr"  # what it takes is judged by itself
_CLASS = re.compile(
    r"_*[A-Z][A-Za-z0-9_]*(?:\._*[A-Z][A-Za-z0-9_]*)*"
)  # a nested class is one, a class's method is not
_RESTORED = re.compile(r"__pyx_unpickle_[A-Z]\w*")  # Cython's own, for its classes
_APART = frozenset(
    {"externals", "tests", "testing", "_testing", "conftest", "compat", "hub", "deprecated", "rag"}
)  # of trusted packages
_NO_DATA = re.compile(r".*(?:Popen|Process|Pool|Command|Runner|Loader|Unpickler|Executor|Downloader)s?")

_NAMES = frozenset[str]().union(*(one.names for one in TRUSTED.values()))
_PACKAGES = tuple(package for one in TRUSTED.values() for package in one.packages)


def judge(found: Global, own_modules: Collection[str] = ()) -> Verdict:
    """What importing `found` means; `own_modules` are the top-level names of the project's own code.

    A name of Python 2 is judged as what it is now: that is what the unpickler makes of it, and no other module has it.
    """
    module, name = found.module, found.name
    mapped = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    return _judge(*mapped, own_modules)


def _judge(module: str, name: str, own_modules: Collection[str]) -> Verdict:
    full = f"{module}.{name}"
    if full in _NAMES or full == _GETATTR:
        return Verdict.trusted
    if _is_dangerous(module, name):
        return Verdict.dangerous
    top = module.partition(".")[0]
    if top in _CODE_PACKAGES or full in _CODE_NAMES or _DISTRIBUTIONS.match(module):
        return Verdict.code
    if top in own_modules:
        return Verdict.own
    return Verdict.trusted if _is_trusted_class(module, name) else Verdict.unknown


def _is_dangerous(module: str, name: str) -> bool:
    top = module.partition(".")[0]
    parts = name.split(".")
    return (
        top in _DANGEROUS_MODULES
        or f"{module}.{name}" in _LOADING
        or any(_is_below(module, part) for part in _DANGEROUS_PARTS)
        or not _DANGEROUS_NAMES.isdisjoint(parts)
        or not _BROUGHT_ALONG.isdisjoint(parts)
    )


def _is_trusted_class(module: str, name: str) -> bool:
    if not any(_is_below(module, package) for package in _PACKAGES):
        return False
    if not _APART.isdisjoint(module.split(".")) or _NO_DATA.fullmatch(name):
        return False
    return _CLASS.fullmatch(name) is not None or _RESTORED.fullmatch(name) is not None


def _is_below(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
