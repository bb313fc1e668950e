"""How many connections a process can have."""

from __future__ import annotations

import subprocess
import sys

LIMITED = """
import resource
from ekiben.serving.http.h1.limits import RESERVED_FILES, affordable_connections
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 512))
print(affordable_connections({wanted}) + RESERVED_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def files_for(wanted: int) -> str:
    """Files for so many connections, and the soft limit after, in a process that begins with 256 of at most 512."""
    command = [sys.executable, "-c", LIMITED.format(wanted=wanted)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_soft_limit_of_open_files_is_raised_to_what_the_connections_take() -> None:
    assert files_for(300) == "428 428"


def test_there_are_no_more_connections_than_the_hard_limit_leaves() -> None:
    assert files_for(10_000) == "512 512"


def test_a_limit_that_is_high_enough_stays() -> None:
    assert files_for(100) == "228 256"
