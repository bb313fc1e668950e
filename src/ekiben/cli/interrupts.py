"""What a command says that was stopped, by Ctrl-C or a signal, where nobody below has said it better."""

from __future__ import annotations

import signal

from ekiben.errors import Interrupted


def stopped_by(number: signal.Signals) -> Interrupted:
    """The error of a command that the signal ended."""
    return Interrupted(f"stopped by {number.name}; nothing half done is kept")
