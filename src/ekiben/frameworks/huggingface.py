"""`HuggingFaceModel`: a model of the hub as a class attribute of a service, so that a Bento carries its files.

    in a project   the path of its snapshot in the hub's own cache, fetched where it is not there
    in a build     taken into the model store at the commit that the revision stands at now, and pinned there
    in a Bento     the path of that model: no hub is asked any more

`huggingface_hub` does the fetching; without it, what the cache has is found all the same.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import overload
from urllib.parse import parse_qs, urlencode

from ekiben.errors import FrameworkError, UsageError
from ekiben.frameworks.hub_cache import (
    DEFAULT_REVISION,
    check_model_id,
    check_revision,
    hub_cache,
    is_commit,
    snapshot_in_cache,
)
from ekiben.store.bento_manifest import BentoModelEntry
from ekiben.store.local import default_store
from ekiben.store.model_manifest import ModelContext, ModelManifest
from ekiben.store.models import Model, ModelShelf
from ekiben.tag import MAX_NAME

_SCHEME = "hf:"
_FRAMEWORK = "huggingface"
_MODEL_ID, _REVISION, _INCLUDE, _EXCLUDE = "model_id", "revision", "include", "exclude"  # in the metadata
_ENDPOINT = "endpoint"
_PLAIN = "*?[]!/:"  # what patterns and addresses are made of, and a reference need not escape
_NO_PART_OF_A_NAME = re.compile(r"[^a-z0-9]+")
_LEFT_OUT = frozenset({".git", ".gitattributes", ".cache"})  # of the repository, not of the model


@dataclass(frozen=True, slots=True)
class HubReference:
    """A model on the hub: `ORG/NAME`, a branch, tag or commit, patterns of the files that are wanted, and the hub where
    it is not that of `HF_ENDPOINT`."""

    model_id: str
    revision: str = DEFAULT_REVISION
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    endpoint: str | None = None

    def __post_init__(self) -> None:
        check_model_id(self.model_id)
        check_revision(self.revision)

    @classmethod
    def parse(cls, text: str) -> HubReference:
        """What `str` wrote. Raises UsageError."""
        address, _, query = text.removeprefix(_SCHEME).partition("?")
        model_id, _, revision = address.partition("@")
        said = parse_qs(query)
        include, exclude = (tuple(said.get(name, ())) for name in (_INCLUDE, _EXCLUDE))
        return cls(model_id, revision, include, exclude, said.get(_ENDPOINT, [None])[0])

    @property
    def name(self) -> str:
        """The model's name in the store: `org--name`."""
        parts = (_NO_PART_OF_A_NAME.sub("-", part).strip("-") for part in self.model_id.lower().split("/"))
        return "--".join(part or "0" for part in parts)[:MAX_NAME].strip("-")

    def at(self, commit: str) -> HubReference:
        """The same at one commit."""
        return replace(self, revision=commit)

    def wants(self, path: str) -> bool:
        """Whether a file fits the patterns: shell patterns over its whole path, as the hub has them; `a/` a folder."""
        is_included = not self.include or _fits(path, self.include)
        return is_included and not _fits(path, self.exclude)

    def __str__(self) -> str:
        said = [(_INCLUDE, one) for one in self.include] + [(_EXCLUDE, one) for one in self.exclude]
        said += [(_ENDPOINT, self.endpoint)] if self.endpoint else []
        return f"{_SCHEME}{self.model_id}@{self.revision}" + (f"?{urlencode(said, safe=_PLAIN)}" if said else "")


