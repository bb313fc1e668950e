"""Every error that ekiben raises, as one tree.

    EkibenError
    ├── UsageError                  a wrong argument or combination of options       (exit code 2)
    ├── Interrupted                 the user stopped it                               (exit code 130)
    ├── InvalidTag · InvalidDigest · InvalidReference · SettingsError
    ├── NotFound
    │   ├── ModelNotFound · BentoNotFound · PathNotFound
    ├── AmbiguousTag                a version prefix that several versions share
    ├── VersionTaken                a user-named version that holds other content
    ├── InUse                       a model that a local Bento needs
    ├── StoreError                  the disk said no: full, read-only, damaged
    │   └── DamagedItem
    ├── ArchiveError                an archive that is damaged, unsafe, over a limit, or of another kind
    ├── RemoteError                 a place behind a URL that cannot be used
    │   ├── ChangedMeanwhile        a tag that somebody else has moved since it was read
    │   ├── RegistryError           a registry that cannot be reached, refuses, or sends what it must not
    │   │   ├── AccessDenied · NotInRegistry · WrongBytes
    ├── FrameworkError              an ML library that is missing or refuses
    ├── BuildError
    │   ├── BentofileError          carries file, line and column
    │   ├── SelectionError          a file that cannot go into a Bento
    │   ├── DescriptionError        the service cannot be imported or described
    │   ├── LockError               dependencies that cannot be resolved
    │   └── NotActedOn              a declared option that this version does not act on
    ├── TrustError                  keys and signatures
    │   ├── UnusableKey             a key of another kind, in another format, or whose passphrase is wrong
    │   ├── InvalidSignature        a bundle that is none, or does not sign what it lies beside
    │   └── NotTrusted              the settings want a signature that is not there
    ├── ImageError
    │   ├── EngineUnavailable · EngineFailed
    ├── ServiceError                a service declared in a way that cannot be served
    └── RequestError                what one HTTP request is answered with (`http_status`)
        ├── BadInput 400 · UnknownRoute 404 · WrongMethod 405 · RequestTimeout 408 · PayloadTooLarge 413
        ├── Conflict 409 · UnsupportedMediaType 415
        ├── TooManyRequests 429 · InternalError 500 (WorkerLost, CalleeFailed) · Overloaded 503 · DeadlineExceeded 504

A message is lower case, has no full stop, and puts the offending value in backticks; `hint` says what to try next.
This module imports nothing of ours.
"""

from __future__ import annotations

from pathlib import Path

_SHOWN = 5  # tags that a message names
_LISTED = 20  # versions that a prefix fits: a name may have thousands


class EkibenError(Exception):
    """The root. `exit_code` is the process's status where the CLI ends with this error; `http_status` the answer's."""

    exit_code = 1
    http_status = 500

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        if "error_code" in cls.__dict__:  # what subclasses written for BentoML say their status by
            cls.http_status = int(cls.__dict__["error_code"])

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class UsageError(EkibenError):
    """An argument, or a combination of options, that the command does not take."""

    exit_code = 2


class Interrupted(EkibenError):
    """The user pressed Ctrl-C or sent SIGTERM; what was under way left the old state."""

    exit_code = 130


class InvalidTag(EkibenError):
    """A text that is no tag, or a name or version outside its grammar."""


class InvalidDigest(EkibenError):
    """A text that is no `sha256:<hex>` digest."""


class InvalidReference(EkibenError):
    """A text that cannot name an image: `[host/]name[:tag][@sha256:hex]`."""


class SettingsError(EkibenError):
    """A setting whose value cannot be used; the message names where the value came from."""


class NotFound(EkibenError):
    """Something named that is not there."""

    http_status = 404


class ModelNotFound(NotFound):
    """No such model in the store, or not in the loaded Bento's list; in a request, no fault of the client's."""

    http_status = 500


class BentoNotFound(NotFound):
    """No such Bento in the store."""

    http_status = 500


class PathNotFound(NotFound):
    """A file or folder that a command was given does not exist."""

    http_status = 500


class AmbiguousTag(EkibenError):
    """A version prefix that more than one version has."""

    def __init__(self, tag: str, candidates: list[str]) -> None:
        more = f" and {len(candidates) - _LISTED} more" if len(candidates) > _LISTED else ""
        super().__init__(
            f"`{tag}` fits {len(candidates)} versions: {', '.join(f'`{one}`' for one in candidates[:_LISTED])}{more}",
            hint="write more characters of the version",
        )
        self.candidates = candidates


class VersionTaken(EkibenError):
    """A user-named version is immutable; other content was saved or built under it."""

    def __init__(self, tag: str, hint: str | None = None) -> None:
        anew = "choose another version, or leave it out to get one made from the content"
        super().__init__(f"`{tag}` exists with other content", hint=hint or anew)


