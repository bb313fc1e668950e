"""How long `build` takes: `python compare.py EKIBEN_BIN [--bentoml BENTOML_BIN]`, a table in Markdown on stdout.

Each BIN is the `bin` folder of an environment with that tool and scikit-learn. Measured are a build of the iris
project with nothing changed and with one line edited, a project beside a hundred thousand files that are kept out and
beside as many that merely do not match, and a model of 5 GB; the last with all the work done, whatever has changed. The
first build of each tool asks the package index; ekiben's others need no network, which one of them shows.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tools import Tool, best, has_namespaces, in_turn, used_bytes

BUILDS: tuple[tuple[str, Callable[[Tool, Path], float], frozenset[str]], ...] = (  # and which tools import the service
    ("nothing changed", Tool.build, frozenset({"bentoml"})),
    ("nothing changed, all the work done again", Tool.rebuild, frozenset({"ekiben", "bentoml"})),
    ("one line edited", Tool.build_edited, frozenset({"ekiben", "bentoml"})),
)
OWN_FILES = 50
FOLDERS = 200
SAVE_LARGE = """
import ekiben
with ekiben.models.create("large") as draft:
    with open(draft.path_of("weights"), "wb") as file:
        file.truncate({size_bytes})
"""


def iris_rows(tools: list[Tool], rounds: int) -> Iterator[str]:
    """Builds of iris by each tool in turn."""
    projects = {tool.name: tool.write_iris("iris") for tool in tools}
    yield row("iris: the first build, which asks the index", [tool.build(projects[tool.name]) for tool in tools])
    imports = {tool.name: tool.import_s(projects[tool.name]) for tool in tools}
    yield row("import of the service alone (numpy)", list(imports.values()))
    for what, build, importing in BUILDS:
        times = in_turn([partial(build, tool, projects[tool.name]) for tool in tools], rounds)
        yield row(f"iris: {what}", times)
        counted = [imports[tool.name] if tool.name in importing else 0.0 for tool in tools]
        yield row(f"iris: {what}, without the import", [one - by for one, by in zip(times, counted, strict=True)])
    yield row("list of that store", in_turn([partial(tool.list_bentos, projects[tool.name]) for tool in tools], rounds))


def folder_rows(tools: list[Tool], count: int, rounds: int) -> Iterator[str]:
    """A project of 50 files, alone, beside files in a folder that is kept out, and beside files that do not match."""
    include = ("service.py", "lib/")
    times: list[list[float]] = []
    for tool in tools:
        plain, excluded, open_ = (tool.write_iris(name, include) for name in ("plain", "excluded", "open"))
        for project in (plain, excluded, open_):
            fill(project / "lib", OWN_FILES - 1, 1)
        fill(excluded / "data", count, FOLDERS)
        (excluded / ".bentoignore").write_text("data/\n")
        fill(open_ / "data", count, FOLDERS)
        tool.build(plain)
        times.append([best(lambda one=one, tool=tool: tool.rebuild(one), rounds) for one in (plain, excluded, open_)])
    for index, what in enumerate(("alone", f"beside {count:,} excluded", f"beside {count:,} that do not match")):
        yield row(f"{OWN_FILES} files {what}", [one[index] for one in times])


def fill(folder: Path, count: int, folders: int) -> None:
    """Makes `count` small files below `folder`."""
    for number in range(folders):
        (folder / f"{number:03}").mkdir(parents=True)
    for number in range(count):
        (folder / f"{number % folders:03}/{number}.txt").write_text("x")


def large_model_rows(tool: Tool, size_bytes: int, rounds: int) -> Iterator[str]:
    """A model of this size: what its build takes of time and of the disk."""
    project = tool.write_iris("large")
    tool.run("python", "-c", SAVE_LARGE.format(size_bytes=size_bytes), cwd=project)
    without_s = best(lambda: tool.rebuild(project), rounds)
    with (project / "bentofile.yaml").open("a") as bentofile:
        bentofile.write("models: [large]\n")
    before = used_bytes(tool.home)
    with_s = [tool.rebuild(project)]
    grown = used_bytes(tool.home) - before
    with_s += [tool.rebuild(project) for _ in range(rounds - 1)]
    yield row(f"a project without the model of {size_bytes / 1e9:.0f} GB", [without_s])
    yield row("with it", [min(with_s)])
    yield f"| bytes that the store grew by at that | {grown:,} | | |"


def row(what: str, times_s: list[float]) -> str:
    """A line of the table; the ratio says how many times faster ours is."""
    cells = [f"{one:.2f} s" for one in times_s] + [""] * (2 - len(times_s))
    ratio = f"{times_s[1] / times_s[0]:.1f}x" if len(times_s) == 2 else ""
    return f"| {what} | {' | '.join(cells)} | {ratio} |"


def network_row(tool: Tool) -> str:
    """Whether a build whose lock is known needs a network."""
    if not has_namespaces():
        return "| built with no network at all | not tried: this user may not take the network away | | |"
    seconds = tool.rebuild(tool.work / "iris", without_network=True)
    return f"| built with no network at all | {seconds:.2f} s | | |"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="How long `build` takes.")
    parser.add_argument("ekiben", type=Path, metavar="EKIBEN_BIN")
    parser.add_argument("--bentoml", type=Path, metavar="BENTOML_BIN", help="compare with BentoML's")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--model-bytes", type=int, default=5_000_000_000)
    options = parser.parse_args()
    print("| | ekiben | BentoML | |\n|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        ekiben = Tool("ekiben", options.ekiben.absolute(), Path(folder, "ekiben"))
        both = [ekiben]
        if options.bentoml:
            both.append(Tool("bentoml", options.bentoml.absolute(), Path(folder, "bentoml")))
        for line in iris_rows(both, options.rounds):
            print(line, flush=True)
        print(network_row(ekiben), flush=True)
        for line in folder_rows(both, options.files, options.rounds):
            print(line, flush=True)
        for line in large_model_rows(ekiben, options.model_bytes, options.rounds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
