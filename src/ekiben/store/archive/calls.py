"""Export and import as Python callers ask for them: BentoML's parameters made into requests. What `ekiben.bentos` and
`ekiben.models` show.

`protocol`, `user`, `passwd`, `params` and `subpath` are BentoML's way to spell a URL in pieces. What they hold goes to
the URL's backend and into no message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ekiben.errors import UsageError
from ekiben.report import LoggingReporter
from ekiben.settings import load_settings
from ekiben.store.archive.exporting import ExportRequest, export_bento, export_model
from ekiben.store.archive.formats import parse_expected_format, parse_format
from ekiben.store.archive.importing import ImportRequest, import_bento, import_model
from ekiben.store.archive.limits import Limits
from ekiben.store.bentos import Bento
from ekiben.store.local import default_store
from ekiben.store.models import Model
from ekiben.tag import Tag
from ekiben.trust.policy import policy_for

_S3 = ("s3", "s3a")


@dataclass(frozen=True, slots=True)
class Pieces:
    """A path or URL, and BentoML's pieces of one."""

    path: str
    protocol: str | None = None
    user: str | None = None
    passwd: str | None = field(default=None, repr=False)
    params: Mapping[str, str] | None = field(default=None, repr=False)
    subpath: str | None = None

    @property
    def place(self) -> str:
        """The path or URL as one text. Raises UsageError where a URL comes with pieces."""
        pieces = (self.protocol, self.user, self.passwd, self.params, self.subpath)
        if "://" in self.path:
            if any(piece is not None for piece in pieces):
                raise UsageError("a URL was given together with pieces of one", hint="put all of it into the URL")
            return self.path
        whole = "/".join(part.strip("/") if index else part for index, part in enumerate(self._parts))
        return f"{self.protocol}://{whole}" if self.protocol else whole

    @property
    def options(self) -> Mapping[str, object]:
        """For the backend, under the names that it knows."""
        names = ("key", "secret") if self.protocol in _S3 else ("username", "password")
        given = zip(names, (self.user, self.passwd), strict=True)
        return {**(self.params or {}), **{name: value for name, value in given if value is not None}}

    @property
    def _parts(self) -> list[str]:
        return [self.path, self.subpath] if self.subpath else [self.path]


def export_bento_to(tag: str | Tag, pieces: Pieces, output_format: str | None, *, with_models: bool) -> str:
    """A Bento of the default store into an archive; gives its path or URL."""
    request = ExportRequest(tag, pieces.place, parse_format(output_format), pieces.options)
    return export_bento(request, with_models=with_models, store=default_store(), reporter=LoggingReporter())


def export_model_to(tag: str | Tag, pieces: Pieces, output_format: str | None) -> str:
    """A model of the default store into an archive; gives its path or URL."""
    request = ExportRequest(tag, pieces.place, parse_format(output_format), pieces.options)
    return export_model(request, store=default_store(), reporter=LoggingReporter())


def import_bento_from(pieces: Pieces, input_format: str | None, limits: Limits | None) -> Bento:
    """The Bento in an archive, now in the default store."""
    return import_bento(_request(pieces, input_format, limits), store=default_store(), reporter=LoggingReporter())


def import_model_from(pieces: Pieces, input_format: str | None, limits: Limits | None) -> Model:
    """The model in an archive, now in the default store."""
    return import_model(_request(pieces, input_format, limits), store=default_store(), reporter=LoggingReporter())


def _request(pieces: Pieces, input_format: str | None, limits: Limits | None) -> ImportRequest:
    return ImportRequest(
        pieces.place,
        parse_expected_format(input_format),
        limits or Limits(),
        pieces.options,
        policy_for("import", load_settings()),
    )
