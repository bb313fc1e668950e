"""`Refused`: why nothing is made of a wheel, said by those who do not know its name."""

from __future__ import annotations


class Refused(Exception):
    """The message speaks of the wheel as `it`, as in "it has no RECORD"; who knows the wheel makes an error of it."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint
