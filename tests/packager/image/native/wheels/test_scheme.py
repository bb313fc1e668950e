"""Where members go."""

from __future__ import annotations

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from ekiben.packager.image.native.wheels.dist_info import DistInfo
from ekiben.packager.image.native.wheels.refused import Refused
from ekiben.packager.image.native.wheels.scheme import Scheme

SCHEME = Scheme("app/venv", "3.12")
INFO = DistInfo(canonicalize_name("My_Package"), Version("1.0"), "My_Package-1.0", {})


@pytest.mark.parametrize(
    ("member", "place"),
    [
        ("package/a.py", "lib/python3.12/site-packages/package/a.py"),
        ("top.py", "lib/python3.12/site-packages/top.py"),
        ("My_Package-1.0.dist-info/METADATA", "lib/python3.12/site-packages/My_Package-1.0.dist-info/METADATA"),
        ("My_Package-1.0.data/purelib/a.py", "lib/python3.12/site-packages/a.py"),
        ("My_Package-1.0.data/platlib/a/b.so", "lib/python3.12/site-packages/a/b.so"),
        ("My_Package-1.0.data/scripts/run", "bin/run"),
        ("My_Package-1.0.data/headers/a.h", "include/site/python3.12/my-package/a.h"),
        ("My_Package-1.0.data/data/share/a", "share/a"),
        ("My_Package-1.0.data/data/lib64/a", "lib/a"),
    ],
)
def test_each_kind_of_member_has_its_place(member: str, place: str) -> None:
    assert SCHEME.place_of(member, INFO) == f"app/venv/{place}"


@pytest.mark.parametrize("member", ["stdlib/a.py", "scripts", "data", "other"])
def test_data_for_no_known_place_is_refused(member: str) -> None:
    with pytest.raises(Refused, match="is for no known place"):
        SCHEME.place_of(f"My_Package-1.0.data/{member}", INFO)


@pytest.mark.parametrize("name", ["python", "python3", "python3.12", "python3.9"])
def test_no_program_takes_the_place_of_the_interpreter(name: str) -> None:
    with pytest.raises(Refused, match=f"it would replace `bin/{name}` of the environment"):
        SCHEME.program(name)


def test_a_program_may_be_called_much_like_the_interpreter() -> None:
    assert SCHEME.program("python-dotenv") == "app/venv/bin/python-dotenv"
    assert SCHEME.interpreter == "/app/venv/bin/python"
