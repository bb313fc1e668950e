"""The page that a Bento carries."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import BuildError
from ekiben.packager.bentofile.bentofile import Bentofile
from ekiben.packager.describing.description import Description, ServiceDescription
from ekiben.packager.readme import readme

DESCRIPTION = Description(
    entry="Iris",
    services=(ServiceDescription("Iris", "service:Iris", {}, ()),),
    models=(),
    openapi={
        "info": {"description": "Tells flowers apart."},
        "paths": {"/classify": {"post": {"summary": "The species."}}, "/ping": {"get": {}}},
    },
    schema={},
)


def page(bentofile: Bentofile) -> str:
    return readme(bentofile, "iris", DESCRIPTION, ())


def test_a_page_is_made_from_the_description(tmp_path: Path) -> None:
    text = page(Bentofile(project=tmp_path))
    assert text.startswith("# Iris\n\nTells flowers apart.\n")
    assert "- `POST /classify`: The species.\n- `GET /ping`\n" in text
    assert "## Models" not in text


def test_the_bentofiles_description_stands_in_it(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("of the project")
    assert "\n\nOf {{ mine }}.\n" in page(Bentofile(project=tmp_path, description="Of {{ mine }}."))


def test_a_description_file_is_the_page(tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text("# Card\n")
    assert page(Bentofile(project=tmp_path, description_file="card.md")) == "# Card\n"


def test_else_the_projects_own_page_is(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Mine\n")
    assert page(Bentofile(project=tmp_path)) == "# Mine\n"


@pytest.mark.parametrize("target", ["../outside.md", ".env", ".git/config", "notes/secret.md", "missing.md"])
def test_a_page_that_leads_to_what_stays_out_is_not_taken(tmp_path: Path, target: str) -> None:
    project = tmp_path / "project"
    for path in ("../outside.md", ".env", ".git/config", "notes/secret.md"):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text("hunter2")
    (project / ".bentoignore").write_text("notes/\n")
    (project / "README.md").symlink_to(target)
    assert page(Bentofile(project=project)).startswith("# Iris\n")


def test_a_page_that_is_excluded_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("hunter2")
    assert page(Bentofile(project=tmp_path, exclude=("*.md",))).startswith("# Iris\n")
    assert page(Bentofile(project=tmp_path, include=("*.py",))) == "hunter2"


def test_a_page_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"\xff")
    with pytest.raises(BuildError, match="cannot be read as text"):
        page(Bentofile(project=tmp_path))
