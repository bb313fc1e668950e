"""Writes what was measured into docs/benchmarks.md: `python -m benchmarks.serving.report RESULTS`.

A table stands between `<!-- table NAME -->` and `<!-- end -->`. Only experiments whose JSON is in the folder are
rewritten.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks.serving.experiments import EXPERIMENTS
from benchmarks.serving.samples import Results, distinct

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def filled(page: str, results: Results) -> str:
    """The page with the tables of this experiment."""
    rounds = len(distinct(results.samples, "round"))
    origin = f"{rounds} rounds in {results.took_s:.0f} s on {results.machine}."
    for name, table in EXPERIMENTS[results.experiment].tables(results.samples).items():
        begin, end = f"<!-- table {name} -->\n", "<!-- end -->"
        between = re.compile(rf"(?<={re.escape(begin)}).*?(?={end})", re.DOTALL)
        text = f"{table}\n\n{origin}\n"
        page, count = between.subn(lambda _, text=text: text, page)  # type: ignore[misc]
        if count != 1:
            raise SystemExit(f"{PAGE.name} has {count} places for the table `{name}`")
    return page


def main() -> None:
    """Fills the page in place."""
    page = PAGE.read_text(encoding="utf-8")
    for name in EXPERIMENTS:
        path = Path(sys.argv[1]) / f"{name}.json"
        if path.exists():
            page = filled(page, Results.load(path))
        else:
            print(f"{name} was not measured", file=sys.stderr)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
