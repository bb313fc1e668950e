"""Images built by a real engine: what they hold, how they run, and what a second build does again."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from ekiben.errors import EngineFailed
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.context import ContextSources, stage_context
from ekiben.packager.image.engines.docker_cli import build_environment, find_docker_cli
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.packager.image.planning import bento_plan
from ekiben.report import Reporter, SilentReporter
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store, open_store
from tests.packager.image.conftest import OURS
from tests.packager.small_bento import save_model, small_bento

pytestmark = pytest.mark.docker

TOKEN = "t0ken-that-no-layer-may-hold"
ENVIRON = {
    **os.environ,
    "PIP_NO_INDEX": "1",
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_PROXY": f"http://user:{TOKEN}@127.0.0.1:9",
}
REFERENCE = f"ekiben-test/small-{os.getpid()}"
START_S = 20.0
SETUP_SCRIPT = '#!/bin/sh\nset -e\ntest -s /run/secrets/ekiben-pip-conf\necho "$GREETING" > /etc/greeting\n'


class Lines(SilentReporter):
    """Keeps what the engine says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def output(self, line: str) -> None:
        self.lines.append(line)


def build(
    store: Store, bento: Bento, base_image: str, name: str = "latest", reporter: Reporter | None = None
) -> BuiltImage:
    """The Bento's image, made by the engine."""
    request = ContainerizeRequest(
        tag=bento.tag,
        image_tags=(f"{REFERENCE}:{name}",),
        engine="docker",
        base_image=base_image,
        labels={OURS: str(os.getpid())},
        progress="plain",
    )
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    return containerize(request, store=store, settings=settings, reporter=reporter or Lines(), environ=ENVIRON)


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store for the image that most tests look at."""
    return open_store(load_settings({"EKIBEN_HOME": str(tmp_path_factory.mktemp("home"))}))


@pytest.fixture(scope="module")
def image(client: docker.DockerClient, shared_store: Store, base_image: str) -> BuiltImage:
    """An image with two models, a setup script and declared variables."""
    bento = small_bento(
        shared_store,
        models=[save_model(shared_store, "iris"), save_model(shared_store, "tickets")],
        setup_script=SETUP_SCRIPT,
        docker_keys={"setup_script": "env/docker/setup_script", "env": {"GREETING": "it's $HOME"}},
        envs=({"name": "MODE", "value": "test", "stage": "runtime"},),
    )
    return build(shared_store, bento, base_image)


@contextmanager
def running(client: docker.DockerClient, image: BuiltImage, *command: str, **options: object) -> Iterator[Container]:
    """A container of the image, gone at the end."""
    container = client.containers.run(image.id, list(command), detach=True, **options)  # type: ignore[call-overload]
    try:
        yield container
    finally:
        container.remove(force=True)


def ask(container: Container, port: int = 3000) -> dict[str, object]:
    """What the small server tells, once it is up."""
    until_s = time.monotonic() + START_S
    while time.monotonic() < until_s:
        container.reload()
        address = container.attrs["NetworkSettings"]["IPAddress"]
        try:
            with urllib.request.urlopen(f"http://{address}:{port}/", timeout=5) as answer:
                told: dict[str, object] = json.load(answer)
                return told
        except OSError:
            time.sleep(0.05)
    raise AssertionError(container.logs().decode())


def output(client: docker.DockerClient, image: BuiltImage, command: str) -> str:
    """What a shell in the image prints."""
    return bytes(client.containers.run(image.id, ["-c", command], entrypoint="sh", remove=True)).decode()


def layers(client: docker.DockerClient, image: BuiltImage) -> list[str]:
    found: list[str] = client.images.get(image.id).attrs["RootFS"]["Layers"]
    return found


@pytest.mark.parametrize("options", [{}, {"user": "4242:7", "read_only": True, "tmpfs": {"/tmp": ""}}])
def test_a_container_answers_as_any_user(
    client: docker.DockerClient, image: BuiltImage, options: dict[str, object]
) -> None:
    with running(client, image, **options) as container:
        told = ask(container)
    assert told["uid"] == (4242 if options else 1034)
    assert told["cwd"] == "/app/bento/src"


def test_its_environment_is_the_declared_one_and_where_things_are(
    client: docker.DockerClient, image: BuiltImage, shared_store: Store
) -> None:
    with running(client, image) as container:
        environ = ask(container)["environ"]
    assert isinstance(environ, dict)
    expected = {
        "GREETING": "it's $HOME",
        "MODE": "test",
        "HOME": "/tmp",
        "EKIBEN_HOME": "/app",
        "EKIBEN_BENTO": "/app/bento",
        "EKIBEN_BENTO_VERSION": shared_store.bentos.get("small").tag.version,
    }
    assert {name: environ.get(name) for name in expected} == expected
    assert environ["PATH"].startswith("/app/venv/bin:/usr")


@pytest.mark.parametrize(("command", "port"), [((), 3000), (("--port", "8080"), 8080)])
def test_the_health_check_finds_the_port(
    client: docker.DockerClient, image: BuiltImage, command: tuple[str, ...], port: int
) -> None:
    check = client.images.get(image.id).attrs["Config"]["Healthcheck"]["Test"]
    assert check[0] == "CMD"
    with running(client, image, *command) as container:
        ask(container, port)
        assert container.exec_run(check[1:]).exit_code == 0


def test_the_health_check_fails_where_nobody_listens(client: docker.DockerClient, image: BuiltImage) -> None:
    assert output(client, image, "python -m ekiben.serving.healthcheck; echo $?") == "1\n"


def test_the_server_is_told_to_stop_by_sigterm(client: docker.DockerClient, image: BuiltImage) -> None:
    config = client.images.get(image.id).attrs["Config"]
    assert config["StopSignal"] == "SIGTERM"
    assert config["Entrypoint"] == ["/app/venv/bin/python", "-m", "ekiben.serving"]
    assert config["Cmd"] is None
    assert config["User"] == "1034"


def test_its_labels_name_bento_and_base(
    client: docker.DockerClient, image: BuiltImage, shared_store: Store, base_image: str
) -> None:
    tag = shared_store.bentos.get("small").tag
    assert client.images.get(image.id).labels == {
        "org.opencontainers.image.title": "small",
        "org.opencontainers.image.version": tag.version,
        "org.opencontainers.image.base.name": base_image,
        "io.ekiben.bento": str(tag),
        OURS: str(os.getpid()),
    }


def test_models_and_source_have_layers_of_their_own(image: BuiltImage, shared_store: Store) -> None:
    models = [str(shared_store.models.resolve(name)).replace(":", "/") for name in ("iris", "tickets")]
    made_by = [layer.created_by.removesuffix(" # buildkit") for layer in image.layers[-3:]]
    assert made_by == [*(f"COPY models/{one} /" for one in models), "COPY bento /app/bento"]


def test_models_lie_where_the_server_looks_without_receipts(
    client: docker.DockerClient, image: BuiltImage, shared_store: Store
) -> None:
    found = output(client, image, "cd /app/models && find . -type f | sort").split()
    versions = {name: shared_store.models.resolve(name).version for name in ("iris", "tickets")}
    files = ("SHA256SUMS", "model.yaml", "weights.bin")
    assert found == [f"./{name}/{version}/{file}" for name, version in versions.items() for file in files]


def test_nothing_that_builds_is_left_in_the_environment(client: docker.DockerClient, image: BuiltImage) -> None:
    site = "/app/venv/lib/python3.11/site-packages"
    assert "pip" not in output(client, image, f"ls {site}").split()
    assert output(client, image, "find /mnt /run/secrets /var/cache/ekiben-pip -type f 2> /dev/null || true") == ""
    assert output(client, image, f"ls {site}/scipy/__pycache__") == "__init__.cpython-311.pyc\n"


def test_code_belongs_to_root_and_nobody_may_write_it(client: docker.DockerClient, image: BuiltImage) -> None:
    assert output(client, image, "find /app ! -user root -o -perm /022 ! -type l") == ""


def test_the_setup_script_ran_in_the_base_with_the_variables(client: docker.DockerClient, image: BuiltImage) -> None:
    assert output(client, image, "cat /etc/greeting") == "it's $HOME\n"


def test_no_layer_and_no_history_holds_a_secret(client: docker.DockerClient, image: BuiltImage) -> None:
    saved = io.BytesIO(b"".join(client.images.get(image.id).save()))
    names = []
    with tarfile.open(fileobj=saved) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            content = stream.read() if stream else b""
            assert TOKEN.encode() not in content, member.name
            if member.name.endswith("layer.tar"):
                with tarfile.open(fileobj=io.BytesIO(content)) as layer:
                    names += layer.getnames()
    assert not [name for name in names if "ekiben-pip-conf" in name or "ekiben-netrc" in name]


def test_an_edit_of_the_source_changes_the_last_layer_alone(
    client: docker.DockerClient, store: Store, base_image: str
) -> None:
    model = save_model(store, "iris")
    before = build(store, small_bento(store, models=[model]), base_image, "before")
    after = build(store, small_bento(store, models=[model], source="class Small: 1\n"), base_image, "after")
    assert layers(client, before)[:-1] == layers(client, after)[:-1]
    assert layers(client, before)[-1] != layers(client, after)[-1]


def test_what_lies_above_a_changed_model_or_wheel_comes_out_the_same(
    client: docker.DockerClient, store: Store, base_image: str
) -> None:
    def new() -> str:
        """A content that no earlier run has left in the engine's cache."""
        return f"x = {os.urandom(8)!r}\n"

    iris, tickets, light = save_model(store, "iris", new()), save_model(store, "tickets", new()), new()
    bento = small_bento(store, models=[iris, tickets], heavy=new(), light=light)
    before = layers(client, build(store, bento, base_image, "before"))
    time.sleep(1.1)  # layers hold whole seconds
    newer = save_model(store, "iris", new())
    bento = small_bento(store, models=[newer, tickets], heavy=new(), light=light)
    after = layers(client, build(store, bento, base_image, "after"))
    is_same = [old == now for old, now in zip(before, after, strict=True)]
    _, heavy, rest, runtime, first, second, source = is_same[-7:]
    assert (heavy, first, source) == (False, False, False)
    assert (rest, runtime, second) == (True, True, True)


