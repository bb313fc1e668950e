"""How often this process looks for cycles of garbage: seldom while a command runs, as usual in a server.

Imports make some hundred thousand objects that live to the end, and next to no cycles.
"""

from __future__ import annotations

import gc

_USUAL = gc.get_threshold()
_SELDOM = 100_000  # objects made between two looks: some tens of megabytes


def look_seldom() -> None:
    """For commands: at Python's own pace, looking is an eighth of what a build costs."""
    gc.set_threshold(_SELDOM, *_USUAL[1:])


def look_as_usual() -> None:
    """For what runs for days."""
    gc.set_threshold(*_USUAL)


def look_no_more() -> None:
    """At the end: what lives now is left to the system. A last look is a fifth of what a quick command costs."""
    gc.freeze()
