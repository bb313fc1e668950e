"""What a command says that was stopped, by Ctrl-C or a signal, where nobody below has said it better."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from ekiben.errors import Interrupted


def stopped_by(number: signal.Signals, hint: str | None = None) -> Interrupted:
    """The error of a command that the signal ended."""
    return Interrupted(f"stopped by {number.name}; nothing half done is kept", hint=hint)


@contextmanager
def saying(hint: str) -> Iterator[None]:
    """Whoever stops the block is told what there is and how to go on, unless somebody below knows better."""
    try:
        yield
    except KeyboardInterrupt:
        raise stopped_by(signal.SIGINT, hint) from None
    except Interrupted as error:
        raise error if error.hint else Interrupted(error.message, hint=hint) from None