def test_models_are_not_sent_again(client: docker.DockerClient, store: Store, base_image: str) -> None:
    model = save_model(store, "big", os.urandom(2_000_000).hex())
    build(store, small_bento(store, models=[model]), base_image, "before")
    reporter = Lines()
    build(store, small_bento(store, models=[model], source="class Small: 1\n"), base_image, "after", reporter)
    sent = [line.partition("transferring context: ")[2] for line in reporter.lines if "transferring context" in line]
    assert sent
    assert not [amount for amount in sent if "MB" in amount]


def test_another_version_of_python_is_said_in_words(store: Store, base_image: str) -> None:
    bento = small_bento(store, docker_keys={"python_version": "3.12"})
    with pytest.raises(EngineFailed, match=r"^the python3 of the base image is not 3\.12$"):
        build(store, bento, base_image)


def test_a_wheel_that_is_not_the_locked_one_is_refused(store: Store, base_image: str) -> None:
    bento = small_bento(store, lock=f"light==2.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(EngineFailed, match="DO NOT MATCH THE HASHES") as caught:
        build(store, bento, base_image)
    assert "another file than was locked" in (caught.value.hint or "")


def test_ctrl_c_ends_the_build_and_leaves_nothing(store: Store, base_image: str) -> None:
    script = f"#!/bin/sh\necho started {os.urandom(8).hex()}\nsleep 300\n"
    bento = small_bento(store, setup_script=script, docker_keys={"setup_script": "env/docker/setup_script"})
    ekiben = [sys.executable, "-m", "ekiben.cli"]
    command = [*ekiben, "containerize", str(bento.tag), "--base", base_image, "--progress", "plain"]
    environ = {**ENVIRON, "EKIBEN_HOME": str(store.home)}
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("started" in line and "echo" not in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130, said
    assert "was stopped" in said
    assert list(store.layout.tmp.glob("*")) == []


def test_the_containerfile_builds_by_hand_without_secrets(
    client: docker.DockerClient, store: Store, base_image: str, tmp_path: Path
) -> None:
    bento = small_bento(store, docker_keys={"env": {"PIP_NO_INDEX": "1"}})
    stage_context(bento_plan(bento, base_image=base_image), ContextSources(bento.path, {}), tmp_path)
    label = f"--label={OURS}={os.getpid()}"
    command = [
        str(find_docker_cli(os.environ).path),
        "build",
        label,
        f"--tag={REFERENCE}:by-hand",
        "--file=Containerfile",
    ]
    subprocess.run([*command, "."], cwd=tmp_path, env=build_environment(os.environ), check=True, capture_output=True)
    assert client.images.get(f"{REFERENCE}:by-hand").attrs["Config"]["User"] == "1034"
