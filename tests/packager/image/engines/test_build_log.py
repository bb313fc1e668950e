"""BuildKit's output: headlines, and the last words of a failed step."""

from __future__ import annotations

from ekiben.packager.image.engines.build_log import BuildLog

FAILED = """\
#1 [internal] load build definition from Containerfile
#1 DONE 0.0s

#5 [skeleton 1/1] RUN --mount=type=secret,id=ekiben-ca     python3 -m pip
#5 sha256:0011
#5 0.124 first
#6 [wheels-rest 1/1] RUN other
#6 0.100 unrelated
#5 0.125 {last}
#5 ERROR: executor failed running [/bin/sh -c python3 -m pip]: exit code: 1
------
 > [skeleton 1/1] RUN python3 -m pip:
------
executor failed running
"""


def fed(text: str) -> tuple[BuildLog, list[str]]:
    """A log that was fed `text`, and the headlines it gave."""
    log = BuildLog()
    return log, [headline for line in text.splitlines() if (headline := log.feed(line))]


def test_a_headline_is_given_once_a_step_without_mounts() -> None:
    assert fed(FAILED)[1] == [
        "[internal] load build definition from Containerfile",
        "[skeleton 1/1] RUN python3 -m pip",
        "[wheels-rest 1/1] RUN other",
    ]


def test_the_last_words_are_those_of_the_step_that_failed() -> None:
    log, _ = fed(FAILED.format(last="disk on fire"))
    assert log.last_words()[:2] == ["first", "disk on fire"]
    assert "unrelated" not in "\n".join(log.last_words())


def test_where_no_step_failed_the_end_of_everything_is_shown() -> None:
    log, _ = fed("failed to solve: no such image\n")
    assert "\n".join(log.last_words()) == "failed to solve: no such image"
