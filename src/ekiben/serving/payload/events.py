"""`SSE`: one server-sent event, as a method may yield it. Source: WHATWG HTML, section 9.2."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ekiben.errors import ServiceError

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_NO_FIELD = re.compile(r"[\r\n\0]")  # what would end a field, or make a reader ignore it


@dataclass(frozen=True, slots=True)
class SSE:
    """An event with its data, of one line or several. `retry` is in milliseconds."""

    data: str
    event: str | None = None
    id: str | None = None
    retry: int | None = None

    def marshal(self) -> str:
        """The text of the event. Raises ServiceError for a name or an id that cannot stand on one line."""
        fields = [("event", self.event), ("id", self.id), ("retry", self.retry)]
        said = [(name, str(value)) for name, value in fields if value is not None]
        for name, value in said:
            if _NO_FIELD.search(value):
                raise ServiceError(f"`{value!r}` cannot be the {name} of an event", hint="it has to stand on one line")
        lines = [*said, *(("data", line) for line in _LINE_ENDS.split(self.data))]
        return "".join(f"{name}: {value}\n" for name, value in lines) + "\n"
