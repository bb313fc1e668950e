"""The pages in `docs/` name what there is: every key, field, option, metric and public name, in the right place.

What the pages say about each is for readers to judge; here is what a machine can tell.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import pytest
import typer
import yaml

import ekiben
from benchmarks.serving.experiments import EXPERIMENTS
from ekiben import exceptions
from ekiben.cli.app import app
from ekiben.cli.commands import ALIASES, COMMANDS
from ekiben.errors import NotActedOn
from ekiben.packager.audit.codes import CODES
from ekiben.packager.bentofile.loading import load_bentofile
from ekiben.packager.bentofile.schema import LEVELS, AllowLevel, EnvLevel, IndexLevel, ModelLevel
from ekiben.packager.image.mounts import CA_SECRET, NETRC_SECRET, PIP_CONF_SECRET
from ekiben.packager.image.wheel_groups import GROUPS
from ekiben.serving.batching.view import DispatchReason, ShedCause
from ekiben.serving.config.keys import BATCHING_KEYS, KEYS, Key
from ekiben.serving.metrics.family import Family
from ekiben.serving.metrics.naming import Naming, ServedAs
from ekiben.serving.metrics.server import ServerMetrics
from ekiben.serving.metrics.tasks import TaskMetrics
from ekiben.settings import Settings, load_settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
MAX_WIDTH = 120  # characters
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
# A field that is refused, or refused unless it has its default -> a value that is refused.
REFUSED: Mapping[str, object] = {"docker.distro": "alpine"}


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def rows_of(page: str, heading: str | None = None) -> dict[str, list[str]]:
    """The cells of each table's rows (below a heading), by every name in backticks in the first of them."""
    rows: dict[str, list[str]] = {}
    for line in (section_of(page, heading) if heading else text_of(page)).splitlines():
        if line.startswith("| "):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            rows |= dict.fromkeys(re.findall(r"`([^`]+)`", cells[0]), cells)
    return rows


def section_of(page: str, heading: str) -> str:
    """What stands below a heading, as far as the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text_of(page), re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no heading `{heading}`"
    return found[1]


def anchor(heading: str) -> str:
    """What a heading is called in a link, by GitHub's rule."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def fences(language: str) -> list[tuple[str, str]]:
    """Place and text of each fenced block in this language."""
    texts = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
    found = [(name, text, one) for name, text in texts.items() for one in _FENCE.finditer(text)]
    return [
        (f"{name}:{text.count(chr(10), 0, one.start()) + 1}", one[2]) for name, text, one in found if one[1] == language
    ]


def fields() -> list[str]:
    """Every field of a bentofile, as the page writes it."""
    tables = {f"{name}." if name else "": level.model_fields for name, level in LEVELS.items()}
    tables |= {"models[].": ModelLevel.model_fields, "envs[].": EnvLevel.model_fields}
    tables |= {"audit.allow[].": AllowLevel.model_fields, "python.indexes[].": IndexLevel.model_fields}
    return [f"{prefix}{field}" for prefix, names in tables.items() for field in names]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_services_md_has_every_key_with_default_variables_and_option(key: Key) -> None:
    _, default, variables, option = rows_of("services.md", "Configuration")[key.path]
    written = None if default == "none" else default.strip("`")
    assert (None if written is None else key.read(written)) == key.default
    assert re.findall(r"`([^`]+)`", variables) == list(key.variables)
    assert option == (f"`--{key.option}`" if key.option else "")


def test_services_md_has_every_option_of_batching_and_of_an_api() -> None:
    assert {key.path for key in BATCHING_KEYS} == rows_of("services.md", "The file").keys()
    assert set(inspect.signature(ekiben.api).parameters) - {"func"} == rows_of("services.md", "`@ekiben.api`").keys()


def test_tasks_md_has_every_option_of_a_task() -> None:
    own = set(inspect.signature(ekiben.task).parameters) - {"func", "options"}
    assert own == rows_of("tasks.md", "`@ekiben.task`").keys() - {"False", "True", "tasks.timeout"}


@pytest.mark.parametrize("field", fields())
def test_bentofile_md_has_every_field_and_says_which_are_refused(field: str) -> None:
    acted_on = rows_of("bentofile.md")[field][3]
    assert ("refused" in acted_on or acted_on.startswith("only ")) == (field in REFUSED)


