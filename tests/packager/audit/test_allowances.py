"""What is allowed is what a project names, with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ekiben.errors import BentofileError
from ekiben.packager.audit.allowances import Allowance, read_allowances, sort_findings
from ekiben.packager.audit.codes import NO_LICENCE, NOTEBOOK
from ekiben.packager.audit.finding import Finding, printable
from ekiben.packager.bentofile.loading import load_bentofile
from ekiben.store.bentos import Bento

IN_DOCS = Finding(NOTEBOOK, "", "src/docs/a.ipynb")
OF_PACKAGE = Finding(NO_LICENCE, "", "env/python/pylock.toml", subject="nvidia-cublas")


@pytest.mark.parametrize(
    ("path", "finding", "covers"),
    [
        (None, IN_DOCS, True),
        ("*.ipynb", IN_DOCS, True),
        ("src/docs/", IN_DOCS, True),
        ("/src/docs/*", IN_DOCS, True),
        ("docs/a.ipynb", IN_DOCS, False),
        ("src/*.ipynb", IN_DOCS, False),
        ("nvidia-*", OF_PACKAGE, True),
        ("pylock.toml", OF_PACKAGE, True),
        ("cublas", OF_PACKAGE, False),
    ],
)
def test_a_path_is_a_pattern_for_file_or_subject(path: str | None, finding: Finding, covers: bool) -> None:
    assert Allowance(finding.code.id, "why", path).covers(finding) == covers


def test_another_code_is_not_covered() -> None:
    assert not Allowance("EKB011", "why").covers(IN_DOCS)


def test_an_allowance_behind_a_wider_one_is_used_too() -> None:
    wide, narrow = Allowance("EKB010", "all"), Allowance("EKB010", "these", "*.ipynb")
    done = sort_findings([IN_DOCS], [wide, narrow])
    assert [one.allowance for one in done.allowed] == [wide]
    assert done.unused == ()


def load(folder: Path, allow: object) -> tuple[Allowance, ...]:
    """What a bentofile with this `audit.allow` allows."""
    (folder / "bentofile.yaml").write_text(yaml.safe_dump({"audit": {"allow": allow}}))
    return load_bentofile(folder).allow


def test_a_bentofile_allows_codes_with_reasons(tmp_path: Path) -> None:
    rows = [
        {"code": "EKB010", "reason": "shown to customers", "path": "docs/*.ipynb"},
        {"code": "EKB055", "reason": "x"},
    ]
    assert load(tmp_path, rows) == (
        Allowance("EKB010", "shown to customers", "docs/*.ipynb"),
        Allowance("EKB055", "x"),
    )


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"code": "EKB010"}, "`audit.allow[0].reason` is missing"),
        ({"code": "EKB010", "reason": " "}, "`audit.allow[0].reason` is empty"),
        ({"code": "EKB999", "reason": "x"}, "`audit.allow[0].code` is `EKB999`, which no audit gives"),
        ({"code": "EKB010", "reason": "x", "path": "!a"}, "`audit.allow[0].path` is no pattern"),
        ({"code": "EKB010", "reason": "x", "paths": "a"}, "`paths` is no key here"),
        ({"code": "EKB010", "reason": "https://a:b12345@host.example/"}, "holds credentials"),
    ],
)
def test_an_allowance_that_is_not_whole_is_refused_with_its_place(
    tmp_path: Path, row: dict[str, str], words: str
) -> None:
    with pytest.raises(BentofileError) as error:
        load(tmp_path, [row])
    assert words in str(error.value)
    assert "bentofile.yaml:" in str(error.value)


def test_what_a_foreign_manifest_allows_without_a_reason_is_not_allowed() -> None:
    rows: list[object] = [{"code": "EKB010", "reason": ""}, {"code": "EKB010"}, "EKB010", {"code": 1, "reason": "x"}]
    assert read_allowances({"allow": [*rows, {"code": "EKB010", "reason": "x", "path": "!a"}]}) == ()
    assert read_allowances({"allow": "EKB010"}) == ()


def test_a_build_writes_patterns_and_allowances_into_the_manifest(project: Path, build: Callable[..., Bento]) -> None:
    bentofile = project / "bentofile.yaml"
    bentofile.write_text(bentofile.read_text() + "audit:\n  allow:\n    - {code: EKB030, reason: our mirror}\n")
    written = yaml.safe_load((build().path / "bento.yaml").read_text())
    assert written["audit"] == {"allow": [{"code": "EKB030", "reason": "our mirror"}]}
    assert (written["include"], written["exclude"]) == (["*"], ["wheels/"])


def test_no_two_names_are_shown_alike() -> None:
    names = ["a\\x1b", "a\x1b", "a\\\\x1b", "a\u202eb", "a\udcff", "é", "a\n"]
    shown = [printable(name) for name in names]
    assert len(set(shown)) == len(names)
    assert all(one.isprintable() for one in shown)
    json.dumps(shown).encode()
