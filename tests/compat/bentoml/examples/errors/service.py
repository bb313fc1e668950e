"""Errors that say their status, and one that does not."""

from __future__ import annotations

from http import HTTPStatus

import bentoml
from bentoml.exceptions import BentoMLException, InvalidArgument, NotFound


class MethodNotAllowed(BentoMLException):
    error_code = HTTPStatus.METHOD_NOT_ALLOWED


@bentoml.service
class Failing:
    @bentoml.api
    def fail(self, how: str) -> str:
        if how == "custom":
            raise MethodNotAllowed("this is not allowed")
        if how == "argument":
            raise InvalidArgument("this is no argument")
        if how == "missing":
            raise NotFound("this is not here")
        if how == "plain":
            raise RuntimeError("a detail that no client shall see")
        return how
