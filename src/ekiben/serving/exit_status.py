"""How `python -m ekiben.serving.describe` ends, for who starts it and would not import all that it needs."""

from __future__ import annotations

EXIT_EXPLAINED = 3  # the file says what is wrong with the service; any other status but 0 is a death
