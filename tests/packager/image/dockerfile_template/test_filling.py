"""A template fills BentoML's blocks; nothing in it reaches Python, a file or the machine's time and memory."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import TemplateError

from ekiben.errors import ImageError
from ekiben.packager.image.dockerfile_template.checking import TemplateRefused
from ekiben.packager.image.dockerfile_template.filling import Blank, fill_template
from ekiben.packager.image.dockerfile_template.rendering import render

BLANK = Blank(
    head="# head",
    blocks={
        "SETUP_BENTO_BASE_IMAGE": "FROM python:3.11-slim AS base\nUSER 0:0",
        "SETUP_BENTO_USER": "",
        "SETUP_BENTO_ENVARS": 'ENV A="{{ 7 * 7 }} {% block x %}"',
        "SETUP_BENTO_COMPONENTS": "FROM base AS image\nCOPY bento /app/bento",
        "SETUP_BENTO_ENTRYPOINT": "USER 1034",
    },
    variables={"bento__path": "/app/bento", "bento__uid_gid": 1034, "bento__user": "1034", "bento__home": "/app"},
)
EXTENDS = "{% extends bento_base_template %}\n"


def in_block(text: str, block: str = "SETUP_BENTO_COMPONENTS") -> str:
    """A template with `text` in one block."""
    return f"{EXTENDS}{{% block {block} %}}\n{{{{ super() }}}}\n{text}\n{{% endblock %}}\n"


def complaint(template: str) -> str:
    with pytest.raises(ImageError) as caught:
        fill_template(template, BLANK)
    assert "\n" not in caught.value.message
    return f"{caught.value.message} | {caught.value.hint}"


def test_a_template_that_adds_nothing_gives_the_blocks_in_order() -> None:
    lines = [line for line in fill_template(EXTENDS, BLANK).splitlines() if line]
    assert lines == ["# head", *(line for text in BLANK.blocks.values() for line in text.splitlines())]


@pytest.mark.parametrize("block", BLANK.blocks)
def test_each_block_can_be_extended_and_replaced(block: str) -> None:
    text = fill_template(in_block("RUN echo hello", block), BLANK)
    assert f"{BLANK.blocks[block]}\nRUN echo hello\n" in text
    if "FROM " not in BLANK.blocks[block]:
        replaced = fill_template(f"{EXTENDS}{{% block {block} %}}RUN echo hello{{% endblock %}}", BLANK)
        assert "RUN echo hello" in replaced
        assert not BLANK.blocks[block] or BLANK.blocks[block] not in replaced


def test_the_base_is_the_one_that_the_bento_names() -> None:
    own = EXTENDS + "{% block SETUP_BENTO_BASE_IMAGE %}FROM alpine AS base{% endblock %}"
    told = complaint(own)
    assert "leaves out `FROM python:3.11-slim AS base`" in told
    assert "name another base in `docker.base_image`" in told
    before = own.replace("AS base", "AS tools\n{{ super() }}")
    assert "FROM alpine AS tools\nFROM python:3.11-slim AS base\n" in fill_template(before, BLANK)


def test_the_stages_that_hold_what_the_bento_locks_stay() -> None:
    told = complaint(EXTENDS + "{% block SETUP_BENTO_COMPONENTS %}RUN echo hello{% endblock %}")
    assert "leaves out `FROM base AS image`" in told
    assert told.endswith("write `{{ super() }}` in SETUP_BENTO_COMPONENTS")


def test_variables_and_filters_of_bentoml_are_there() -> None:
    text = fill_template(
        in_block(
            "COPY --chown={{ bento__user }}:{{ bento__uid_gid }} a {{ expands_bento_path('src', 'a') }}\n"
            "{% for one in ['x y', 'z'] %}{% if one == 'z' %}{% break %}{% endif %}\n"
            "RUN echo {{ one | bash_quote }} {{ ' a   b ' | normalize_line }}\n{% endfor %}"
        ),
        BLANK,
    )
    assert "COPY --chown=1034:1034 a /app/bento/src/a\n" in text
    assert "RUN echo 'x y' a b\n" in text


def test_values_are_not_evaluated() -> None:
    assert 'ENV A="{{ 7 * 7 }} {% block x %}"\n' in fill_template(EXTENDS, BLANK)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("FROM x AS base\n", "line 1: the template does not extend ekiben's Containerfile | begin it with"),
        ("{% extends 'other' %}", "line 1: the template does not extend"),
        (EXTENDS + EXTENDS, "line 1: the template does not extend"),
        (f"{EXTENDS}\nRUN echo lost\n", "what stands outside of the blocks would be dropped"),
        (f"RUN echo lost\n{EXTENDS}", "line 1: what stands outside"),
        (f"{EXTENDS}{{% if 1 %}}RUN echo lost{{% endif %}}", "what stands outside"),
        (f"{EXTENDS}{{% block SETUP_BENTO_USR %}}{{% endblock %}}", "line 2: there is no block `SETUP_BENTO_USR`"),
        (f"{EXTENDS}{{% set bento__home = '/srv' %}}", "line 2: `bento__home` can be read, not set"),
        (in_block("{{ bento__nothing }}"), "line 4: `bento__nothing` is undefined | to read are: bento__path, bento__"),
        (in_block("{% if thing is not none %}x{% endif %}"), "line 4: `thing` is undefined"),
        (in_block("{{ super }}"), "cannot be written; a function is called: `super()`"),
        (in_block("{{ none }}"), "a value of type `NoneType` cannot be written"),
        (in_block("{% if %}"), "line 4: expected an expression"),
        (in_block("{{ 1 // 0 }}"), "line 4: "),
    ],
)
def test_what_would_have_no_effect_or_cannot_be_is_told_with_its_line(template: str, expected: str) -> None:
    assert expected in complaint(template)


@pytest.mark.parametrize(  # CVE-2026-35044: code of the machine that builds, by a template
    "attack",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ expands_bento_path.__globals__['shlex'] }}",
        "{{ self.__init__.__globals__ }}",
        "{{ super.__init__ }}",
        "{{ bento_base_template.environment }}",
        "{{ ''|attr('__class__') }}",
        "{{ ['']|map(attribute='__class__')|list }}",
        "{{ ''|attr('format') }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ '{a.__class__}'.format_map({'a': 1}) }}",
        "{{ ''|map('attr', '__class__')|first }}",
        "{{ range.__class__ }}",
        "{{ joiner }}{{ lipsum.__globals__ }}",
        "{{ dict.__base__ }}",
        "{{ [].append(1) }}",
        "{{ _blocks.update(a=1) }}",
        "{{ 1|random }}",
        "{{ config }}{{ request }}{{ url_for }}",
        "{% include '/etc/passwd' %}",
        "{% include bento_base_template %}",
        "{% import 'os' as os %}",
        "{% from 'os' import path %}",
        "{% do 1 %}",
    ],
)
def test_a_template_has_no_way_into_python_or_to_a_file(attack: str) -> None:
    told = complaint(in_block(attack))
    assert told.startswith("`docker.dockerfile_template`, line ")
    assert "root:" not in told
    assert "uid=" not in told


@pytest.mark.parametrize(
    "attack",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{{ 'x' * 99 }}{% endfor %}",
        "{{ 'x' * 9999999999 }}",
        "{{ '%9999999999d' % 1 }}",
        "{{ '{:>9999999999}'.format(1) }}",
        "{{ 'x'|center(9999999999) }}",
        "{{ 9 ** (9 ** 9) }}",
        "{% for a in range(9999999999) %}{% endfor %}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{{ self.SETUP_BENTO_COMPONENTS() }}",
        "{{ " + "(" * 9999 + ")" * 9999 + " }}",
    ],
)
def test_a_template_that_would_never_end_ends_itself_alone(attack: str) -> None:
    assert complaint(in_block(attack)).startswith("`docker.dockerfile_template`")


@pytest.mark.parametrize("control", ["\0", "\x1b", "\x08", "\x7f"])
def test_a_control_character_is_refused(control: str) -> None:
    assert "writes the control character" in complaint(in_block(f"RUN echo {control}"))


def test_line_endings_and_the_byte_order_mark_of_windows_are_taken() -> None:
    template = in_block("RUN echo a").replace("\n", "\r\n")
    assert fill_template(f"\ufeff{template}", BLANK) == fill_template(in_block("RUN echo a"), BLANK)


def test_a_template_sees_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "nothing"))
    monkeypatch.setenv("TOKEN", "hunter2")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jinja2.py").write_text("raise SystemExit('the folder of the caller is on the path')\n")
    assert "TOKEN" in os.environ
    assert "hunter2" not in complaint(in_block("{{ TOKEN }}"))


def test_the_same_template_gives_the_same_text() -> None:
    template = in_block("{% for key in {'b': 1, 'a': 2} %}RUN echo {{ key }}\n{% endfor %}")
    assert fill_template(template, BLANK) == fill_template(template, BLANK)


FRAGMENTS = ["{{", "}}", "{%", "%}", " super() ", "block SETUP_BENTO_USER", "endblock", "for a in 'ab'", "endfor", "a"]


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from([*FRAGMENTS, "\n", " ", "'", "|", "(", ")", "set x = 1", "#}", "{#", "∞"]), max_size=12)
)
def test_any_text_is_filled_in_or_refused_by_name(parts: list[str]) -> None:
    refusals = (TemplateRefused, TemplateError, NameError, TypeError)
    with suppress(*refusals):
        assert render(EXTENDS + "".join(parts), **asdict(BLANK)).startswith("# head\n")
