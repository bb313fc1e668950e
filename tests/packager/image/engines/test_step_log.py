"""What podman and buildah say: headlines, and the last words of a failed step."""

from __future__ import annotations

from ekiben.packager.image.engines.step_log import StepLog

INSTRUCTION = f"RUN --mount=type=secret,id=ekiben-ca     python3 -m pip {'x' * 300}"
FAILED = f"""\
[1/6] STEP 1/2: FROM registry.example/python:3.11 AS base
--> 0123456789a
[2/6] STEP 4/4: {INSTRUCTION}
Looking in links: /mnt/ekiben/wheels
{{last}}
subprocess exited with status 1
Error: building at STEP "{INSTRUCTION}": exit status 1
"""


def fed(text: str) -> tuple[StepLog, list[str]]:
    """A log that was fed `text`, and the headlines it gave."""
    log = StepLog()
    return log, [headline for line in text.splitlines() if (headline := log.feed(line))]


def test_each_step_has_a_headline_without_mounts() -> None:
    first, second = fed(FAILED)[1]
    assert first == "[1/6] STEP 1/2: FROM registry.example/python:3.11 AS base"
    assert second.startswith("[2/6] STEP 4/4: RUN python3 -m pip")
    assert len(second) <= 100


def test_steps_of_a_single_stage_have_headlines_too() -> None:
    assert fed("STEP 1/2: FROM scratch")[1] == ["STEP 1/2: FROM scratch"]


def test_the_last_words_are_those_of_the_step_that_failed() -> None:
    words = fed(FAILED.format(last="disk on fire"))[0].last_words()
    assert words[:2] == ["Looking in links: /mnt/ekiben/wheels", "disk on fire"]
    assert words[2].startswith("Error: building at STEP")
    assert words[2].endswith("exit status 1")
