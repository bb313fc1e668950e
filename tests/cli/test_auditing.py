"""`ekiben audit`: what it prints, and how it ends."""

from __future__ import annotations

import json

from ekiben.store.bento_manifest import BentoManifest
from ekiben.store.local import Store
from ekiben.tag import Tag
from tests.cli.conftest import Run


def put(store: Store, files: dict[str, str], **manifest: object) -> Tag:
    """A Bento of these files."""
    with store.bentos.stage("box") as staged:
        for path, text in {"src/service.py": "x = 1\n", "env/python/requirements.lock": "", **files}.items():
            (staged.path / path).parent.mkdir(parents=True, exist_ok=True)
            (staged.path / path).write_text(text)
        made = BentoManifest(**{"service": "service:Box", "name": "box", "include": ("*",), **manifest})  # type: ignore[arg-type]
        return staged.commit(made, version=None, receipt={}).tag


def test_a_table_lists_files_totals_and_findings(run: Run, store: Store) -> None:
    tag = put(store, {"src/a.ipynb": "{}"})
    done = run("audit", str(tag))
    assert done.returncode == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["src/service.py", "6", "B", "source", "include:", "*"] in lines
    assert ["source", "2", "8", "B"] in lines
    assert any(line[:2] == ["EKB010", "low"] for line in lines)
    assert done.stdout.splitlines()[-1] == "0 high, 0 medium, 1 low, 0 info"


def test_strict_fails_on_what_is_not_allowed(run: Run, store: Store) -> None:
    tag = put(store, {"src/a.ipynb": "{}"})
    assert run("audit", str(tag), "--strict").returncode == 1
    allow = {"allow": [{"code": "EKB010", "reason": "shown to customers"}]}
    allowed = run("audit", str(put(store, {"src/a.ipynb": "{}"}, audit=allow)), "--strict")
    assert allowed.returncode == 0
    title, row = (line.split("  ") for line in allowed.stdout.splitlines()[-4:-2])
    assert (title[-1], row[-1]) == ("Allowed because", "shown to customers")


def test_information_never_fails(run: Run, store: Store) -> None:
    tag = put(store, {"env/docker/setup_script": "true\n"})
    done = run("audit", str(tag), "--strict")
    assert (done.returncode, "EKB032" in done.stdout) == (0, True)


def test_an_allowance_without_a_use_is_told(run: Run, store: Store) -> None:
    done = run("audit", str(put(store, {}, audit={"allow": [{"code": "EKB010", "reason": "x", "path": "*.ipynb"}]})))
    assert done.returncode == 0
    assert "`audit.allow` lists EKB010 for `*.ipynb`, which nothing here needs" in done.stderr


def test_json_and_sarif_are_printed_alone(run: Run, store: Store) -> None:
    tag = put(store, {"src/a.ipynb": "{}"})
    report = json.loads(run("audit", str(tag), "-o", "json").stdout)
    assert report["tag"] == str(tag)
    assert [one["code"] for one in report["findings"]] == ["EKB010"]
    log = json.loads(run("audit", str(tag), "-o", "sarif").stdout)
    assert [one["ruleId"] for one in log["runs"][0]["results"]] == ["EKB010"]


def test_names_reach_a_terminal_escaped(run: Run, store: Store) -> None:
    tag = put(store, {})
    (store.bentos.get(tag).path / "src" / "\x1b[31mred\x9b.ipynb").write_text("{}")
    for output in ("table", "json", "sarif"):
        printed = run("audit", str(tag), "-o", output).stdout
        assert "red" in printed
        assert not {"\x1b", "\x9b"} & set(printed)


def test_what_is_no_bento_is_an_error(run: Run) -> None:
    done = run("audit", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
