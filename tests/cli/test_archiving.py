"""`export` and `import` as a script sees them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from ekiben.store.local import Store
from tests.cli.conftest import Run, put_bento, put_model


def test_export_prints_the_path_and_import_the_tag(run: Run, store: Store, tmp_path: Path) -> None:
    tag = put_bento(store, "svc", "1")
    done = run("export", "svc")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"svc-{tag.version}.bento\n", "")
    elsewhere = {"EKIBEN_HOME": str(tmp_path / "elsewhere")}
    assert run("import", done.stdout.strip(), environ=elsewhere).stdout == f"{tag}\n"
    path = run("import", done.stdout.strip(), "-o", "path", environ=elsewhere).stdout.strip()
    assert Path(path) == tmp_path / "elsewhere" / "bentos" / "svc" / str(tag.version)


def test_models_go_the_same_way(run: Run, store: Store, tmp_path: Path) -> None:
    tag = put_model(store, "iris", "1")
    done = run("models", "export", "iris", "out/m.tar.gz")
    assert done.stdout == "out/m.tar.gz\n"
    assert (tmp_path / "out/m.tar.gz").read_bytes()[:2] == b"\x1f\x8b"
    imported = run("models", "import", "out/m.tar.gz", environ={"EKIBEN_HOME": str(tmp_path / "elsewhere")})
    assert imported.stdout == f"{tag}\n"


def test_a_damaged_archive_is_an_error_with_a_hint_and_no_traceback(run: Run, store: Store, tmp_path: Path) -> None:
    put_bento(store, "svc", "1")
    archive = tmp_path / run("export", "svc", "a.tar").stdout.strip()
    archive.write_bytes(archive.read_bytes()[:1000])
    done = run("import", "a.tar")
    assert done.returncode == 1
    assert done.stderr == (
        "error: `a.tar` cannot be imported: it ends too early\nhint: it was not copied or downloaded whole\n"
    )


def test_limits_are_options_and_the_error_names_the_one_that_was_met(run: Run, store: Store) -> None:
    put_bento(store, "svc", "1")
    run("export", "svc", "a.tar")
    done = run("import", "a.tar", "--max-files", "2")
    assert done.returncode == 1
    assert "more than 2 files" in done.stderr
    assert "`--max-files`" in done.stderr
    assert run("import", "a.tar", "--max-bytes", "100").returncode == 1
    assert run("import", "a.tar", "--max-files", "100", "--max-ratio", "10").returncode == 0


def test_a_form_that_there_is_not_is_a_usage_error(run: Run, store: Store) -> None:
    put_bento(store, "svc", "1")
    assert run("export", "svc", "--format", "rar").returncode == 2
    assert run("export", "svc", ".", "--format", "folder").returncode == 2


def test_signatures_that_the_settings_ask_for_are_asked_for(run: Run, store: Store) -> None:
    put_bento(store, "svc", "1")
    run("export", "svc", "a.bento")
    keys = {"EKIBEN_REQUIRE_SIGNED": "import"}
    assert "error: " in run("import", "a.bento", environ=keys).stderr


def start(home: Path, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A command under way."""
    environ = {**os.environ, "EKIBEN_HOME": str(home)}
    command = [sys.executable, "-m", "ekiben.cli", *arguments]
    return subprocess.Popen(command, cwd=folder, env=environ, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def events_until(stream: IO[str], event: str) -> list[dict[str, object]]:
    """The events up to the first of that name."""
    found = []
    for line in stream:
        found.append(json.loads(line))
        if found[-1]["event"] == event:
            break
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_export_that_is_stopped_leaves_the_old_archive_and_says_how_to_go_on(
    store: Store, tmp_path: Path, number: signal.Signals
) -> None:
    with store.models.create("large", module="tests") as draft:
        draft.path_of("weights.bin").write_bytes(os.urandom(1024**2) * 64)
    (tmp_path / "large.tar.bz2").write_text("the old one")
    process = start(store.home, tmp_path, "models", "export", "large", "large.tar.bz2", "--progress", "json")
    assert process.stderr is not None
    assert events_until(process.stderr, "progress")[0]["event"] == "start"
    process.send_signal(number)
    *_, stopped, last = (json.loads(line) for line in process.stderr.read().splitlines())
    process.communicate()
    assert process.returncode == 130
    assert stopped["event"] == "stopped"
    assert stopped["done"] < stopped["total"]
    assert last["event"] == "interrupted"
    assert "is there still: run the same command again" in last["hint"]
    assert (tmp_path / "large.tar.bz2").read_text() == "the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "large.tar.bz2"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_import_that_is_stopped_leaves_the_store_as_it_was_and_says_how_to_go_on(
    run: Run, store: Store, tmp_path: Path, number: signal.Signals
) -> None:
    tag = put_bento(store, "svc", "1")
    content = (tmp_path / run("export", "svc", "a.tar").stdout.strip()).read_bytes()
    store.bentos.delete(tag)
    os.mkfifo(tmp_path / "pipe")
    process = start(store.home, tmp_path, "import", "pipe")
    with (tmp_path / "pipe").open("wb", buffering=0) as pipe:
        pipe.write(content[:2048])
        process.send_signal(number)
        _, said = process.communicate()
    assert process.returncode == 130
    assert said.startswith(f"error: stopped by {number.name}; nothing half done is kept\nhint: ")
    assert said.endswith("run the same command again\n")
    assert store.bentos.list() == []
    assert list(store.layout.tmp.glob("*")) == []


def test_a_program_that_watches_gets_nothing_but_events(run: Run, store: Store) -> None:
    put_bento(store, "svc", "1")
    events = [json.loads(line) for line in run("export", "svc", "a.tar", "--progress", "json").stderr.splitlines()]
    assert [event["event"] for event in events] == ["start", "progress", "end"]
    assert events[-1]["unit"] == "bytes"
    assert events[-1]["done"] == events[-1]["total"] > 0
    failed = run("export", "none", "--progress", "json")
    assert failed.returncode == 1
    assert json.loads(failed.stderr)["event"] == "error"
