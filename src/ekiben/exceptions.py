"""`ekiben.exceptions`: the class names of BentoML's `bentoml.exceptions`, for services and scripts written for it.

Most are other names for classes of `ekiben.errors`, so that `except` catches what ekiben raises; the rest are
subclasses that carry BentoML's HTTP status. A subclass says its status by `http_status`.
"""

from __future__ import annotations

from ekiben.errors import (
    BadInput,
    DescriptionError,
    EkibenError,
    FrameworkError,
    InternalError,
    NotFound,
    Overloaded,
    RequestError,
    ServiceError,
    SettingsError,
    UsageError,
)

__all__ = [
    "APIDeprecated",
    "BadInput",
    "BentoMLConfigException",
    "BentoMLException",
    "CLIException",
    "CloudRESTApiClientError",
    "ImportServiceError",
    "InternalServerError",
    "InvalidArgument",
    "MissingDependencyException",
    "NotFound",
    "RemoteException",
    "ServerStateException",
    "ServiceUnavailable",
    "StateException",
    "UnprocessableEntity",
    "UnservableException",
]

BentoMLException = EkibenError
BentoMLConfigException = SettingsError
CLIException = UsageError
ImportServiceError = DescriptionError
InternalServerError = InternalError
InvalidArgument = BadInput  # in BentoML the parent of BadInput; both answer 400
MissingDependencyException = FrameworkError
ServiceUnavailable = Overloaded


class UnprocessableEntity(RequestError):
    """422: the input is well formed and means nothing."""

    http_status = 422


class RemoteException(RequestError):
    """500: another service that this one called failed."""


class StateException(ServiceError):
    """400: asked of an object that is in another state."""

    http_status = 400


class UnservableException(StateException):
    """400: a service that cannot be served."""


class ServerStateException(StateException):
    """400: asked of a server that does not run."""


class APIDeprecated(EkibenError):
    """500: a function that is no more; nothing in ekiben raises it."""


class CloudRESTApiClientError(EkibenError):
    """500: BentoCloud's; nothing in ekiben raises it."""