class HuggingFaceModel:
    """`minilm = HuggingFaceModel("sentence-transformers/all-MiniLM-L6-v2")`: on the class the reference itself, on an
    instance the path of the files, for `from_pretrained` and the like.

    `include` and `exclude` are shell patterns of files; `endpoint` is another hub than that of `HF_ENDPOINT`.
    """

    def __init__(
        self,
        model_id: str,
        revision: str = DEFAULT_REVISION,
        endpoint: str | None = None,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
    ) -> None:
        self.reference = HubReference(model_id, revision, tuple(include or ()), tuple(exclude or ()), endpoint)
        self._attribute: str | None = None

    @property
    def model_id(self) -> str:
        """`ORG/NAME`."""
        return self.reference.model_id

    @property
    def revision(self) -> str:
        """The branch, tag or commit that was asked for."""
        return self.reference.revision

    @property
    def commit_hash(self) -> str:
        """The commit that the revision stands at: in a Bento the one that it was built with. Raises as `resolve`."""
        if is_commit(self.revision):
            return self.revision
        models = default_store().models
        if models.pins is not None:
            return str(models.get(str(self)).metadata[_REVISION])
        return self._snapshot().name

    def resolve(self, base_path: str | Path | None = None) -> str:
        """The path of the folder with its files; with `base_path` they are copied to there.

        In a Bento it is that of the Bento's model. Raises FrameworkError where the hub does not give it, ModelNotFound
        where the Bento was built without it.
        """
        models = default_store().models
        folder = self._snapshot() if models.pins is None else models.get(str(self)).path
        if base_path is None:
            return str(folder)
        target = Path(base_path) / self.reference.name
        _copy_wanted(self.reference, folder, target)
        return str(target)

    def to_info(self, alias: str | None = None) -> BentoModelEntry:
        """Its row in a bento.yaml, by exact tag, digest and commit: it is taken into the model store for that."""
        return hub_entry(self.take_in(default_store().models), alias or str(self))

    def take_in(self, models: ModelShelf) -> Model:
        """The model of the store that holds its files at the commit where the revision stands now.

        One that is there is not copied again, and by a commit needs no hub. Raises FrameworkError where the hub does
        not give it, StoreError.
        """
        wanted = self.reference.at(self.revision if is_commit(self.revision) else self._snapshot().name)
        metadata = _metadata_of(wanted)
        for known in models.list(wanted.name):
            if known.manifest.context.framework_name == _FRAMEWORK and known.metadata == metadata:
                return known
        with models.create(wanted.name, metadata=metadata, context=ModelContext(_FRAMEWORK)) as draft:
            _copy_wanted(wanted, self._snapshot(), draft.path)
        return draft.model

    def _snapshot(self) -> Path:
        try:
            from huggingface_hub import snapshot_download
            from huggingface_hub.errors import HfHubHTTPError, HFValidationError
        except ImportError as error:
            found = snapshot_in_cache(self.model_id, self.revision, hub_cache())
            if found is None:
                raise FrameworkError(
                    f"`{self.model_id}` is not in `{hub_cache()}`", hint="pip install huggingface_hub, which fetches it"
                ) from error
            return found
        try:
            return Path(
                snapshot_download(
                    self.model_id,
                    revision=self.revision,
                    endpoint=self.reference.endpoint,
                    cache_dir=hub_cache(),
                    allow_patterns=list(self.reference.include) or None,
                    ignore_patterns=list(self.reference.exclude) or None,
                )
            )
        except (OSError, HfHubHTTPError, HFValidationError) as error:
            reason = str(error).partition("\n")[0].strip()
            raise FrameworkError(
                f"the hub does not give `{self.model_id}` at `{self.revision}`: {reason}",
                hint=f"without a hub in reach, seed `{hub_cache()}` with `ekiben.models.seed_hub_cache`",
            ) from error

    def __set_name__(self, owner: type, name: str) -> None:
        self._attribute = name

    @overload
    def __get__(self, instance: None, owner: type) -> HuggingFaceModel: ...

    @overload
    def __get__(self, instance: object, owner: type) -> str: ...

    def __get__(self, instance: object | None, owner: type) -> HuggingFaceModel | str:
        if instance is None:
            return self
        path = self.resolve()
        if self._attribute is not None and hasattr(instance, "__dict__"):
            instance.__dict__[self._attribute] = path  # found there from now on: this class defines no __set__
        return path

    def __str__(self) -> str:
        return str(self.reference)

    def __repr__(self) -> str:
        return f"HuggingFaceModel({str(self)!r})"


def is_hub_reference(text: str) -> bool:
    """Whether a model is named as a HuggingFaceModel names it."""
    return text.startswith(_SCHEME)


def take_in(text: str, models: ModelShelf) -> Model:
    """The model of the store for a reference as text. Raises UsageError, and as `HuggingFaceModel.take_in` does."""
    one = HubReference.parse(text)
    return HuggingFaceModel(one.model_id, one.revision, one.endpoint, one.include, one.exclude).take_in(models)


def hub_entry(model: Model, alias: str | None) -> BentoModelEntry:
    """The row of a bento.yaml for a model, with the commit of one that was taken in from the hub."""
    origin = hub_origin(model.manifest)
    source = f"{_SCHEME}{origin[0]}@{origin[1]}" if origin else None
    return BentoModelEntry(model.tag, model.digest, model.manifest.module, alias, source)


def hub_origin(manifest: ModelManifest) -> tuple[str, str] | None:
    """`ORG/NAME` and commit of a model that was taken in from the hub; None of all others."""
    if manifest.context.framework_name != _FRAMEWORK:
        return None
    return str(manifest.metadata.get(_MODEL_ID)), str(manifest.metadata.get(_REVISION))


def _metadata_of(reference: HubReference) -> dict[str, object]:
    patterns = {_INCLUDE: list(reference.include), _EXCLUDE: list(reference.exclude)}
    return {
        _MODEL_ID: reference.model_id,
        _REVISION: reference.revision,
        **{name: one for name, one in patterns.items() if one},
    }


def _copy_wanted(reference: HubReference, source: Path, target: Path) -> None:
    """Copies the files that are wanted, links of the cache as what they lead to. Raises UsageError where none is."""
    count = 0
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source)
        if path.is_file() and not _LEFT_OUT.intersection(inside.parts) and reference.wants(inside.as_posix()):
            (target / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / inside)
            count += 1
    if not count:
        raise UsageError(f"no file of `{reference.model_id}` fits the patterns of `{reference}`")


def _fits(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(path, f"{one}*" if one.endswith("/") else one) for one in patterns)
