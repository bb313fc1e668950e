"""Two wheels that claim one path."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import ImageError
from ekiben.packager.image.native.wheels.conflicts import Conflict, conflicts, joined, refuse_conflicts
from ekiben.packager.image.native.wheels.tree import WheelTree, installed_entries
from tests.packager.image.native.wheels.wheels import SITE, make_wheel, read

PKGUTIL = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
PKG_RESOURCES = "__import__('pkg_resources').declare_namespace(__name__)\n"


def tree(folder: Path, name: str, files: dict[str, str]) -> WheelTree:
    """The tree of a wheel of these files."""
    return installed_entries(make_wheel(folder, files, name=name), python="3.11")


def test_wheels_without_a_common_path_have_no_conflict(tmp_path: Path) -> None:
    trees = [tree(tmp_path, "a", {"a.py": "x"}), tree(tmp_path, "b", {"b.py": "x"})]
    assert conflicts(trees) == ()
    assert {entry.path for entry in joined(trees)} == {entry.path for one in trees for entry in one.entries}


def test_different_files_at_one_path_are_a_conflict_in_any_order(tmp_path: Path) -> None:
    one, two = tree(tmp_path, "a", {"common.py": "x"}), tree(tmp_path, "b", {"common.py": "y"})
    expected = (Conflict(f"{SITE}/common.py", "a", "b"),)
    assert conflicts([one, two]) == conflicts([two, one]) == expected


def test_a_message_names_both_wheels_and_some_paths(tmp_path: Path) -> None:
    paths = [f"common/{number}.py" for number in range(5)]
    one, two = tree(tmp_path, "a", dict.fromkeys(paths, "x")), tree(tmp_path, "b", dict.fromkeys(paths, "y"))
    with pytest.raises(
        ImageError, match=r"`a` and `b` install different files at .*0\.py.*2\.py` and 2 more"
    ) as raised:
        refuse_conflicts([two, one])
    assert "--engine docker" in (raised.value.hint or "")


def test_one_content_at_one_path_is_none(tmp_path: Path) -> None:
    trees = [tree(tmp_path, name, {"tests/__init__.py": "", f"{name}.py": ""}) for name in ("a", "b")]
    refuse_conflicts(trees)
    assert f"{SITE}/tests/__init__.py" in read(joined(trees))


def test_the_declarations_of_a_namespace_package_may_differ_and_the_first_by_name_stays(tmp_path: Path) -> None:
    one = tree(tmp_path, "ns-one".replace("-", "_"), {"ns/__init__.py": PKG_RESOURCES, "ns/one.py": ""})
    two = tree(tmp_path, "ns_two", {"ns/__init__.py": PKGUTIL, "ns/two.py": ""})
    refuse_conflicts([one, two])
    for trees in ([one, two], [two, one]):
        files = read(joined(trees))
        assert files[f"{SITE}/ns/__init__.py"][1] == PKG_RESOURCES.encode()
        assert {f"{SITE}/ns/one.py", f"{SITE}/ns/two.py"} <= files.keys()


@pytest.mark.parametrize("other", ["", "x = 1\n", PKGUTIL + "#" * 5000])
def test_a_namespace_package_beside_one_with_code_is_a_conflict(tmp_path: Path, other: str) -> None:
    one, two = tree(tmp_path, "a", {"ns/__init__.py": PKGUTIL}), tree(tmp_path, "b", {"ns/__init__.py": other})
    assert [one.path for one in conflicts([one, two])] == [f"{SITE}/ns/__init__.py"]


def test_a_file_where_another_wheel_has_a_folder_is_a_conflict(tmp_path: Path) -> None:
    one, two = tree(tmp_path, "a", {"common/inner/a.py": "x"}), tree(tmp_path, "b", {"common/inner": "y"})
    assert conflicts([one, two]) == (Conflict(f"{SITE}/common/inner", "b", "a"),)
