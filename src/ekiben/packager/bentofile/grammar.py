"""What a single value of a bentofile may be. Each function returns the value or raises `Refused`, in words.

The rules keep two promises: a text that reaches a Containerfile cannot end its line or its argument (what happens
otherwise: CVE-2026-33744, -44345, -44346), and a path cannot leave the project (CVE-2026-24123). A refusal never
repeats a text that may hold a password.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement

from ekiben.packager.credentials import has_credentials, redact

OLDEST_IMAGE_PYTHON = (3, 11)
NEWEST_IMAGE_PYTHON = (3, 16)  # the next that is to come out: a newer one is a slip of the finger (`3.31`)
# What an image sets to find its server, its Bento and its models by.
IMAGE_VARIABLES = frozenset({"PATH", "EKIBEN_HOME", "EKIBEN_BENTO", "EKIBEN_BENTO_VERSION", "EKIBEN_PORT_FILE"})

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # surrogates: no file can hold them
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>]+")
_HOST = re.compile(r"(?:[A-Za-z0-9*._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_SERVICE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::[A-Za-z_]\w*)?")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ARGUMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_CUDA = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{1,3}){0,2}")
# conda's match specification without brackets: `[channel::]name`, then versions and builds.
_CONDA_PACKAGE = re.compile(r"(?:[A-Za-z0-9_./-]+::)?[a-z0-9_][a-z0-9_.-]*(?:[ =<>!~][A-Za-z0-9 _.,*+|=<>!~-]*)?")
_CONDA_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*")
_EDITABLE = re.compile(r"\s*(?:-e|--editable)[\s=]")
_BEHIND_PACKAGE = re.compile(r"\s+(?=#|--?[A-Za-z])")  # where a comment or a `--hash` begins
_INDEX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_PACKAGE_PATTERN = re.compile(r"[a-z0-9*](?:[a-z0-9*-]*[a-z0-9*])?")  # a canonical name, with wildcards where wanted
_TORCH = re.compile(r"auto|cpu|cu[0-9]{2,3}|rocm[0-9]+(?:\.[0-9]+){0,2}|xpu")
_NUMBER = r"(0|[1-9][0-9]{0,2})"
_PYTHON_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}(?:\.{_NUMBER})?")
# Debian policy 5.6.1 (package names) and 5.6.12 (versions), with apt's `name:architecture` and `name=version`.
_DEBIAN_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*[a-z0-9+](?::[a-z0-9-]+)?(?:=[0-9A-Za-z][0-9A-Za-z.+~:-]*)?")
# Names as in Fedora's packaging guidelines, with dnf's `name-version-release` and `name.architecture`; no patterns,
# groups, paths or options.
_RPM_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~^:-]*")
# The distribution project's grammar of references: [host[:port]/]path[:tag][@algorithm:hex].
_IMAGE = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
    r"(?::\w[\w.-]{0,127})?(?:@[a-z0-9]+:[0-9a-f]{32,})?",
    re.ASCII,
)


class Refused(ValueError):
    """A value that cannot stand where it was written. The message goes after the key's name."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def one_line(text: str) -> str:
    """`text` without newlines and other control characters."""
    if _CONTROL.search(text):
        raise Refused("holds a newline or another control character", "write it on one line")
    return text


def no_credentials(text: str) -> str:
    """`text`, in which every URL can be read and none carries a secret (`credentials` has the rule)."""
    hosts = [_host(found) for found in _URL.findall(redact(text))]
    if has_credentials(text):
        where = f" of `{hosts[0]}`" if len(hosts) == 1 and hosts[0] else ""
        raise Refused(
            f"holds credentials in the URL{where}",
            "they would be written into the Bento; leave them to netrc, the keyring or the environment",
        )
    return text


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError as error:
        raise Refused("holds a URL that cannot be read") from error


