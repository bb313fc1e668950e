"""`ekiben diff`: what it prints, and how it ends."""

from __future__ import annotations

import json

from ekiben.store.local import Store
from tests.cli.conftest import Run
from tests.packager.diff.bentos import pins, put_bento


def test_the_table_has_a_section_for_each_kind_of_change(run: Run, store: Store) -> None:
    old = put_bento(
        store, {"src/a.py": "x = 1\n"}, locks={"requirements.lock": pins("numpy==1.26.4")}, labels={"a": "b"}
    )
    new = put_bento(store, {"src/a.py": "x = 22\n"}, locks={"requirements.lock": pins("numpy==2.0")})
    done = run("diff", str(old.tag), str(new.tag))
    lines = [line.split() for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0] == [str(old.tag), "->", str(new.tag)]
    assert ["changed", "src/a.py", "6", "B", "7", "B"] in lines
    assert ["upgraded", "numpy", "1.26.4", "2.0", "linux/amd64"] in lines
    assert ["removed", "labels.a", '"b"', "-"] in lines


def test_a_bento_and_itself_have_no_difference(run: Run, store: Store) -> None:
    tag = str(put_bento(store, {"src/a.py": "1"}).tag)
    done = run("diff", tag, "small", "--exit-code")
    assert (done.returncode, done.stdout) == (0, f"{tag} -> {tag}\nno difference\n")


def test_a_difference_is_a_failure_only_where_asked(run: Run, store: Store) -> None:
    tags = [str(put_bento(store, {"src/a.py": text}).tag) for text in "12"]
    assert run("diff", *tags).returncode == 0
    assert run("diff", *tags, "--exit-code").returncode == 1
    assert run("diff", tags[0], "nowhere").returncode == 1


def test_json_is_all_of_it_and_nothing_else(run: Run, store: Store) -> None:
    old, new = put_bento(store, {"src/a.py": "1\n"}), put_bento(store, {"src/a.py": "2\n"}, description="ä")
    found = json.loads(run("diff", str(old.tag), str(new.tag), "-o", "json", "--patch").stdout)
    assert found["old"] == {"tag": str(old.tag), "digest": str(old.digest), "size_bytes": old.size_bytes}
    assert [one["path"] for one in found["files"]] == ["bento.yaml", "src/a.py"]
    assert found["files"][1]["patch"][-2:] == ["-1", "+2"]
    assert found["settings"] == [
        {"path": "description", "change": "changed", "old": {"value": ""}, "new": {"value": "ä"}}
    ]


def test_the_patch_follows_the_tables(run: Run, store: Store) -> None:
    old, new = put_bento(store, {"src/a.py": "\t1\n"}), put_bento(store, {"src/a.py": "\t2\n"})
    assert run("diff", str(old.tag), str(new.tag), "--patch").stdout.endswith("-\t1\n+\t2\n")


def test_hostile_content_reaches_no_terminal(run: Run, store: Store) -> None:
    hostile = "\x1b[2J\x9b\u202e\u2028\r"
    old = put_bento(store, {"src/a": "1\n"})
    new = put_bento(store, {"src/a": f"{hostile}\n", f"src/{hostile}": "1"}, labels={hostile: hostile})
    for options in (["--patch"], ["--patch", "-o", "json"]):
        done = run("diff", str(old.tag), str(new.tag), *options)
        assert done.returncode == 0, done.stderr
        assert all(one.isprintable() or one in "\n\t" for one in done.stdout)
        assert "u202e" in done.stdout


def test_an_error_quotes_hostile_content_as_escapes(run: Run, store: Store) -> None:
    bento = put_bento(store, {"src/a": "1"})
    (bento.path / "SHA256SUMS").write_text("\x1b[2J  src/a\n")
    done = run("diff", str(bento.tag), str(bento.tag))
    assert (done.returncode, done.stdout) == (1, "")
    assert "`\\x1b[2J`" in done.stderr
    assert "\x1b" not in done.stderr
