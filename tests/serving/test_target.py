"""What a command line or the environment asks to serve."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ekiben.errors import PathNotFound, UsageError
from ekiben.serving.options import Arguments, ServeOptions
from ekiben.serving.target import Target, resolve_target


def arguments(**given: object) -> Arguments:
    """A command line with these parts."""
    target, service = given.get("target"), given.get("service")
    bento, root = given.get("bento"), given.get("root")
    return Arguments(
        ServeOptions(),
        target=None if target is None else str(target),
        bento=bento if isinstance(bento, Path) else None,
        service=None if service is None else str(service),
        root=root if isinstance(root, Path) else None,
    )


@pytest.fixture
def bento(tmp_path: Path) -> Path:
    """The folder of a Bento with two services, as it lies in an image: no receipt, no checksums."""
    services = [{"name": "Iris", "service": "service:Iris"}, {"name": "Words", "service": "words:Words"}]
    folder = tmp_path / "bento"
    (folder / "src").mkdir(parents=True)
    content = {"service": "service:Iris", "name": "iris", "services": services}
    (folder / "bento.yaml").write_text(yaml.safe_dump(content))
    return folder


def test_a_project_is_named_by_import_string_and_root(tmp_path: Path) -> None:
    target = resolve_target(arguments(target="service:Iris", root=tmp_path), {})
    assert target == Target("service:Iris", tmp_path)


def test_a_folder_with_a_bento_is_served(bento: Path) -> None:
    expected = Target("service:Iris", bento / "src", bento=bento, other_services=("Words",))
    assert resolve_target(arguments(target=bento), {}) == expected
    assert resolve_target(arguments(bento=bento), {}) == expected


def test_the_environment_names_the_bento_of_an_image(bento: Path) -> None:
    target = resolve_target(arguments(), {"EKIBEN_BENTO": str(bento)})
    assert (target.bento, target.is_image) == (bento, True)


def test_what_is_asked_for_beats_the_environment(bento: Path, tmp_path: Path) -> None:
    target = resolve_target(arguments(target="other:Svc", root=tmp_path), {"EKIBEN_BENTO": str(bento)})
    assert (target.service, target.bento) == ("other:Svc", None)


def test_one_of_several_services_is_chosen_by_name(bento: Path) -> None:
    target = resolve_target(arguments(bento=bento, service="Words"), {})
    assert (target.service, target.other_services) == ("words:Words", ("Iris",))
    assert (target.member, target.is_alone) == ("Words", True)


def test_a_service_that_the_bento_lacks_is_refused_with_the_nearest(bento: Path) -> None:
    with pytest.raises(UsageError, match="no service `Wrods`") as caught:
        resolve_target(arguments(bento=bento, service="Wrods"), {})
    assert caught.value.hint == "did you mean `Words`?"


def test_a_built_bento_tells_its_version(bento: Path) -> None:
    receipt = {
        "tag": "iris:abc",
        "digest": f"sha256:{'0' * 64}",
        "created": "2026-01-01T00:00:00+00:00",
        "size_bytes": 1,
    }
    (bento / "receipt.yaml").write_text(yaml.safe_dump(receipt))
    assert resolve_target(arguments(bento=bento), {}).version == "abc"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"target": "a:B", "service": "c:D"},
        {"target": "a:B", "bento": Path("x")},
    ],
)
def test_nothing_or_too_much_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        resolve_target(arguments(**given), {})


def test_a_folder_without_a_bento_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PathNotFound, match=r"has no bento\.yaml"):
        resolve_target(arguments(target=tmp_path), {})


def test_the_version_of_an_image_comes_from_the_environment(bento: Path) -> None:
    environ = {"EKIBEN_BENTO": str(bento), "EKIBEN_BENTO_VERSION": "abcdefgh"}
    assert resolve_target(arguments(), environ).version == "abcdefgh"


def test_a_bento_brings_the_variables_that_its_image_sets(bento: Path) -> None:
    content = yaml.safe_load((bento / "bento.yaml").read_text())
    content["docker"] = {"env": {"MODE": "fast", "LEVEL": "1"}}
    content["envs"] = [{"name": "LEVEL", "value": "2"}, {"name": "TOKEN", "value": ""}]
    (bento / "bento.yaml").write_text(yaml.safe_dump(content))
    assert resolve_target(arguments(bento=bento), {}).variables == {"MODE": "fast", "LEVEL": "2"}
