from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.reference import BentoModel
from ekiben.tag import Tag
from tests.store.making import save


class Service:
    """A class with a model."""

    iris = BentoModel("iris:latest")


class Slotted:
    """A class whose instances keep nothing."""

    __slots__ = ()
    iris = BentoModel("iris")


def test_on_the_class_it_is_the_reference_and_needs_no_store() -> None:
    assert isinstance(Service.iris, BentoModel)
    assert Service.iris.tag == Tag("iris")
    assert (str(Service.iris), repr(Service.iris)) == ("iris:latest", "BentoModel('iris:latest')")


def test_on_an_instance_it_is_the_model_resolved_once(store: Store) -> None:
    first = save(store, "iris", "1")
    service = Service()
    assert service.iris == first
    second = save(store, "iris", "2")
    assert service.iris is service.iris
    assert service.iris == first
    assert Service().iris == second


def test_an_instance_without_a_dict_resolves_each_time(store: Store) -> None:
    model: Model = save(store, "iris")
    assert Slotted().iris == model


def test_it_resolves_in_the_store_that_it_is_given(store: Store) -> None:
    model = save(store, "iris")
    assert BentoModel(model.tag).resolve(store) == model
