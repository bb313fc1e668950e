"""Several indexes, each for what it is for: asked in order, with logins of their own, some packages from one alone."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.errors import LockError
from ekiben.packager.lock.indexes import (
    TORCH_INDEX_VARIABLE,
    Index,
    Rules,
    index_rows,
    indexes_of,
    only_from,
    strays,
    torch_backend,
    torch_index,
)
from ekiben.packager.lock.request import Lock, LockRequest, LockTool
from ekiben.packager.lock.resolve import lock_requirements
from tests.packager.lock.local_index import LocalIndex, RecordingReporter, guarded

# keyring's command as both tools call it: `keyring get URL USER`, and newer pip with `--mode=creds --output=json`.
KEYRING = """#!/bin/sh
for last; do :; done
[ "$last" = me ] || exit 1
case "$1" in
    --mode=creds) echo '{"username": "me", "password": "s3cret-word"}' ;;
    get) echo s3cret-word ;;
esac
"""


@pytest.fixture
def other(tmp_path: Path) -> LocalIndex:
    """A second index."""
    return LocalIndex(tmp_path / "other")


@pytest.fixture
def asked(project: Path, index: LocalIndex) -> LockRequest:
    """A request for `app` of the first index."""
    return LockRequest(requirements=("app",), project=project, python="3.11", index_url=index.url)


class Locker:
    """Locks into a cache of its own."""

    def __init__(self, cache: Path, environ: dict[str, str]) -> None:
        self.cache = cache
        self.environ = environ
        self.reporter = RecordingReporter()

    def __call__(self, request: LockRequest, **variables: str) -> Lock:
        environ = {**self.environ, **variables}
        return lock_requirements(request, cache=self.cache, reporter=self.reporter, environ=environ)


@pytest.fixture
def locker(tmp_path: Path, environ: dict[str, str]) -> Locker:
    return Locker(tmp_path / "cache", environ)


def pins(lock: Lock) -> list[str]:
    return [f"{package.name}=={package.version}" for package in lock.packages]


def test_the_best_version_of_any_index_is_taken_unless_the_first_is_asked_for(
    index: LocalIndex, other: LocalIndex, asked: LockRequest, locker: Locker
) -> None:
    index.add("app", "2.0")
    other.add("app", "1.0")
    first = Index("first", other.url)
    assert pins(locker(replace(asked, rules=Rules((first,))))) == ["app==2.0"]
    assert pins(locker(replace(asked, rules=Rules((first,), strategy="first-index")))) == ["app==1.0"]


def test_a_package_that_an_index_has_for_itself_comes_from_nowhere_else(
    index: LocalIndex, other: LocalIndex, asked: LockRequest, locker: Locker
) -> None:
    index.add("app", "1.0", requires=["nvidia-x", "torch"])
    wanted = {name: other.add(name, "1.0+cpu") for name in ("torch", "nvidia-x")}
    index.add("torch", "9.0", requires=["nvidia-y"], note="from the wrong index")
    index.add("nvidia-x", "9.0", note="from the wrong index")
    other.add("nvidia-y", "1.0", note="what only the wrong torch needs")
    other.add("app", "7.0", note="not asked for here")
    lock = locker(replace(asked, rules=Rules((Index("accelerated", other.url, ("torch", "nvidia-*")),))))
    assert pins(lock) == ["app==1.0", "nvidia-x==1.0+cpu", "torch==1.0+cpu"]
    assert {one.name: one.hashes for one in lock.packages if one.name != "app"} == {
        name: (digest,) for name, digest in wanted.items()
    }


def test_what_an_index_has_not_for_itself_is_told_as_asked_for(
    other: LocalIndex, asked: LockRequest, locker: Locker
) -> None:
    other.add("another", "1.0")
    with pytest.raises(LockError, match=r"app was not found in the package registry and you require app,"):
        locker(replace(asked, rules=Rules((Index("own", other.url, ("app",)),))))


def test_another_rule_is_another_lock(index: LocalIndex, asked: LockRequest, locker: Locker) -> None:
    index.add("app", "1.0")
    index.add("app", "2.0rc1")
    assert pins(locker(asked)) == ["app==1.0"]
    assert pins(locker(replace(asked, rules=Rules(allow_prereleases=True)))) == ["app==2.0rc1"]


@pytest.mark.parametrize("tool", ["uv", "pip-tools"])
def test_prereleases_and_wheels_alone_are_for_both_tools(
    index: LocalIndex, asked: LockRequest, locker: Locker, tool: LockTool
) -> None:
    index.add("app", "1.0")
    index.add("app", "2.0rc1")
    rules = Rules(allow_prereleases=True, only_binary=(":all:",))
    assert pins(locker(replace(asked, tool=tool, rules=rules))) == ["app==2.0rc1"]


@pytest.mark.parametrize("tool", ["uv", "pip-tools"])
def test_an_index_is_given_its_own_login_from_the_environment(
    index: LocalIndex, asked: LockRequest, locker: Locker, tool: LockTool
) -> None:
    index.add("app", "1.0")
    with guarded(index, user="me", password="p@ss/word-s3cret") as port:
        named = Index("my-index", f"http://127.0.0.1:{port}/simple")
        request = replace(asked, tool=tool, index_url=None, no_index=False, rules=Rules((named,)))
        login = {"UV_INDEX_MY_INDEX_USERNAME": "me", "UV_INDEX_MY_INDEX_PASSWORD": "p@ss/word-s3cret"}
        default = {"PIP_INDEX_URL": LocalIndex(asked.project / "empty").url}
        lock = locker(request, **login, **default)
        kept = "".join(path.read_text() for path in locker.cache.rglob("*.json"))
        wrong = {**login, "UV_INDEX_MY_INDEX_PASSWORD": "wr0ng-s3cret", "UV_NO_CACHE": "1"}
        with pytest.raises(LockError) as caught:
            locker(replace(request, requirements=("app>=1",)), **wrong, **default)
    assert pins(lock) == ["app==1.0"]
    told = f"{kept} {caught.value} {caught.value.hint} {locker.reporter.infos} {locker.reporter.warnings}"
    assert "s3cret" not in told


def test_an_index_for_some_packages_is_given_its_login_too(
    index: LocalIndex, other: LocalIndex, asked: LockRequest, locker: Locker
) -> None:
    index.add("app", "1.0", requires=["inner"])
    other.add("inner", "1.0")
    with guarded(other, user="me", password="s3cret") as port:
        inner = Index("inner.index", f"http://127.0.0.1:{port}/simple", ("inner",))
        login = {"UV_INDEX_INNER_INDEX_USERNAME": "me", "UV_INDEX_INNER_INDEX_PASSWORD": "s3cret"}
        assert pins(locker(replace(asked, rules=Rules((inner,))), **login)) == ["app==1.0", "inner==1.0"]


@pytest.mark.parametrize("tool", ["uv", "pip-tools"])
def test_a_keyring_is_asked_for_the_password_of_a_user(
    index: LocalIndex, asked: LockRequest, locker: Locker, tool: LockTool, tmp_path: Path
) -> None:
    index.add("app", "1.0")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "keyring").write_text(KEYRING)
    (programs / "keyring").chmod(0o755)
    with guarded(index, user="me", password="s3cret-word") as port:
        named = Index("mine", f"http://127.0.0.1:{port}/simple")
        variables = {"PATH": f"{programs}:{locker.environ['PATH']}", "UV_INDEX_MINE_USERNAME": "me"}
        configured = {"PIP_KEYRING_PROVIDER": "subprocess", "PIP_INDEX_URL": LocalIndex(tmp_path / "empty").url}
        lock = locker(replace(asked, tool=tool, index_url=None, rules=Rules((named,))), **variables, **configured)
    assert pins(lock) == ["app==1.0"]
    assert "s3cret" not in "".join(path.read_text() for path in locker.cache.rglob("*.json"))


def test_the_build_of_torch_comes_from_the_index_that_the_machine_names(
    index: LocalIndex, other: LocalIndex, asked: LockRequest, locker: Locker
) -> None:
    index.add("app", "1.0", requires=["torch"])
    index.add("torch", "2.0")
    other.simple.rename(other.simple.with_name("cpu"))
    other.simple = other.simple.with_name("cpu")
    other.add("torch", "2.0+cpu")
    request = replace(asked, rules=Rules(torch="cpu"))
    lock = locker(request, **{TORCH_INDEX_VARIABLE: f"{other.simple.parent.as_uri()}/"})
    assert pins(lock) == ["app==1.0", "torch==2.0+cpu"]


@pytest.mark.parametrize(
    ("declared", "cuda", "backend"),
    [(None, "12.4.1", None), ("cpu", "12.4.1", "cpu"), ("auto", "12.4.1", "cu124"), ("auto", None, "cpu"),
     ("auto", "12", "cpu"), ("cu118", None, "cu118")],
)  # fmt: skip
def test_auto_is_the_images_cuda_and_not_the_machines(
    declared: str | None, cuda: str | None, backend: str | None
) -> None:
    assert torch_backend(declared, cuda) == backend


def test_an_index_of_pytorch_that_does_not_answer_can_be_another(asked: LockRequest, locker: Locker) -> None:
    request = replace(asked, requirements=("torch",), rules=Rules(torch="cpu"))
    with pytest.raises(LockError) as caught:
        locker(request, HTTPS_PROXY="http://127.0.0.1:1")
    assert TORCH_INDEX_VARIABLE in (caught.value.hint or "")


def test_without_an_index_of_the_machine_uv_is_to_know_one() -> None:
    assert torch_index("cpu", {}) is None
    assert torch_index("", {TORCH_INDEX_VARIABLE: "https://index.example"}) is None
    rules = Rules(torch="cpu")
    assert rules.on_this_machine({}) == rules


def test_a_project_for_uv_keeps_a_package_to_its_index() -> None:
    own = Index("own", "https://index.example/simple", ("torch",))
    document = tomllib.loads(
        only_from(["App", "torch>=2 ; os_name == 'posix'"], [own, Index("any", "https://index.example/any")])
    )
    assert document["project"]["dependencies"] == ["App", "torch>=2 ; os_name == 'posix'"]
    assert document["tool"]["uv"]["sources"] == {"torch": {"index": "own"}}
    assert document["tool"]["uv"]["index"] == [{"name": "own", "url": own.url, "explicit": True}]


def test_what_nobody_asked_for_directly_strays() -> None:
    own = Index("own", "https://index.example", ("torch", "nvidia-*"))
    assert strays(["app", "torch", "nvidia-a", "nvidia-b"], ["app", "Nvidia_A==1"], [own]) == ["nvidia-b", "torch"]
    assert strays(["app"], ["app"], [own]) == []


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "https://index.example/simple"),
        ({"UV_INDEX_A_B_USERNAME": "u"}, "https://u@index.example/simple"),
        ({"UV_INDEX_A_B_PASSWORD": "p@/"}, "https://:p%40%2F@index.example/simple"),
        ({"UV_INDEX_A_B_USERNAME": "u:", "UV_INDEX_A_B_PASSWORD": "p"}, "https://u%3A:p@index.example/simple"),
        ({"UV_INDEX_OTHER_PASSWORD": "p"}, "https://index.example/simple"),
    ],
)
def test_a_login_stands_in_the_url_in_quoted_form(environ: dict[str, str], url: str) -> None:
    assert Index("a-b", "https://index.example/simple").url_with_login(environ) == url


def test_a_receipt_names_indexes_without_logins() -> None:
    index = Index("a", "https://index.example", ("x",))
    assert indexes_of(index_rows([index])) == (replace(index, packages=()),)
    assert indexes_of([{"name": "a"}, "b", None]) == ()
    assert indexes_of("nothing") == ()
