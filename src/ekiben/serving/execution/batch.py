"""The program of a batch: several requests to a batchable API, answered by as few calls of the method as can be.

    decode each -> group by what can be joined -> chunks of max_batch_size rows -> join, call, split -> encode each

Every request keeps its own fate: a body that cannot be read is its own 400; a call that fails is run again in halves
until the requests that make it fail stand alone (unless the API is not idempotent). Requests with no rows are answered
`[]` uncalled.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field

from ekiben.errors import BadInput, EkibenError, InternalError, ServiceError
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.context import BatchMember, Context, Request, Response
from ekiben.serving.declare.options import BatchOptions
from ekiben.serving.execution.failures import failure_reply
from ekiben.serving.execution.program import USER_FAILURES, Invocation, Program, invocation_of
from ekiben.serving.execution.rows import RowKind, row_kind
from ekiben.serving.execution.single import reply_of
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.wire import Call, Reply

# Calls beyond the first for one failed batch: 3 bad requests among 64 are found, a broken model is not run 127 times.
MAX_RETRIES = 32


@dataclass(slots=True)
class _Member:
    """One request on its way: `value` is its decoded parameter, `outputs` what came back for its pieces so far."""

    call: Call
    response: Response
    value: object = None
    rows: int = 0
    outputs: list[object] = field(default_factory=list)
    shared: list[Response] = field(default_factory=list)
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """The rows `start` to `stop` of a member: all of them, unless it has more than a call takes."""

    member: _Member
    start: int
    stop: int

    @property
    def rows(self) -> int:
        return self.stop - self.start


def answer_batch(
    endpoint: Endpoint, calls: Sequence[Call], options: BatchOptions, state: MutableMapping[str, object]
) -> Program[list[Reply]]:
    """One reply for each call, in order; never raises for what a request or the method did."""
    with RequestFolder() as folder:
        batch = _Batch(endpoint, options, state, folder)
        members = [batch.read(call) for call in calls]
        for chunk in batch.chunks([one for one in members if one.reply is None]):
            yield from batch.run(chunk)
        return [one.reply or batch.write(one) for one in members]


class _Batch:
    """What the steps of one batch share."""

    def __init__(
        self, endpoint: Endpoint, options: BatchOptions, state: MutableMapping[str, object], folder: RequestFolder
    ) -> None:
        self._endpoint = endpoint
        self._options = options
        self._state = state
        self._folder = folder
        self._parameter = endpoint.input.names[0]
        self._retries_left = MAX_RETRIES

    def read(self, call: Call) -> _Member:
        """The call decoded; with its reply already where it cannot be read."""
        member = _Member(call, Response())
        try:
            member.value = self._endpoint.input.decode(call.payload, self._folder)[self._parameter]
            member.rows = self._kind(member.value).count(member.value, self._options.batch_dim[0])
        except ValueError as error:
            member.reply = failure_reply(BadInput(f"`{self._parameter}`: {error}"), call)
        except USER_FAILURES as error:
            member.reply = failure_reply(error, call)
        return member

    def chunks(self, members: Sequence[_Member]) -> Iterator[list[_Piece]]:
        """The calls to make: pieces that can be joined, in order of arrival, no more rows than a call takes."""
        limit, dim = self._options.max_batch_size, self._options.batch_dim[0]
        groups: dict[Hashable, list[_Piece]] = {}
        for member in members:
            key = (type(member.value), self._kind(member.value).key(member.value, dim))
            pieces = [_Piece(member, at, min(at + limit, member.rows)) for at in range(0, member.rows, limit)]
            groups.setdefault(key, []).extend(pieces)
        for pieces in groups.values():
            chunk: list[_Piece] = []
            for piece in pieces:
                if chunk and sum(one.rows for one in chunk) + piece.rows > limit:
                    yield chunk
                    chunk = []
                chunk.append(piece)
            if chunk:
                yield chunk

    def run(self, pieces: Sequence[_Piece]) -> Program[None]:
        """Calls the method for these pieces; after a failure again for each half, while that can tell who is at
        fault."""
        pieces = [one for one in pieces if one.member.reply is None]
        if not pieces:
            return
        response = Response()
        try:
            result = yield self._invocation(pieces, response)
            outputs = self._split(result, pieces)
        except USER_FAILURES as error:
            if len(pieces) > 1 and self._may_retry(error):
                middle = len(pieces) // 2
                yield from self.run(pieces[:middle])
                yield from self.run(pieces[middle:])
            else:
                self._fail(pieces, error)
            return
        for piece, output in zip(pieces, outputs, strict=True):
            piece.member.outputs.append(output)
            piece.member.shared.append(response)

    def write(self, member: _Member) -> Reply:
        """The reply of a member whose pieces are all done."""
        try:
            value: object = []
            if member.outputs:
                value = member.outputs[0]
                if len(member.outputs) > 1:
                    value = self._kind(value).join(member.outputs, self._options.batch_dim[1])
            return reply_of(self._endpoint.output.encode(value), *member.shared, member.response)
        except USER_FAILURES as error:
            return failure_reply(error, member.call)

    def _invocation(self, pieces: Sequence[_Piece], response: Response) -> Invocation:
        dim = self._options.batch_dim[0]
        values = [self._rows_of(one.member.value, one.start, one.stop, one.member.rows, dim) for one in pieces]
        joined = values[0] if len(values) == 1 else self._kind(values[0]).join(values, dim)
        context = None
        if self._endpoint.context_parameter is not None:
            members = []
            at = 0
            for one in pieces:
                members.append(BatchMember(Request(one.member.call), one.member.response, slice(at, at + one.rows)))
                at += one.rows
            context = Context(members=members, folder=self._folder, state=self._state, is_batch=True, response=response)
        return invocation_of(self._endpoint, {self._parameter: joined}, context)

    def _split(self, result: object, pieces: Sequence[_Piece]) -> list[object]:
        name, dim = self._endpoint.function, self._options.batch_dim[1]
        given = sum(one.rows for one in pieces)
        kind = row_kind(result)
        if kind is None:
            raise ServiceError(
                f"`{name}` returned a `{type(result).__name__}`, which cannot be split among its requests"
            )
        try:
            returned = kind.count(result, dim)
        except ValueError as error:
            raise ServiceError(f"`{name}` returned {error}") from error
        if returned != given:
            raise ServiceError(f"`{name}` was given {given} rows and returned {returned}")
        outputs = []
        at = 0
        for one in pieces:
            outputs.append(self._rows_of(result, at, at + one.rows, returned, dim))
            at += one.rows
        return outputs

    def _may_retry(self, error: BaseException) -> bool:
        """Whether running parts again can tell who is at fault: a wrong length is nobody's, and retries are bounded."""
        if not self._options.is_idempotent or isinstance(error, ServiceError) or self._retries_left < 2:
            return False
        self._retries_left -= 2
        return True

    def _fail(self, pieces: Sequence[_Piece], error: BaseException) -> None:
        """The reply of all members of a failed call. Where there are several, a 4xx may be another's fault: they get
        500."""
        if len(pieces) > 1 and isinstance(error, EkibenError) and not isinstance(error, ServiceError):
            error = InternalError(f"a request of the same batch failed: {error}")
        for piece in pieces:
            piece.member.reply = failure_reply(error, piece.member.call)

    def _rows_of(self, value: object, start: int, stop: int, rows: int, dim: int) -> object:
        return value if stop - start == rows else self._kind(value).take(value, start, stop, dim)

    def _kind(self, value: object) -> RowKind:
        kind = row_kind(value)
        if kind is None:
            raise ServiceError(f"a `{type(value).__name__}` has no rows")
        return kind
