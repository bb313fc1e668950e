"""What a service says of its image is written down as it was said."""

from __future__ import annotations

from pathlib import Path

import pytest

import ekiben
from ekiben.errors import ServiceError
from ekiben.serving.declare.config import check_config
from ekiben.serving.declare.service import service
from ekiben.serving.describe import describe


def test_steps_are_kept_in_their_order() -> None:
    image = ekiben.images.Image(python_version="3.12", lock_python_packages=False)
    chained = image.system_packages("git", "curl").requirements_file(Path("a.txt")).python_packages("numpy")
    assert chained is image
    image.pyproject_toml().uv_lock().run("true").run_script("a.sh").build_include("data/")
    assert image.facts() == {
        "python_version": "3.12",
        "lock_python_packages": False,
        "steps": [
            ["system_package", "git"],
            ["system_package", "curl"],
            ["requirements_file", "a.txt"],
            ["python_package", "numpy"],
            ["pyproject_toml", "pyproject.toml"],
            ["uv_lock", "uv.lock"],
            ["run", "true"],
            ["run_script", "a.sh"],
            ["include", "data/"],
        ],
    }


def test_what_was_left_out_is_not_said() -> None:
    assert ekiben.images.Image().facts() == {"steps": []}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: ekiben.images.Image(python_version=3.11), "`python_version` of an image is `3.11`, and asks for text"),  # type: ignore[arg-type]
        (lambda: ekiben.images.Image(lock_python_packages="no"), "asks for a truth value"),  # type: ignore[arg-type]
        (lambda: ekiben.images.Image().python_packages(), "names no package"),
        (lambda: ekiben.images.Image().system_packages(["git"]), "is no text"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_image_is_refused_where_it_is_written(make: object, told: str) -> None:
    with pytest.raises(ServiceError, match=told):
        make()  # type: ignore[operator]


def test_the_server_has_no_use_for_the_image_and_its_description_has() -> None:
    image = ekiben.images.Image("python:3.12").python_packages("numpy")

    class Echo:
        @ekiben.api
        def echo(self, text: str) -> str:
            return text

    declared = service(image=image, workers=1)(Echo)
    image.python_packages("pandas")  # a declaration goes on until it is read
    assert dict(declared.config) == {"workers": 1}
    described = describe(declared, "service:Echo")["services"]
    assert isinstance(described, list)
    assert described[0]["image"]["steps"] == [["python_package", "numpy"], ["python_package", "pandas"]]
    assert described[0]["place"].startswith(f"{__file__}:")


def test_anything_else_under_the_key_is_refused() -> None:
    with pytest.raises(ServiceError, match=r"service\.py:1: `image` is `'python:3\.11'`, no `ekiben") as told:
        check_config({"image": "python:3.11"}, "service.py:1")
    assert told.value.hint
