"""`export` and `import` as a script sees them."""

from __future__ import annotations

from pathlib import Path

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