@pytest.mark.parametrize("field", REFUSED)
def test_a_field_that_bentofile_md_says_is_refused_is(field: str, tmp_path: Path) -> None:
    (tmp_path / "template").touch()
    level, _, name = field.partition("[]" if "[]" in field else ".")
    content = {level: REFUSED[field] if "[]" in field or not name else {name: REFUSED[field]}}
    (tmp_path / "bentofile.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(NotActedOn):
        load_bentofile(tmp_path)


def test_metrics_md_has_every_metric_with_its_type_and_labels() -> None:
    metrics = ServerMetrics(Naming(ServedAs("Iris", is_runner=True)))
    metrics.endpoint("classify").answered(200, 0.1)
    metrics.batches("classify")
    metrics.add(TaskMetrics(["train"], ["pending"], metrics.bounds).families)
    metrics.workers.open(1).begin(os.getpid(), asyncio.Event().wait)
    documented = {
        name: (cells[1], set(re.findall(r"`(\w+)`", cells[2])))
        for name, cells in rows_of("metrics.md").items()
        if name.startswith("ekiben_") and cells[1] in ("counter", "gauge", "histogram")
    }
    shown = {_shown_name(family): (_shown_type(family), _further_labels(family)) for family in metrics.families()}
    assert documented == shown


def _shown_name(family: Family) -> str:
    return family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")


def _shown_type(family: Family) -> str:
    return "gauge" if family.type == "info" else family.type


def _further_labels(family: Family) -> set[str]:
    return {label for sample in family.samples for label in sample.labels} - {"le", "service", "version"}


def test_metrics_md_has_every_reason_and_cause() -> None:
    named = rows_of("metrics.md")
    assert {*get_args(DispatchReason), *get_args(ShedCause)} <= named.keys()


def test_benchmarks_md_has_a_place_for_every_table_and_no_other() -> None:
    tables = [name for experiment in EXPERIMENTS.values() for name in experiment.tables([])]
    assert sorted(re.findall(r"<!-- table (\S+) -->", text_of("benchmarks.md"))) == sorted(tables)


def commands() -> list[tuple[str, set[str]]]:
    """The heading of each command, and its options."""
    return list(_commands())


def _commands() -> Iterator[tuple[str, set[str]]]:
    context = typer.Context(typer.main.get_command(app))
    yield "`ekiben`", _options(context.command)
    for name in COMMANDS:
        command = context.command.get_command(context, name)  # type: ignore[attr-defined]
        yield f"`ekiben {name}`", set() if hasattr(command, "commands") else _options(command)
        for sub, one in getattr(command, "commands", {}).items():
            yield f"`ekiben {name} {sub}`", _options(one)


def _options(command: object) -> set[str]:
    texts = {text for one in command.params for text in (*one.opts, *one.secondary_opts)}  # type: ignore[attr-defined]
    return {text for text in texts if text.startswith("-") and text not in ("-h", "--help")}


@pytest.mark.parametrize(("heading", "options"), commands(), ids=[heading for heading, _ in commands()])
def test_cli_md_has_every_command_and_option(heading: str, options: set[str]) -> None:
    assert set(re.findall(r"`(--?[a-z-]+|-[A-Z])`", section_of("cli.md", heading))) >= options


def test_cli_md_has_no_option_that_is_not_there() -> None:
    known = {text for _, options in commands() for text in options} | {"-h", "--help", "--bento", "--root"}
    assert set(re.findall(r"`(--[a-z-]+)`", text_of("cli.md"))) <= known


def test_cli_md_has_every_alias_and_setting() -> None:
    text = text_of("cli.md")
    assert all(f"`ekiben {alias}`" in text for alias in ALIASES)
    rows = rows_of("cli.md")
    for name, value, _ in load_settings({}).rows():
        assert rows[name][1] == f"`EKIBEN_{name.upper()}`"
        assert name == "home" or rows[name][2].strip("`") == (value or "none")
    assert set(Settings.__slots__) <= rows.keys()


def test_images_md_has_every_group_of_wheels_and_every_secret() -> None:
    text = text_of("images.md")
    names = [name for name, _ in GROUPS]
    assert all(f"`{one}`" in text for one in (*names, PIP_CONF_SECRET, CA_SECRET, NETRC_SECRET))


def test_audit_md_has_every_code_with_its_severity() -> None:
    shown = {name: cells[1] for name, cells in rows_of("audit.md", "Findings").items() if name.startswith("EKB")}
    assert shown == {code: one.severity.value for code, one in CODES.items()}


def test_moving_from_bentoml_md_has_every_public_name() -> None:
    text = text_of("moving-from-bentoml.md")
    names = {f"bentoml.{name}" for name in ekiben.__all__ if name not in ("__version__", "BentoModel")}
    assert {one for one in (*names, *exceptions.__all__) if f"`{one}`" not in text} == set()


def test_a_name_that_moving_from_bentoml_md_says_is_not_there_is_not() -> None:
    missing = [name for name, cells in rows_of("moving-from-bentoml.md").items() if cells[1] == "not yet"]
    tops = [name.split(".")[1] for name in missing if name.startswith("bentoml.") and name.count(".") == 1]
    assert missing
    assert [name for name in tops if hasattr(ekiben, name)] == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, place = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if place:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert place in map(anchor, headings), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_line_of_a_page_is_too_long(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [number for number, line in enumerate(lines, start=1) if len(line) > MAX_WIDTH] == []


@pytest.mark.parametrize(("place", "code"), fences("python"))
def test_python_examples_compile(place: str, code: str) -> None:
    compile(code, place, "exec")


@pytest.mark.parametrize(("place", "text"), [*fences("yaml"), *fences("toml")])
def test_configuration_examples_parse(place: str, text: str) -> None:
    assert tomllib.loads(text) if "[tool" in text else yaml.safe_load(text), place
