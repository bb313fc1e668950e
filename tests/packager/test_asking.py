"""What another program prints, or nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ekiben.packager.asking import output_of


def asked(*command: str, timeout_s: float = 20.0) -> str | None:
    return output_of(command, os.environ, timeout_s=timeout_s)


def test_what_a_program_prints_is_given_as_it_is() -> None:
    assert asked(sys.executable, "-c", "print('two'); print('lines')") == "two\nlines\n"


def test_a_program_that_is_not_there_fails_or_hangs_says_nothing(tmp_path: Path) -> None:
    assert asked(str(tmp_path / "nowhere")) is None
    assert asked(sys.executable, "-c", "import sys; print('x'); sys.exit(3)") is None
    assert asked(sys.executable, "-c", "import time; time.sleep(60)", timeout_s=0.2) is None


def test_a_program_that_asks_back_meets_the_end_of_its_input() -> None:
    assert asked(sys.executable, "-c", "import sys; print(sys.stdin.read() == '')") == "True\n"
