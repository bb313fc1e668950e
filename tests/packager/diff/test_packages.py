"""Which packages differ, by what two locks pin."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.packager.diff.packages import PackageChange, Pin, diff_packages

locks = st.dictionaries(
    st.sampled_from(["linux/amd64", "linux/arm64"]),
    st.dictionaries(
        st.sampled_from(["a", "b"]),
        st.builds(Pin, st.sampled_from(["1.0", "2.0", "odd"]), st.sampled_from([("h",), ("i",)])),
    ),
)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("1.9", "1.10", "upgraded"),
        ("2.0", "2.0rc1", "downgraded"),
        ("1.0", "1.0", "rehashed"),
        ("1.0", "1.0.0", "changed"),
        ("1.0", "who knows", "changed"),
    ],
)
def test_versions_are_compared_as_versions(old: str, new: str, kind: str) -> None:
    assert PackageChange("a", "linux/amd64", Pin(old, ("x",)), Pin(new, ("y",))).kind == kind


@given(locks)
def test_locks_do_not_differ_from_themselves(lock: dict[str, dict[str, Pin]]) -> None:
    assert diff_packages(lock, lock) == ()


@given(locks, locks)
def test_the_other_way_round_old_and_new_change_places(
    old: dict[str, dict[str, Pin]], new: dict[str, dict[str, Pin]]
) -> None:
    turned = tuple(replace(one, old=one.new, new=one.old) for one in diff_packages(old, new))
    assert turned == diff_packages(new, old)