def service_import(text: str) -> str:
    """`module:name`, `package.module:name` or `module`."""
    module, _, name = text.partition(":")
    if _SERVICE.fullmatch(text) and not module.endswith(".py"):
        return text
    suggestion = module.removeprefix("./").removesuffix(".py").replace("/", ".") + (f":{name}" if name else "")
    written = (
        f"write `{suggestion}`" if _SERVICE.fullmatch(suggestion) else "write `module:Name`, such as `service:Iris`"
    )
    raise Refused(f"`{_shown(text)}` is no import string", written)


def env_name(text: str) -> str:
    """A POSIX name of an environment variable that is not the image's own."""
    if not _ENV_NAME.fullmatch(text):
        raise Refused(f"`{_shown(text)}` is no name of an environment variable", "use letters, digits and `_`")
    if text in IMAGE_VARIABLES:
        raise Refused(f"names `{text}`, which the image sets itself", "use another name")
    return text


def alias(text: str) -> str:
    """A model's second name: letters, digits, `.`, `_`, `-`."""
    if not _ALIAS.fullmatch(text):
        raise Refused(f"`{_shown(text)}` is no alias", "use letters, digits, `.`, `_` and `-`")
    return text


def system_package(text: str, manager: str = "apt") -> str:
    """A package of Debian's, or with `manager` "dnf" one of an RPM distribution; with a version or architecture where
    wanted."""
    if manager == "dnf":
        return _rpm_package(text)
    if not _DEBIAN_PACKAGE.fullmatch(text):
        raise Refused(
            f"`{_shown(text)}` is no Debian package", "write one name an item, such as `libgomp1` or `curl=7.88.1-10`"
        )
    return text


def _rpm_package(text: str) -> str:
    if not _RPM_PACKAGE.fullmatch(text):
        raise Refused(
            f"`{_shown(text)}` is no RPM package", "write one name an item, such as `libgomp` or `libxml2-2.9.13-6.el9`"
        )
    return text


def base_image(text: str) -> str:
    """An image reference."""
    if not _IMAGE.fullmatch(text):
        raise Refused("is no image reference", "write `[host/]name[:tag][@sha256:...]`, such as `python:3.11-slim`")
    return text


def cuda_version(text: str) -> str:
    """`12`, `12.4` or `12.4.1`."""
    if not _CUDA.fullmatch(text):
        raise Refused(f"`{_shown(text)}` is no version of CUDA", 'write it as `"12.4"` or `"12.4.1"`')
    return text


def conda_package(text: str) -> str:
    """A package of conda as in its environment.yml: `libgdal=3.8`, `conda-forge::lightgbm >=4`."""
    if not _CONDA_PACKAGE.fullmatch(text):
        raise Refused(f"`{_shown(text)}` is no package of conda", "write `name`, `name=1.2` or `channel::name>=1.2,<2`")
    return text.strip()


def conda_channel(text: str) -> str:
    """A channel of conda: its name, or a URL without credentials."""
    if _URL.match(text):
        return url(text)
    if not _CONDA_CHANNEL.fullmatch(text):
        raise Refused(f"`{_shown(text)}` is no channel of conda", "write a name, such as `conda-forge`, or a URL")
    return text


def argument_name(text: str) -> str:
    """The name of an argument: letters, digits, `_`, `-`."""
    if not _ARGUMENT.fullmatch(text):
        raise Refused(f"`{_shown(text)}` is no name of an argument", "use letters, digits, `_` and `-`")
    return text


def index_name(text: str) -> str:
    """The name of an index: letters, digits, `.`, `_`, `-`."""
    if not _INDEX.fullmatch(text):
        raise Refused(f"`{_shown(text)}` is no name of an index", "use letters, digits, `.`, `_` and `-`")
    return text


def package_pattern(text: str) -> str:
    """A package, or a pattern such as `nvidia-*`; in the spelling that names are compared in."""
    pattern = re.sub(r"[-_.]+", "-", text).lower()
    if not _PACKAGE_PATTERN.fullmatch(pattern):
        raise Refused(
            f"`{_shown(text)}` is no name of a package", "write it without a version; `*` stands for any letters"
        )
    return pattern


