"""What wheels claim: told without opening them, and never that there is no conflict where there is one."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.packager.image.native.wheels.claims import KeptClaims, are_disjoint, claims_of
from ekiben.packager.image.native.wheels.conflicts import conflicts
from ekiben.packager.image.native.wheels.tree import installed_entries
from tests.packager.image.native.wheels.wheels import make_wheel

PYTHON = "3.11"
PATHS = st.sampled_from(["a.py", "b/c.py", "b/d/e.py", "b", "b/d", "a.py/x"])
FILES = st.dictionaries(PATHS, st.sampled_from(["x = 1\n", "x = 2\n"]), max_size=3).filter(
    lambda files: not any(other.startswith(f"{path}/") for path in files for other in files)
)


@given(st.lists(FILES, min_size=1, max_size=3))
def test_wheels_whose_claims_are_disjoint_have_no_conflict(wheels: list[dict[str, str]]) -> None:
    with TemporaryDirectory() as folder:
        trees = [
            installed_entries(make_wheel(Path(folder, str(number)), files, name=f"w{number}"), python=PYTHON)
            for number, files in enumerate(wheels)
        ]
        assert are_disjoint(map(claims_of, trees)) == (conflicts(trees) == ())


def test_what_is_not_known_of_a_wheel_may_be_in_the_way() -> None:
    assert are_disjoint([{"a": "0"}, {"b": "0"}])
    assert not are_disjoint([{"a": "0"}, None])


def test_claims_are_kept_for_each_wheel_and_python(tmp_path: Path) -> None:
    kept, wheel = KeptClaims(tmp_path, PYTHON), Digest.of_bytes(b"wheel")
    assert kept.find(wheel) is None
    kept.keep(wheel, {"a": "0"})
    assert kept.find(wheel) == {"a": "0"}
    assert KeptClaims(tmp_path, "3.12").find(wheel) is None
    assert kept.find(Digest.of_bytes(b"another")) is None


def test_damaged_claims_are_not_known(tmp_path: Path) -> None:
    kept, wheel = KeptClaims(tmp_path, PYTHON), Digest.of_bytes(b"wheel")
    kept.keep(wheel, {"a": "0"})
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes().replace(b'"a"', b'"b"'))
    assert kept.find(wheel) is None
