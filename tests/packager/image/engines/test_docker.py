"""A real Docker engine: found, or missed in words; and what is made of a failure."""

from __future__ import annotations

import os

import pytest

from ekiben.errors import EngineUnavailable
from ekiben.packager.image.engines.build_log import BuildLog
from ekiben.packager.image.engines.docker import DockerEngine
from ekiben.packager.image.engines.docker_api import EngineVersion, why_unfit
from ekiben.packager.image.engines.failures import build_failure


def failed(words: str) -> BuildLog:
    """The log of a build whose step said `words` and failed."""
    log = BuildLog()
    for line in ("#5 [skeleton 1/1] RUN x", f"#5 0.125 {words}", "#5 ERROR: executor failed running [x]: exit code: 1"):
        log.feed(line)
    return log


def test_an_engine_that_does_not_answer_is_unavailable_with_a_remedy() -> None:
    with pytest.raises(EngineUnavailable, match=r"`tcp://127\.0\.0\.1:1` \(DOCKER_HOST\): .*refused") as caught:
        DockerEngine({"DOCKER_HOST": "tcp://127.0.0.1:1", "PATH": os.environ["PATH"]}).check()
    assert "DOCKER_HOST" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (EngineVersion("Engine", "20.10.24+dfsg1", "linux"), None),
        (EngineVersion("Engine", "29.0.1", "linux"), None),
        (EngineVersion("Engine", "19.03.15", "linux"), "came with 20.10"),
        (EngineVersion("Podman Engine", "4.3.1", "linux"), "has no BuildKit"),
        (EngineVersion("Engine", "28.0.0", "windows"), "runs `windows` containers"),
    ],
)
def test_which_engines_can_build(found: EngineVersion, reason: str | None) -> None:
    said = why_unfit(found)
    assert said is None if reason is None else reason in (said or "")


@pytest.mark.docker
def test_the_engine_says_who_it_is(base_image: str) -> None:
    assert DockerEngine(os.environ).check().startswith("Docker ")


def test_the_containerfiles_own_complaint_is_the_message() -> None:
    assert (
        build_failure(failed("ekiben: the base image has no pip").last_words()).message == "the base image has no pip"
    )


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("SSLError: CERTIFICATE_VERIFY_FAILED", "SSL_CERT_FILE"),
        ("Temporary failure in name resolution", "--opt network=host"),
        ("write /x: no space left on device", "docker system df"),
        ("could not parse ssh: make sure SSH_AUTH_SOCK is set", "--ssh default=FILE"),
        ("crun: setrlimit: Operation not permitted: OCI permission denied", "BUILDAH_ISOLATION"),
        ("something else", "--progress plain"),
    ],
)
def test_failures_of_the_machine_come_with_a_remedy(words: str, hint: str) -> None:
    assert hint in (build_failure(failed(words).last_words()).hint or "")