class InUse(EkibenError):
    """A model that local Bentos need."""

    def __init__(self, tag: str, users: list[str]) -> None:
        named = ", ".join(f"`{one}`" for one in users[:_SHOWN])
        more = f" and {len(users) - _SHOWN} more" if len(users) > _SHOWN else ""
        super().__init__(f"`{tag}` is used by {named}{more}", hint="delete those Bentos first, or pass --force")


class StoreError(EkibenError):
    """The store's disk refused: full, read-only, no permission."""


class DamagedItem(StoreError):
    """An item whose files are not what its manifest, receipt or checksums say."""


class ArchiveError(EkibenError):
    """An archive that is damaged, holds what none may hold, or unpacks to more than is allowed."""


class RemoteError(EkibenError):
    """A place behind a URL that cannot be read or written."""


class ChangedMeanwhile(RemoteError):
    """A tag that names something else than what was to be replaced: somebody else has moved it."""


class RegistryError(RemoteError):
    """A registry that cannot be reached, refuses, or sends what it must not; the message names its host."""


class AccessDenied(RegistryError):
    """The registry wants credentials, or other ones than it was shown."""


class NotInRegistry(RegistryError):
    """A repository, manifest or blob that the registry does not have, or does not show to whoever asks."""


class WrongBytes(RegistryError):
    """What a registry sent is not what its digest says."""


class FrameworkError(EkibenError):
    """An ML library that is not installed, or that cannot save or load what it was given."""


class BuildError(EkibenError):
    """A project that cannot become a Bento."""


class BentofileError(BuildError):
    """A bentofile (or pyproject table) that cannot be used, with its place: `path:line:column: message`."""

    def __init__(
        self, message: str, *, path: Path, line: int | None = None, column: int | None = None, hint: str | None = None
    ) -> None:
        place = ":".join(str(part) for part in (path, line, column) if part is not None)
        super().__init__(f"{place}: {message}", hint=hint)
        self.path = path
        self.line = line
        self.column = column


class SelectionError(BuildError):
    """A file that cannot go into a Bento: a link that leaves the project, a device, one that changed while read."""


class DescriptionError(BuildError):
    """The service cannot be imported, or its API cannot be described."""


class LockError(BuildError):
    """Dependencies that cannot be resolved for the image's Python and platform."""


class NotActedOn(BuildError):
    """A declared option that this version of ekiben reads but does not act on: refused rather than ignored."""


class TrustError(EkibenError):
    """What was signed, or is to be."""


class UnusableKey(TrustError):
    """A key that cannot be used: another kind, another format, or a passphrase that does not open it."""


class InvalidSignature(TrustError):
    """A bundle that is none, or that does not sign what it lies beside. The message follows the path of the bundle."""


class NotTrusted(TrustError):
    """The settings let nothing unsigned through, and no trusted key signed this."""


class ImageError(EkibenError):
    """A Bento that cannot become an image."""


class EngineUnavailable(ImageError):
    """No image engine answers, or it lacks what the build needs."""


class EngineFailed(ImageError):
    """The engine ran the build and failed."""


class ServiceError(EkibenError):
    """A service declared in a way that cannot be served."""


class RequestError(EkibenError):
    """What a request is answered with. A service may raise any of these (or a subclass with its own `http_status`)."""

    http_status = 500


class BadInput(RequestError):
    """400: which field, and why."""

    http_status = 400


class UnknownRoute(RequestError):
    """404: no such path."""

    http_status = 404


class WrongMethod(RequestError):
    """405: the path exists, the method does not."""

    http_status = 405


class RequestTimeout(RequestError):
    """408: the client stopped in the middle of its request."""

    http_status = 408


class Conflict(RequestError):
    """409: what is asked for does not go with how things stand."""

    http_status = 409


class PayloadTooLarge(RequestError):
    """413: the body is over the limit."""

    http_status = 413


class UnsupportedMediaType(RequestError):
    """415: a content type that this API does not take."""

    http_status = 415


class TooManyRequests(RequestError):
    """429: over `traffic.max_concurrency`."""

    http_status = 429


class InternalError(RequestError):
    """500: the service's own code failed; the answer carries a request id and no internals."""

    http_status = 500


class CalleeFailed(InternalError):
    """500: another service failed, which has logged why."""


class WorkerLost(InternalError):
    """500: the worker that ran it died, and it may not be run again, or did so twice."""

    def __init__(self) -> None:
        super().__init__("the worker that ran it died")


class Overloaded(RequestError):
    """503: shed by the batcher, or not ready; `retry_after_s` goes into the Retry-After header.

    `has_begun`: it had been begun, and was to be again.
    """

    http_status = 503

    def __init__(
        self, message: str, *, retry_after_s: float = 1.0, hint: str | None = None, has_begun: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s
        self.has_begun = has_begun


class DeadlineExceeded(RequestError):
    """504: not answered within `traffic.timeout`."""

    http_status = 504
