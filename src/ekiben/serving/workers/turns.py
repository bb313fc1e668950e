"""`Turns`: the calls of one API that wait for a slot, first come first served."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

from ekiben.serving.workers.slots import Slot, SlotBoard

W = TypeVar("W")


class Turns(Generic[W]):
    """A claimant of the board, beside the batchers of the other APIs."""

    def __init__(self, board: SlotBoard[W]) -> None:
        self._board = board
        self._waiting: deque[asyncio.Future[Slot[W]]] = deque()
        board.on_free(self._claim)

    async def take(self) -> Slot[W]:
        """A slot, when it is this call's turn. Cancelled while it waits, it leaves the queue."""
        if not self._waiting:
            slot = self._board.take()
            if slot is not None:
                return slot
        turn: asyncio.Future[Slot[W]] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._board.give_back(turn.result())
            raise

    def _claim(self) -> None:
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()
        slot = self._board.take() if self._waiting else None
        if slot is not None:
            self._waiting.popleft().set_result(slot)
