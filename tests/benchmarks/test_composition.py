"""What makes the tables of benchmarks/composition trustworthy: the files of the windows, and pairs within a round."""

from __future__ import annotations

import yaml

from benchmarks.composition import compare, windows
from benchmarks.serving.samples import Sample


def test_the_file_of_a_window_is_the_course_s_with_other_figures() -> None:
    written = yaml.safe_load((windows.EXAMPLE / "bentoml_configuration.yml").read_text())
    assert yaml.safe_load(windows.configuration((10, 32))) == written
    off = yaml.safe_load(windows.configuration(None))
    assert [one["batching"] for one in off["runners"].values()] == [{"enabled": False}] * 2


def test_the_two_servers_run_the_same_source() -> None:
    ours, theirs = ((compare.SERVICES / name / "pipeline.py").read_text() for name in ("ekiben", "bentoml"))
    assert [line for line in ours.replace("ekiben", "bentoml").splitlines() if line and "import" not in line] == [
        line for line in theirs.splitlines() if line and "import" not in line
    ]


def test_ratios_are_of_pairs_within_a_round() -> None:
    case = compare.CASES[0].text

    def sample(number: int, server: str, rate: float) -> Sample:
        figures = {"rate_per_s": rate, "p50_s": 1 / rate, "p99_s": 2 / rate, "failed": 0}
        return {"round": number, "server": server, "case": case, **figures}

    rounds = [sample(1, "ekiben", 1000), sample(1, "BentoML", 100), sample(2, "ekiben", 10), sample(2, "BentoML", 1)]
    ours, theirs = compare.rows(rounds)
    assert ours[-2:] == ["", ""]
    assert theirs[-2].startswith("10.0x (10.0-10.0)")
