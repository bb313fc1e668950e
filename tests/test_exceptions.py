from http import HTTPStatus

import pytest

from ekiben import errors, exceptions

# The names of bentoml.exceptions in BentoML 1.4 and the HTTP status of each, for what a service may raise.
STATUS = {
    "BentoMLException": 500,
    "StateException": 400,
    "RemoteException": 500,
    "InvalidArgument": 400,
    "InternalServerError": 500,
    "APIDeprecated": 500,
    "BadInput": 400,
    "NotFound": 404,
    "UnprocessableEntity": 422,
    "ServiceUnavailable": 503,
    "BentoMLConfigException": 500,
    "MissingDependencyException": 500,
    "CloudRESTApiClientError": 500,
    "ImportServiceError": 500,
    "UnservableException": 400,
    "ServerStateException": 400,
}


@pytest.mark.parametrize(("name", "status"), STATUS.items())
def test_every_name_of_bentoml_is_there_with_its_status(name: str, status: int) -> None:
    exception = getattr(exceptions, name)("why")
    assert exception.http_status == status
    assert isinstance(exception, exceptions.BentoMLException)
    assert str(exception) == "why"


def test_all_names_are_listed() -> None:
    assert set(exceptions.__all__) == {*STATUS, "CLIException"}


def test_catching_bentomls_name_catches_what_ekiben_raises() -> None:
    with pytest.raises(exceptions.NotFound):
        raise errors.ModelNotFound("no model")
    with pytest.raises(exceptions.InvalidArgument):
        raise errors.BadInput("no number")


def test_a_subclass_written_for_bentoml_says_its_status_by_error_code() -> None:
    class Teapot(exceptions.BentoMLException):
        error_code = HTTPStatus.IM_A_TEAPOT

    assert Teapot("short and stout").http_status == 418
