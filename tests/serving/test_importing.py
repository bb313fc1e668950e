"""Finding a service in a user's folder."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ekiben.errors import DescriptionError
from ekiben.serving.importing import import_service, place_of_failure

SERVICE = """
import ekiben

@ekiben.service
class {name}:
    @ekiben.api
    def run(self, x: int) -> int:
        return x
"""

Project = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """`project(**{"service.py": "..."})`: a folder with these files; what is imported from it is forgotten after."""
    path, modules = list(sys.path), set(sys.modules)

    def make(files: dict[str, str], name: str = "project") -> Path:
        root = tmp_path / name
        for file, text in files.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(text)
        return root

    yield make
    sys.path[:] = path
    for one in set(sys.modules) - modules:
        if str(getattr(sys.modules[one], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[one]


@pytest.mark.parametrize("target", ["service:Echo", "service", "service.py:Echo", "service:alias"])
def test_a_service_is_found_under_every_spelling(project: Project, target: str) -> None:
    root = project({"service.py": SERVICE.format(name="Echo") + "alias = Echo\n"})
    assert import_service(target, root).name == "Echo"


@pytest.mark.parametrize(
    ("file", "target"),
    [("app/services/echo.py", "app.services.echo:Echo"), ("src/app/echo.py", "app.echo:Echo"), ("src/echo.py", "echo")],
)
def test_packages_and_src_layouts_are_found(project: Project, file: str, target: str) -> None:
    assert import_service(target, project({file: SERVICE.format(name="Echo")})).name == "Echo"


def test_the_services_own_modules_are_importable_and_come_first(project: Project) -> None:
    files = {"service.py": "import calendar_of_mine\nimport this_one\n" + SERVICE.format(name="Echo")}
    root = project({**files, "calendar_of_mine.py": "", "this_one.py": ""})
    assert import_service("service", root).name == "Echo"


def test_two_projects_with_modules_of_one_name_do_not_meet(project: Project) -> None:
    first = project({"service.py": SERVICE.format(name="First")}, "first")
    second = project({"service.py": SERVICE.format(name="Second")}, "second")
    assert [import_service("service", root).name for root in (first, second, first)] == ["First", "Second", "First"]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("import ekiben\nx = 1 / 0\n", "ZeroDivisionError: division by zero", 2),
        ("x = (\n", "SyntaxError", 1),
        ("import sys\n\nsys.exit(4)\n", "ends the process when it is imported (exit 4)", 3),
        ("import nowhere_to_be_found\n", "imports `nowhere_to_be_found`, which is not installed", 1),
        ("import ekiben\n@ekiben.service\nclass A:\n    pass\n", "the service `A` has no API", 2),
        ("def f():\n    raise KeyError('x')\nf()\n", "KeyError: 'x'", 2),
    ],
)
def test_what_goes_wrong_on_import_names_file_and_line(project: Project, text: str, message: str, line: int) -> None:
    root = project({"service.py": text})
    with pytest.raises(DescriptionError) as caught:
        import_service("service", root)
    assert caught.value.message.startswith(f"{root / 'service.py'}:{line}: ")
    assert message in caught.value.message
    cause = caught.value.__cause__
    assert cause is not None
    place = place_of_failure(cause, root)
    assert place is not None
    assert (place.file, place.line) == (root / "service.py", line)


@pytest.mark.parametrize(
    ("target", "message", "hint"),
    [
        ("servise", "there is no module `servise`", "`service`"),
        ("service.deep:Echo", "there is no module `service.deep`", ""),
        ("service:Eco", "`service:Eco` does not exist", "did you mean `service:Echo`?"),
        ("service:number", "`service:number` is no service", "`service:Echo`"),
        ("service:Plain", "is a class and no service", "@ekiben.service"),
        ("service", "`service` holds 2 services", "`service:Echo`, `service:Other`"),
        ("empty", "`empty` holds no service", "@ekiben.service"),
        ("a b:C", "names no module", "module:Class"),
        ("", "names no module", "module:Class"),
        ("../x:C", "names no module", "module:Class"),
    ],
)
def test_a_target_that_is_no_service_says_what_is_there(project: Project, target: str, message: str, hint: str) -> None:
    two = SERVICE.format(name="Echo") + SERVICE.format(name="Other") + "number = 1\nclass Plain: ...\n"
    root = project({"service.py": two, "empty.py": ""})
    with pytest.raises(DescriptionError) as caught:
        import_service(target, root)
    assert message in caught.value.message
    assert hint in str(caught.value.hint)


def test_a_service_from_another_module_counts_where_it_is_the_only_one(project: Project) -> None:
    files = {"service.py": "from inner import Echo\n", "inner.py": SERVICE.format(name="Echo")}
    assert import_service("service", project(files)).name == "Echo"


def test_the_service_that_no_other_depends_on_is_meant(project: Project) -> None:
    lower = "@ekiben.service\nclass Lower:\n    @ekiben.api\n    def one(self) -> int: return 1\n"
    upper = lower.replace("Lower:", "Upper:\n    lower = ekiben.depends(Lower)")
    root = project({"service.py": f"import ekiben\n{lower}{upper}"})
    assert import_service("service", root).name == "Upper"


def test_importing_a_service_that_needs_no_library_loads_none(project: Project) -> None:
    root = project({"service.py": SERVICE.format(name="Echo")})
    script = (
        "import sys, pathlib\n"
        "from ekiben.serving.importing import import_service\n"
        "from ekiben.serving.execution.executor import Executor\n"
        f"Executor(import_service('service', pathlib.Path({str(root)!r})), None)\n"
        "print([one for one in ('numpy', 'pandas', 'PIL', 'typer', 'rich', 'docker') if one in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("import bentoml", "write `import ekiben as bentoml`"),
        ("from bentoml.io import JSON", "`from ekiben` for `from bentoml`"),
        ("import ekiben\nekiben.nowhere", "its docs list what it has of BentoML"),
        ("from ekiben import nowhere", "its docs list what it has of BentoML"),
        ("import ekiben.nowhere", "its docs list what it has of BentoML"),
    ],
)
def test_what_is_not_there_of_bentoml_is_said_with_the_remedy(
    project: Project, line: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bentoml", None)  # an environment without it: its clients are tested in this one
    with pytest.raises(DescriptionError) as caught:
        import_service("service", project({"service.py": f"{line}\n"}))
    assert "service.py" in str(caught.value)
    assert hint in (caught.value.hint or "")


def test_a_service_that_bentoml_made_is_told_from_one_that_is_missing(project: Project) -> None:
    root = project(
        {
            "_bentoml_sdk.py": "class Service: pass\n",
            "service.py": "import _bentoml_sdk\nIris = _bentoml_sdk.Service()\n",
        }
    )
    for target in ("service", "service:Iris"):
        with pytest.raises(DescriptionError) as caught:
            import_service(target, root)
        assert "write `import ekiben as bentoml`" in (caught.value.hint or "")
