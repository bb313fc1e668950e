"""`BentoModel`: a model named as a class attribute of a service, so that a build finds it and a Bento carries it."""

from __future__ import annotations

from typing import overload

from ekiben.store.local import Store, default_store
from ekiben.store.models import Model
from ekiben.tag import Tag


class BentoModel:
    """`iris = BentoModel("iris:latest")`: on the class the reference itself, on an instance the Model.

    Usable wherever a tag is (`sklearn.load_model(iris)`). Resolved when first asked for, once for each instance.
    """

    def __init__(self, tag: str | Tag) -> None:
        self.tag = Tag.parse(tag)
        self._attribute: str | None = None

    def resolve(self, store: Store | None = None) -> Model:
        """The model in `store` (by default the store of the settings). Raises ModelNotFound."""
        return (store or default_store()).models.get(self.tag)

    def __set_name__(self, owner: type, name: str) -> None:
        self._attribute = name

    @overload
    def __get__(self, instance: None, owner: type) -> BentoModel: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Model: ...

    def __get__(self, instance: object | None, owner: type) -> BentoModel | Model:
        if instance is None:
            return self
        model = self.resolve()
        if self._attribute is not None and hasattr(instance, "__dict__"):
            instance.__dict__[self._attribute] = model  # found there from now on: this class defines no __set__
        return model

    def __str__(self) -> str:
        return str(self.tag)

    def __repr__(self) -> str:
        return f"BentoModel({str(self.tag)!r})"
