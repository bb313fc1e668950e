"""Which RUN is told what it mounts, and when what is told changes. What caches make of it is in
test_containerize_podman."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.packager.image.engines.content_keys import content_key, with_content_keys

KEY = "ARG EKIBEN_CONTENT="


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A context of one folder with a file."""
    (tmp_path / "setup").mkdir()
    (tmp_path / "setup/script").write_text("echo 1\n")
    return tmp_path


def test_a_run_that_mounts_the_context_is_behind_an_arg_of_its_content(context: Path) -> None:
    run = "RUN --mount=type=bind,source=setup,target=/mnt \\\n    --mount=type=secret,id=a \\\n    /mnt/script\n"
    key = content_key(context / "setup")
    assert with_content_keys(f"FROM a\n{run}USER 1", context) == f"FROM a\n{KEY}{key}\n{run}USER 1"


@pytest.mark.parametrize(
    "line",
    [
        "RUN echo --mounted",
        "RUN --mount=type=cache,target=/a true",
        "RUN --mount=type=bind,from=base,source=/bin,target=/a true",
        "RUN --mount=type=bind,source=none,target=/a true",
        "# RUN --mount=type=bind,source=setup,target=/a true",
        "COPY setup /a",
    ],
)
def test_every_other_line_stays_as_it_is(context: Path, line: str) -> None:
    assert with_content_keys(f"{line}\n", context) == f"{line}\n"


@pytest.mark.parametrize(
    "mount", ["source=setup,target=/a", "type=bind,src=/setup/script,dst=/a", "type=bind,target=/a"]
)
def test_a_mount_may_be_spelled_otherwise(context: Path, mount: str) -> None:
    assert with_content_keys(f"run --mount={mount} true\n", context).startswith(KEY)


def test_the_key_is_one_of_names_contents_and_what_can_be_run(context: Path) -> None:
    script, keys = context / "setup/script", [content_key(context / "setup")]
    script.write_text("echo 2\n")
    keys.append(content_key(context / "setup"))
    script.chmod(0o755)
    keys.append(content_key(context / "setup"))
    script.rename(context / "setup/other")
    keys.append(content_key(context / "setup"))
    assert len(set(keys)) == 4
    assert content_key(context / "setup") == keys[-1]
