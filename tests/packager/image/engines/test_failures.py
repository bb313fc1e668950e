"""What a failed build is told as, whichever engine ran it."""

from __future__ import annotations

import pytest

from ekiben.packager.image.engines.failures import build_failure
from ekiben.packager.image.instructions import demand, run

DEMANDS = [demand("python3", "the base image has no python3", 101), demand("pip", "the base image has no pip", 102)]
INSTRUCTION = " ".join(line.rstrip(" \\").strip() for line in run([], [*DEMANDS, "mkdir /app", "x" * 300]))
ERRORS = [
    "ERROR: executor failed running [/bin/sh -c {command}]: exit code: {status}",  # Docker 20.10
    'ERROR: process "/bin/sh -c {command}" did not complete successfully: exit code: {status}',  # buildx
    'Error: building at STEP "{command}": exit status {status}',  # podman, buildah: isolation chroot
    'Error: error building at STEP "{command}": error while running runtime: exit status {status}',
]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(("status", "complaint"), [(101, "no python3"), (102, "no pip")])
def test_what_the_containerfile_demands_is_the_message_though_the_step_said_nothing(
    error: str, status: int, complaint: str
) -> None:
    failure = build_failure([error.format(command=INSTRUCTION, status=status)])
    assert failure.message == f"the base image has {complaint}"
    assert "docker.base_image" in (failure.hint or "")


@pytest.mark.parametrize("error", ERRORS)
def test_another_command_of_the_same_instruction_fails_in_the_engines_words(error: str) -> None:
    failure = build_failure(["mkdir: disk on fire", error.format(command=INSTRUCTION, status=1)])
    assert failure.message.startswith("the engine could not build the image:\nmkdir: disk on fire\n")


def test_a_status_of_ours_in_another_instruction_says_nothing() -> None:
    assert "no python3" not in build_failure(['Error: building at STEP "RUN x": exit status 101']).message


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_that_repeats_a_long_instruction_is_shortened_and_keeps_its_reason(error: str) -> None:
    last = build_failure([error.format(command=INSTRUCTION, status=7)]).message.splitlines()[-1]
    assert last.startswith(error[:10])
    assert last.endswith(" 7")
    assert len(last) < 120


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("SSLError: CERTIFICATE_VERIFY_FAILED", "SSL_CERT_FILE"),
        ("Temporary failure in name resolution", "--opt network=host"),
        ("write /x: no space left on device", "docker system df"),
        ("could not parse ssh: make sure SSH_AUTH_SOCK is set", "--ssh default=FILE"),
        ("crun: setrlimit: Operation not permitted: OCI permission denied", "BUILDAH_ISOLATION"),
        ('Error: creating build container: short-name "team/python:3" did not resolve', "with its registry"),
        ('Error: building at STEP "RUN x": exit status 1', "words were lost"),
        ("something else", "--progress plain"),
    ],
)
def test_failures_of_the_machine_come_with_a_remedy(words: str, hint: str) -> None:
    assert hint in (build_failure([words]).hint or "")
