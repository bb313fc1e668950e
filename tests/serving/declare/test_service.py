"""`@service` and what it keeps."""

import pytest

import ekiben
from ekiben.errors import NotActedOn, ServiceError
from ekiben.serving.declare.service import Service, service
from ekiben.store.reference import BentoModel


class Doubler:
    """Doubles numbers."""

    model = BentoModel("iris:latest")

    @ekiben.api
    def double(self, x: int) -> int:
        return 2 * x


def test_a_decorated_class_makes_instances_for_plain_use() -> None:
    assert service(Doubler)().double(4) == 8


def test_the_decorator_works_with_and_without_arguments() -> None:
    plain = service(Doubler)
    named = service(name="twice", workers=2)(Doubler)
    assert (plain.name, dict(plain.config)) == ("Doubler", {})
    assert (named.name, dict(named.config)) == ("twice", {"workers": 2})


def test_the_public_name_is_the_decorator() -> None:
    assert isinstance(ekiben.service(Doubler), ekiben.Service)


def test_what_is_declared_can_be_read() -> None:
    declared = service(Doubler)
    assert list(declared.endpoints) == ["double"]
    assert [str(one) for one in declared.models] == ["iris:latest"]
    assert declared.import_string.endswith(":Doubler")
    assert declared.doc == "Doubles numbers."


def test_a_description_goes_before_the_docstring() -> None:
    assert service(description="other words")(Doubler).doc == "other words"


def test_models_of_base_classes_count_and_are_overridden() -> None:
    class Other(Doubler):
        model = BentoModel("iris:v2")
        second = BentoModel("tickets")

    assert [str(one) for one in service(Other).models] == ["iris:v2", "tickets:latest"]


def test_configuration_is_kept_as_it_was_declared() -> None:
    assert service(workers="cpu_count")(Doubler).config["workers"] == "cpu_count"


def test_a_service_without_an_api_is_refused_with_its_place() -> None:
    class Empty:
        pass

    with pytest.raises(ServiceError, match=r"test_service.py:\d+: the service `Empty` has no API"):
        service(Empty)


def test_only_classes_are_services() -> None:
    with pytest.raises(ServiceError, match="for classes"):
        service(len)  # type: ignore[call-overload]


def test_a_key_that_is_not_acted_on_is_refused_with_its_place() -> None:
    with pytest.raises(NotActedOn, match=r"test_service.py:\d+: `cmd` is not acted on"):
        service(cmd=["run"])(Doubler)


def test_hooks_are_found() -> None:
    class Hooked(Doubler):
        @ekiben.on_startup
        def warm(self) -> None: ...

        @ekiben.on_shutdown
        async def close(self) -> None: ...

    declared: Service = service(Hooked)
    assert (declared.startup_hooks, declared.shutdown_hooks) == (("warm",), ("close",))
