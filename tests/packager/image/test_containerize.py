"""From a Bento to what the engine is asked to build; what is refused before it is asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from ekiben.errors import DamagedItem, EkibenError, EngineFailed, ImageError, Interrupted, ModelNotFound, UsageError
from ekiben.packager.image.containerize import ContainerizeRequest, containerize, image_references
from ekiben.packager.image.engines.engine import BuildJob, BuiltImage
from ekiben.packager.image.planning import bento_containerfile
from ekiben.report import BYTES, Reporter, SilentReporter, Task
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from ekiben.tag import Tag
from tests.packager.small_bento import save_model, small_bento

OFFLINE = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}


@dataclass
class FakeEngine:
    """Looks at the job while its context is there, and builds nothing."""

    error: BaseException | None = None
    jobs: list[BuildJob] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)

    def check(self) -> str:
        return "fake 1.0"

    def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        self.jobs.append(job)
        self.files = {path.relative_to(job.context).as_posix() for path in job.context.rglob("*") if path.is_file()}
        self.texts = {secret.name: secret.path.read_text() for secret in job.secrets}
        if self.error:
            raise self.error
        return BuiltImage(id="sha256:0", references=job.references, size_bytes=1, layers=(), engine="fake")


def run(
    store: Store,
    bento: Bento,
    engine: FakeEngine | None = None,
    environ: Mapping[str, str] | None = None,
    reporter: Reporter | None = None,
    **asked: object,
) -> BuiltImage:
    """The Bento made into an image by `engine`, by the real one where there is none."""
    request = ContainerizeRequest(tag=bento.tag, **asked)  # type: ignore[arg-type]
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    environ = {**os.environ, **OFFLINE} if environ is None else environ
    return containerize(
        request, store=store, settings=settings, reporter=reporter or SilentReporter(), environ=environ, engine=engine
    )


def test_the_engine_is_handed_context_references_labels_and_secrets(store: Store) -> None:
    engine = FakeEngine()
    bento = small_bento(store, models=[save_model(store, "iris")])
    image = run(store, bento, engine, image_tags=("example.org/iris",), options=("network=host",), labels={"a": "b"})
    (job,) = engine.jobs
    assert image.references == ("example.org/iris:latest",)
    assert job.context.name == "small"
    assert job.containerfile == job.context / "Containerfile"
    assert job.platform == "linux/amd64"
    assert job.labels == {
        "org.opencontainers.image.version": bento.tag.version,
        "io.ekiben.bento": str(bento.tag),
        "a": "b",
    }
    assert job.options == (("build-arg", f"EKIBEN_BENTO_VERSION={bento.tag.version}"), ("network", "host"))
    assert engine.texts["ekiben-pip-conf"].startswith("[global]\nno-index = true\n")


def test_nothing_is_left_behind(store: Store) -> None:
    run(store, small_bento(store), FakeEngine())
    assert list(store.layout.tmp.glob("*")) == []


@pytest.mark.parametrize(
    ("error", "raised"),
    [(EngineFailed("x"), EngineFailed), (KeyboardInterrupt(), Interrupted)],
    ids=["failed", "ctrl-c"],
)
def test_nothing_is_left_behind_by_a_build_that_ends_early(
    store: Store, error: BaseException, raised: type[EkibenError]
) -> None:
    with pytest.raises(raised):
        run(store, small_bento(store), FakeEngine(error))
    assert list(store.layout.tmp.glob("*")) == []


def test_a_model_that_left_the_store_is_named(store: Store) -> None:
    model = save_model(store, "iris")
    bento = small_bento(store, models=[model])
    store.models.delete(model.tag, force=True)
    with pytest.raises(ModelNotFound, match=f"the Bento needs model `{model.tag}`"):
        run(store, bento, FakeEngine())


def test_a_model_whose_address_changed_is_refused(store: Store) -> None:
    model = save_model(store, "iris")
    bento = small_bento(store, models=[model])
    model.path_of("SHA256SUMS").write_text("")
    with pytest.raises(DamagedItem, match=f"model `{model.tag}` is not what"):
        run(store, bento, FakeEngine())


def test_a_bento_whose_address_changed_is_refused(store: Store) -> None:
    bento = small_bento(store)
    bento.path_of("SHA256SUMS").write_text("")
    with pytest.raises(DamagedItem, match=f"Bento `{bento.tag}` is not what"):
        run(store, bento, FakeEngine())


def test_a_bento_without_its_server_is_refused(store: Store) -> None:
    bento = small_bento(store)
    next(bento.path_of("env/python/wheels").glob("ekiben_runtime-*.whl")).unlink()
    with pytest.raises(DamagedItem, match=r"has no .* or not one"):
        run(store, bento, FakeEngine())


def test_a_platform_that_the_lock_is_not_for_is_refused(store: Store) -> None:
    with pytest.raises(ImageError, match="is locked for `linux/amd64`, not for `linux/arm64`"):
        run(store, small_bento(store), FakeEngine(), platforms=("linux/arm64",))


@pytest.mark.parametrize("platform", ["", "amd64", "linux/amd64 --push", "windows/amd64", "linux/amd64,"])
def test_a_text_that_is_no_platform_is_a_wrong_argument(store: Store, platform: str) -> None:
    with pytest.raises(UsageError, match="is no platform"):
        run(store, small_bento(store), FakeEngine(), platforms=(platform,))


def test_the_bentofiles_indexes_are_kept_by_the_receipt_and_handed_over(store: Store) -> None:
    engine = FakeEngine()
    indexes = {"index_url": "https://a.example.org/simple", "extra_index_url": ["https://b.example.org/simple"]}
    run(store, small_bento(store, receipt={"indexes": indexes}), engine, environ={"PIP_CONFIG_FILE": os.devnull})
    assert "index-url = https://a.example.org/simple\n" in engine.texts["ekiben-pip-conf"]
    assert "extra-index-url = https://b.example.org/simple\n" in engine.texts["ekiben-pip-conf"]


def test_named_indexes_are_handed_over_with_their_logins_and_files_of_torch_by_their_urls(store: Store) -> None:
    engine = FakeEngine()
    indexes = {
        "indexes": [{"name": "team", "url": "https://index.example/team", "packages": ["a"]}],
        "torch": "cpu",
        "torch_files": ["https://index.example/torch-1.0%2Bcpu-py3-none-any.whl"],
    }
    environ = {
        "PIP_CONFIG_FILE": os.devnull,
        "UV_INDEX_TEAM_USERNAME": "me",
        "UV_INDEX_TEAM_PASSWORD": "s3cret",
        "EKIBEN_TORCH_INDEX": "https://index.example/torch",
    }
    run(store, small_bento(store, receipt={"indexes": indexes}), engine, environ=environ)
    told = engine.texts["ekiben-pip-conf"]
    assert "extra-index-url = https://me:s3cret@index.example/team https://index.example/torch/cpu\n" in told
    assert "find-links = https://index.example/torch-1.0%2Bcpu-py3-none-any.whl\n" in told


def test_an_image_is_called_as_the_bento_unless_named() -> None:
    tag = Tag("iris", "1.0")
    assert image_references((), tag) == ("iris:1.0",)
    assert image_references(("a", "a:latest", "host:5000/b/c", "host:5000/b:2"), tag) == (
        "a:latest",
        "host:5000/b/c:latest",
        "host:5000/b:2",
    )


@pytest.mark.parametrize("text", ["", "UPPER", "a b", "--push", "a:b:c", "a\nb", "a@sha256:" + "0" * 64, "/a", "a:"])
def test_a_text_that_is_no_image_name_is_a_wrong_argument(text: str) -> None:
    with pytest.raises(UsageError):
        image_references((text,), Tag("iris", "1.0"))


def test_a_bento_or_model_whose_bytes_changed_makes_no_image(store: Store) -> None:
    model = save_model(store, "iris")
    bento = small_bento(store, models=[model])
    for changed in (model.path / "weights.bin", bento.path / "src/service.py"):
        content = changed.read_bytes()
        changed.write_bytes(content + b"x")
        with pytest.raises(DamagedItem, match=f"{changed.name}`"):
            run(store, bento, FakeEngine())
        changed.write_bytes(content)


@dataclass
class Bystander(SilentReporter):
    """Does something once the bytes have been checked."""

    act: Callable[[], object]

    @contextmanager
    def task(self, name: str, total: int | None = None, unit: str = BYTES) -> Iterator[Task]:
        with super().task(name, total) as task:
            yield task
        self.act()


def test_what_is_made_anew_once_it_was_checked_makes_no_image(store: Store) -> None:
    def replace_bento() -> None:
        store.bentos.delete(bento.tag)
        other.path.rename(bento.path)

    def replace_model() -> None:
        store.models.delete(model.tag, force=True)
        save_model(store, "iris:v1", "other weights")

    model = save_model(store, "iris:v1")
    bento, other = small_bento(store), small_bento(store, source="import os\n")
    engine = FakeEngine()
    with pytest.raises(DamagedItem, match=f"model `{model.tag}` is not what"):
        run(store, small_bento(store, models=[model]), engine, reporter=Bystander(replace_model))
    with pytest.raises(DamagedItem, match=f"Bento `{bento.tag}` is not what"):
        run(store, bento, engine, reporter=Bystander(replace_bento))
    assert engine.jobs == []


def test_a_variable_of_the_build_that_the_bento_only_declares_is_a_secret(store: Store) -> None:
    envs = ({"name": "TOKEN", "value": "", "stage": "build"}, {"name": "EARLY", "value": "e", "stage": "build"})
    bento, engine = small_bento(store, envs=envs), FakeEngine()
    run(store, bento, engine, environ={**OFFLINE, "TOKEN": "hunter2"})
    assert engine.texts["ekiben-env"] == "export TOKEN=hunter2\n"
    assert "setup/build-env" in engine.files


def test_a_template_of_the_bento_is_filled_in_anew(store: Store) -> None:
    template = "{% extends bento_base_template %}{% block SETUP_BENTO_USER %}RUN echo mine{% endblock %}"
    keys = {"dockerfile_template": "env/docker/Dockerfile.template"}
    bento = small_bento(store, template=template, docker_keys=keys)
    assert "\nRUN echo mine\n" in bento_containerfile(bento)
    with pytest.raises(DamagedItem, match=r"has no env/docker/Dockerfile\.template that can be read"):
        bento_containerfile(small_bento(store, docker_keys=keys))