def torch_backend(text: str) -> str:
    """The build of PyTorch: `cpu`, `auto`, or an accelerator such as `cu124`."""
    if not _TORCH.fullmatch(text):
        raise Refused(f"`{_shown(text)}` is no build of PyTorch", "write `cpu`, `auto`, or one such as `cu124`")
    return text


def image_python(text: str) -> str:
    """`3.11` or `3.11.9`; not older than what ekiben runs on."""
    match = _PYTHON_VERSION.fullmatch(text)
    if not match:
        raise Refused(f"`{_shown(text)}` is no Python version", 'write the minor version, such as `"3.11"`')
    if (int(match[1]), int(match[2])) < OLDEST_IMAGE_PYTHON:
        oldest = ".".join(map(str, OLDEST_IMAGE_PYTHON))
        raise Refused(f"asks for Python {text}, and the server needs {oldest} or later", f'write `"{oldest}"` or later')
    if (int(match[1]), int(match[2])) > NEWEST_IMAGE_PYTHON:
        newest = ".".join(map(str, NEWEST_IMAGE_PYTHON))
        raise Refused(
            f"asks for Python {text}, and {newest} is the newest that is known", f'write `"{newest}"` or older'
        )
    return text


def requirement(text: str) -> str:
    """One line of requirements: a package, a place, or an editable one; no other option of pip."""
    no_credentials(one_line(text))
    if text.lstrip().startswith("-") and not _EDITABLE.match(text):
        option = text.lstrip().partition("=")[0].partition(" ")[0]
        raise Refused(
            f"holds the option `{option}` in place of a package",
            "a file goes to `requirements_txt`, an index to `index_url` or `extra_index_url`",
        )
    if not text.strip():
        raise Refused("holds an empty package")
    if "/" not in text and not _EDITABLE.match(text) and not text.startswith("git+"):  # a place needs the project
        _package(_BEHIND_PACKAGE.split(text.strip())[0])
    return text.strip()


def _package(text: str) -> None:
    try:
        Requirement(text)
    except InvalidRequirement as error:
        raise Refused(f"`{text}` is no requirement: {str(error).splitlines()[0]}") from error


def path_inside(text: str, project: Path) -> str:
    """A path to something that exists in the project, as a normalised POSIX path relative to it."""
    one_line(text)
    root = project.resolve()
    try:
        target = (root / text).resolve()
        exists = target.exists()
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise Refused(f"names `{text}`, which cannot be read") from error
    if Path(text).is_absolute() or not target.is_relative_to(root):
        raise Refused(
            f"names `{text}`, which lies outside the project", "write a path relative to the project's folder"
        )
    if not exists:
        raise Refused(f"names `{text}`, which does not exist")
    return target.relative_to(root).as_posix()


def file_inside(text: str, project: Path) -> str:
    """As `path_inside`, for a file."""
    found = path_inside(text, project)
    if not (project / found).is_file():
        raise Refused(f"names `{text}`, which is no file")
    return found


def url_or_path(text: str, project: Path) -> str:
    """A URL without credentials, or a path inside the project."""
    if _URL.match(text):
        return url(text)
    return path_inside(text, project)


def url(text: str) -> str:
    """An http, https or file URL without credentials."""
    no_credentials(one_line(text))
    if not re.fullmatch(r"(?:https?://|file:///)\S+", text):
        raise Refused("is no URL", "write one that starts with `https://`")
    try:
        _ = urlsplit(text).port
    except ValueError as error:
        raise Refused("holds a URL that cannot be read") from error
    return text


def host(text: str) -> str:
    """A host, with a port where wanted, as pip takes it: no URL, and no user."""
    if not _HOST.fullmatch(text):
        raise Refused("is no host", "write `host` or `host:port`, without a scheme and a user")
    return text


def _shown(text: str) -> str:
    """The text for a message: one line, no longer than is needed to find it again, no password."""
    no_credentials(text)
    shown = _CONTROL.sub("?", text)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
