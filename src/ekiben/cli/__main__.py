"""`python -m ekiben.cli`: the same as the console script, for an environment whose scripts are not on PATH."""

from __future__ import annotations

from ekiben.cli.main import main

main()
