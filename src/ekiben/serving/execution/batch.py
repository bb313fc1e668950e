"""The program of a batch: several requests to a batchable API, answered by as few calls of the method as can be.

    decode each -> group by what can be joined -> chunks of max_batch_size rows -> join, call, split, encode

Every request keeps its own fate: a body that cannot be read is its own 400; a call that fails, or answers with the
wrong number of rows, is run again in halves until the requests that make it fail stand alone (unless the API is not
idempotent), each time on values decoded anew. Requests with no rows are answered `[]` uncalled.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, MutableMapping, Sequence
from itertools import accumulate

import msgspec
from msgspec.structs import replace

from ekiben.errors import BadInput, InternalError, Overloaded, RequestError, ServiceError
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.calling.caller import CALLER
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.context import BatchMember, Context, Request, Response
from ekiben.serving.execution.program import CALL_FAILURES, USER_FAILURES, Invocation, Program, invocation_of
from ekiben.serving.execution.rows import RowKind, row_kind
from ekiben.serving.execution.single import reply_of
from ekiben.serving.failures import failure_replies, failure_reply, reply_to
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.output import OutputSpec
from ekiben.serving.wire import JSON, Call, Reply

# Calls beyond the first for one failed batch: 3 bad requests among 64 are found, a broken model is not run 127 times.
MAX_RETRIES = 32


# Structs, as every request makes one of each: they are made three times as fast as dataclasses.
class _Member(msgspec.Struct, eq=False):
    """One request on its way: `value` is its decoded parameter, `outputs` what came back for its pieces so far.

    `responses` is what the method said about its reply, where it has a Context: one for each call it was part of, and
    `response` its own.
    """

    call: Call
    value: object = None
    rows: int = 0
    response: Response | None = None
    outputs: list[object] = msgspec.field(default_factory=list)
    responses: list[Response] = msgspec.field(default_factory=list)
    reply: Reply | None = None


class _Piece(msgspec.Struct, eq=False):
    """The rows `start` to `stop` of a member: all of them, unless it has more than a call takes."""

    member: _Member
    start: int
    stop: int
    rows: int


def answer_batch(
    endpoint: Endpoint,
    calls: Sequence[Call],
    options: BatchOptions,
    state: MutableMapping[str, object],
    is_gone: Callable[[], bool] = lambda: False,
) -> Program[list[Reply]]:
    """One reply for each call, in order; never raises for what a request or the method did.

    `is_gone` is asked before each call of the method: when nobody waits any more, the rest is given up.
    """
    with RequestFolder() as folder:
        if (caller := CALLER.get()) is not None:
            caller.folder = folder
        batch = _Batch(endpoint, options, state, folder)
        members = [batch.read(call) for call in calls]
        for chunk in batch.chunks([one for one in members if one.reply is None]):
            if is_gone():
                return [
                    one.reply or reply_to(Overloaded("nobody waits for it"), one.call.request_id) for one in members
                ]
            yield from batch.run(chunk)
        replies = [one.reply or batch.write(one) for one in members]
        return replies if batch.calls == 1 else [replace(one, is_rerun=True) for one in replies]


class _Batch:
    """What the steps of one batch share."""

    def __init__(
        self, endpoint: Endpoint, options: BatchOptions, state: MutableMapping[str, object], folder: RequestFolder
    ) -> None:
        assert isinstance(endpoint.output, OutputSpec), "a stream has no rows"
        self._endpoint = endpoint
        self._output = endpoint.output
        self._options = options
        self._state = state
        self._folder = folder
        self._parameter = endpoint.input.names[0]
        self._retries_left = MAX_RETRIES
        self.calls = 0  # of the method, so far

    def read(self, call: Call) -> _Member:
        """The call decoded; with its reply already where it cannot be read."""
        member = _Member(call)
        self._decode(member)
        return member

    def chunks(self, members: Sequence[_Member]) -> Iterator[list[_Piece]]:
        """The calls to make: pieces that can be joined, in order of arrival, no more rows than a call takes."""
        limit, dim = self._options.max_batch_size, self._options.batch_dim[0]
        groups: dict[Hashable, list[_Piece]] = {}
        for member in members:
            key = (type(member.value), _kind(member.value).key(member.value, dim))
            pieces = groups.setdefault(key, [])
            if 0 < member.rows <= limit:  # the usual case, without the arithmetic of cutting
                pieces.append(_Piece(member, 0, member.rows, member.rows))
                continue
            for start in range(0, member.rows, limit):
                rows = min(limit, member.rows - start)
                pieces.append(_Piece(member, start, start + rows, rows))
        for pieces in groups.values():
            chunk: list[_Piece] = []
            rows = 0
            for piece in pieces:
                if rows + piece.rows > limit:
                    yield chunk
                    chunk, rows = [], 0
                chunk.append(piece)
                rows += piece.rows
            if chunk:
                yield chunk

    def run(self, pieces: Sequence[_Piece]) -> Program[None]:
        """Calls the method for these pieces; where that fails, again for each half, while the retries last."""
        pieces = [one for one in pieces if one.member.reply is None]
        if not pieces:
            return
        self.calls += 1
        response = Response()
        try:
            outputs = self._split((yield self._invocation(pieces, response)), pieces)
        except CALL_FAILURES as error:
            if len(pieces) == 1 or not self._options.is_idempotent or self._retries_left < 2:
                self._fail(pieces, error)
                return
            self._retries_left -= 2
            self._read_again(pieces)
            middle = len(pieces) // 2
            yield from self.run(pieces[:middle])
            yield from self.run(pieces[middle:])
            return
        for piece, output in zip(pieces, outputs, strict=True):
            if self._endpoint.context_parameter is not None:
                piece.member.responses.append(response)
            self._take(piece, output)

    def _take(self, piece: _Piece, output: object) -> None:
        """Keeps what a call answered: written now, or copied, as the next call may answer in the same buffer."""
        member = piece.member
        is_last = piece.stop == member.rows
        member.outputs.append(output if is_last else _kind(output).copy(output))
        if is_last:
            member.reply = self.write(member)

    def write(self, member: _Member) -> Reply:
        """The reply of a member whose pieces are all done."""
        value: object = member.outputs[0] if member.outputs else []
        try:
            if len(member.outputs) > 1:
                value = _kind(value).join(member.outputs, self._options.batch_dim[1])
            payload = self._output.encode(value, member.call.payload)
            if not member.responses or member.response is None:
                return Reply(200, payload)
            return reply_of(payload, *member.responses, member.response)
        except USER_FAILURES as error:
            return failure_reply(error, member.call)

    def _decode(self, member: _Member) -> None:
        try:
            member.value = self._endpoint.input.decode(member.call.payload, self._folder)[self._parameter]
            member.rows = self._count(member.value)
        except USER_FAILURES as error:
            member.reply = failure_reply(error, member.call)

    def _read_again(self, pieces: Sequence[_Piece]) -> None:
        """Before a retry: the call that failed may have changed its values, and spoken of replies, on its way."""
        for member in dict.fromkeys(one.member for one in pieces):
            self._decode(member)
            if not member.outputs:
                member.response = None

    def _count(self, value: object) -> int:
        try:
            return _kind(value).count(value, self._options.batch_dim[0])
        except ValueError as error:
            raise BadInput(f"`{self._parameter}`: {error}") from error

    def _invocation(self, pieces: Sequence[_Piece], response: Response) -> Invocation:
        dim = self._options.batch_dim[0]
        values = [
            one.member.value
            if one.rows == one.member.rows
            else _kind(one.member.value).take(one.member.value, one.start, one.stop, dim)
            for one in pieces
        ]
        joined = values[0] if len(values) == 1 else _kind(values[0]).join(values, dim)
        context = None
        if self._endpoint.context_parameter is not None:
            members = [
                BatchMember(Request(one.member.call), _response_of(one.member), rows)
                for one, rows in zip(pieces, _spans(pieces), strict=True)
            ]
            context = Context(members=members, folder=self._folder, state=self._state, is_batch=True, response=response)
        return invocation_of(self._endpoint, {self._parameter: joined}, context)

    def _split(self, result: object, pieces: Sequence[_Piece]) -> list[object]:
        name, dim = self._endpoint.function, self._options.batch_dim[1]
        if dim == 0 and all(one.member.call.payload.content_type == JSON for one in pieces):
            result = self._output.plain_rows(result)
        kind, given = row_kind(result), sum(one.rows for one in pieces)
        if kind is None:
            what = f"a `{type(result).__name__}`, which cannot be split among its requests"
            raise ServiceError(f"`{name}` returned {what}")
        try:
            returned = kind.count(result, dim)
        except ValueError as error:
            raise ServiceError(f"`{name}` returned {error}") from error
        if returned != given:
            raise ServiceError(f"`{name}` was given {given} rows and returned {returned}")
        if len(pieces) == 1:
            return [result]
        return [kind.take(result, rows.start, rows.stop, dim) for rows in _spans(pieces)]

    def _fail(self, pieces: Sequence[_Piece], error: BaseException) -> None:
        """The replies of a call that failed. A 4xx of several is the fault of one that is not known: they get 500."""
        if len(pieces) > 1 and isinstance(error, RequestError):
            cause, error = error, InternalError(f"one request of the batch failed: {error}")
            error.__cause__ = cause
        replies = failure_replies(error, [one.member.call for one in pieces])
        for piece, reply in zip(pieces, replies, strict=True):
            piece.member.reply = reply


def _response_of(member: _Member) -> Response:
    if member.response is None:
        member.response = Response()
    return member.response


def _spans(pieces: Sequence[_Piece]) -> list[slice]:
    """Where the rows of each piece are in the joined value."""
    ends = list(accumulate(one.rows for one in pieces))
    return [slice(end - one.rows, end) for one, end in zip(pieces, ends, strict=True)]


def _kind(value: object) -> RowKind:
    kind = row_kind(value)
    if kind is None:
        raise ServiceError(f"a `{type(value).__name__}` has no rows")
    return kind
