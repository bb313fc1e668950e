"""`server_context`: what a service may ask of the process that it runs in; `get_current_service`; `importing`.

A worker in a process of its own is told its index and service by the environment (WORKER_VARIABLE), so that they are
known while the service's modules are imported.
"""

from __future__ import annotations

import contextlib
import logging
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ekiben.errors import ServiceError
from ekiben.serving.variables import VERSION_VARIABLE, WORKER_VARIABLE
from ekiben.settings import load_settings
from ekiben.store.bento_manifest import read_bento_manifest

logger = logging.getLogger("ekiben.serving")

UNKNOWN = "not available"  # as BentoML says it


class ServerContext:
    """One process's. `worker_index` counts from 1, and is None where nothing is served."""

    def __init__(self) -> None:
        self._service: str | None = None
        self._instances: dict[str, weakref.ref[object]] = {}

    def begin(self, service: str = "") -> None:
        """The server's: it serves, `service` once that is known."""
        self._service = service

    def add(self, service: str, instance: object) -> None:
        """A worker's: the service has an instance in this process, which is not kept for that."""
        with contextlib.suppress(TypeError):  # a class with slots may take no weak reference
            self._instances[service] = weakref.ref(instance)

    @property
    def worker_index(self) -> int | None:
        """Which of the service's workers this is; the server's own process is the first."""
        index = _said_by_environment()[0]
        return int(index) if index else None if self._service is None else 1

    @property
    def service_name(self) -> str | None:
        """The service that is served here."""
        return _said_by_environment()[1] or self._service or None

    @property
    def bento_name(self) -> str:
        """The Bento's name, empty where a project is served."""
        bento = load_settings(os.environ).bento.value
        return "" if bento is None else read_bento_manifest(bento).name

    @property
    def bento_version(self) -> str:
        """The Bento's version, where the process was told."""
        return os.environ.get(VERSION_VARIABLE) or UNKNOWN

    @property
    def instance(self) -> object:
        """The instance of the service. Raises ServiceError where this process has none."""
        living = {name: found for name, one in self._instances.items() if (found := one()) is not None}
        name = self.service_name
        if name in living:
            return living[name]
        if len(living) == 1:
            return next(iter(living.values()))
        raise ServiceError(
            "the service has no instance in this process",
            hint="with one worker and `isolation: none` the server's process has it, for apps beside the APIs",
        )


def _said_by_environment() -> tuple[str, str]:
    index, _, service = os.environ.get(WORKER_VARIABLE, "").partition(" ")
    return index, service


server_context = ServerContext()


def get_current_service() -> Any:
    """The instance of the service that this process serves, for apps that are mounted beside its APIs.

    Raises ServiceError where there is none: before it is made, and where its workers are other processes.
    """
    return server_context.instance


@contextmanager
def importing() -> Iterator[None]:
    """Lets modules be missing where a service is only described or built, and not served:

    with ekiben.importing():
        import torch

    A name that was not imported is found to be missing where it is used.
    """
    try:
        yield
    except ImportError as error:
        if server_context.worker_index is not None:
            raise
        logger.info("`%s` is not installed here, and the service's module goes on without it", error.name)
