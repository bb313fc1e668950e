"""What `depends()` is on the instance that a worker makes: a `Callee` for each other service."""

from __future__ import annotations

from ekiben.serving.calling.callee import Callee
from ekiben.serving.calling.link import Link
from ekiben.serving.calling.open_callee import OpenCallee
from ekiben.serving.declare.dependency import bound
from ekiben.serving.declare.service import Service


class Binding:
    """The callees of `service`, reached by `link`. Made on the loop that the link is used on."""

    def __init__(self, service: Service, link: Link) -> None:
        self.service = service
        self._callees = {
            one: OpenCallee(one.name, link) if one.on is None else Callee(one.on, link)
            for one in service.dependencies.values()
        }

    def make_instance(self) -> object:
        """An instance of the service whose dependencies are bound before its `__init__` runs."""
        with bound(self._callees):
            instance: object = self.service()
        for dependency, callee in self._callees.items():
            vars(instance).setdefault(dependency.attribute, callee)
        return instance
