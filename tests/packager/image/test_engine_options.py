"""What the options of builds do, by each engine that runs a Containerfile: arguments, secrets, SSH, cache and pull."""

from __future__ import annotations

import os
import subprocess
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import docker
import pytest

from ekiben.oci.appending import AddedLayer, ConfigChanges, append_layers
from ekiben.oci.blobs import BlobStore
from ekiben.oci.entries import Entry
from ekiben.oci.reference import Reference
from ekiben.oci.registry.registry import Registry
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.settings import load_settings
from ekiben.store.local import Store
from tests.oci.registry.real_registry import RealRegistry
from tests.packager.conftest import Recorder
from tests.packager.image.conftest import OURS
from tests.packager.image.podman_storage import run_in, say
from tests.packager.small_bento import small_bento

pytestmark = pytest.mark.docker

TOLD = """\
ARG COLOUR=none
RUN --mount=type=secret,id=token wc -c < /run/secrets/token > /etc/length && echo "$COLOUR" > /etc/colour
"""
# Asks the agent for its keys (draft-miller-ssh-agent, 3.5): the base has no ssh.
ASK = (
    "import base64, os, socket; agent = socket.socket(socket.AF_UNIX); agent.connect(os.environ['SSH_AUTH_SOCK']);"
    " agent.sendall(bytes([0, 0, 0, 1, 11])); answer = agent.makefile('rb');"
    " keys = answer.read(int.from_bytes(answer.read(4), 'big')); open('/etc/keys', 'wb').write(base64.b64encode(keys))"
)
KEYS = f'RUN --mount=type=ssh python3 -c "{ASK}"\n'
ONCE = "RUN cat /proc/sys/kernel/random/uuid > /etc/once\n"


WHICH = "RUN if test -e /etc/patch; then echo new; else echo old; fi > /etc/which\n"


@dataclass(frozen=True)
class Runner:
    """An engine that runs Containerfiles, on the test's store."""

    name: str
    store: Store
    base: str
    environ: Mapping[str, str]
    client: docker.DockerClient
    reporter: Recorder

    def build(self, lines: str, *options: str, base: str | None = None, use_cache: bool = True) -> BuiltImage:
        """An image with these lines of a template."""
        block = "SETUP_BENTO_COMPONENTS"
        added = f"{{% block {block} %}}\n{{{{ super() }}}}\n{lines}{{% endblock %}}\n"
        bento = small_bento(
            self.store,
            template="{% extends bento_base_template %}\n" + added,
            docker_keys={"dockerfile_template": "env/docker/Dockerfile.template"},
        )
        request = ContainerizeRequest(
            tag=bento.tag,
            image_tags=(f"ekiben-test/options-{self.name}-{os.getpid()}",),
            engine=self.name,
            base_image=base or self.base,
            labels={OURS: str(os.getpid())},
            options=options,
            use_cache=use_cache,
            progress="plain",
        )
        settings = load_settings({"EKIBEN_HOME": str(self.store.home)})
        return containerize(request, store=self.store, settings=settings, reporter=self.reporter, environ=self.environ)

    def read(self, image: BuiltImage, path: str) -> str:
        """A file of the image."""
        if self.name == "docker":
            return bytes(self.client.containers.run(image.id, [path], entrypoint="cat", remove=True)).decode()
        return run_in(self.environ, image, "cat", path)

    def pull(self, reference: str) -> None:
        """Fetches an image, as a build without `--pull` will take it."""
        if self.name == "docker":
            self.client.images.pull(reference)
        else:
            say(self.environ, "podman", "pull", "--quiet", "--tls-verify=false", reference)


@pytest.fixture(params=["docker", "podman", "buildah"])
def runner(
    request: pytest.FixtureRequest,
    store: Store,
    base_image: str,
    podman_environ: Mapping[str, str],
    client: docker.DockerClient,
    reporter: Recorder,
) -> Runner:
    """Each of the engines."""
    environ = {**podman_environ, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    return Runner(str(request.param), store, base_image, environ, client, reporter)


@pytest.fixture(scope="module")
def shared(
    client: docker.DockerClient, base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealRegistry]:
    """A registry that has the base image as `base:old`, and as `base:new` with a layer on top."""
    registry, folder = RealRegistry(tmp_path_factory.mktemp("registry")), tmp_path_factory.mktemp("blobs")
    registry.start()
    name = f"{registry.host}/base"
    client.images.get(base_image).tag(name, "old")
    client.images.push(name, "old")
    client.images.remove(f"{name}:old")
    over = Registry.open(registry.host, environ={})
    old, blobs = over.get_image(Reference.parse(f"{name}:old")), BlobStore(folder)
    layer = AddedLayer(blobs.make_layer([Entry.file("etc/patch", b"")]), "patch")
    over.push_image(append_layers(old, [layer], blobs, ConfigChanges()), Reference.parse(f"{name}:new"))
    yield registry
    for image in client.images.list():
        for tag in (one for one in image.tags if one.startswith(f"{registry.host}/")):
            client.images.remove(tag)
    registry.kill()


def move_tag(registry: RealRegistry, name: str, version: str) -> str:
    """Makes the registry's `base:NAME` mean another of its images."""
    over = Registry.open(registry.host, environ={})
    manifest = over.get_manifest("base", version)
    over.push_manifest("base", manifest.content, manifest.descriptor.media_type, name)
    return f"{registry.host}/base:{name}"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The private key of a pair."""
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "kiosk", "-f", path], check=True)
    return path


@pytest.fixture
def agent(key: Path, tmp_path: Path) -> Iterator[str]:
    """The socket of an SSH agent that has the key."""
    socket = str(tmp_path / "agent")
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "SSH_AUTH_SOCK" in process.stdout.readline()
        subprocess.run(["ssh-add", "-q", key], env={**os.environ, "SSH_AUTH_SOCK": socket}, check=True)
        yield socket
        process.terminate()


def blob_of(key: Path) -> bytes:
    """The public half as agents tell it."""
    return b64decode(key.with_suffix(".pub").read_text().split()[1])


def test_build_arguments_and_secrets_reach_the_lines_of_a_template(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("12345")
    image = runner.build(TOLD, f"secret=id=token,src={tmp_path}/token", "build-arg=COLOUR=blue")
    assert (runner.read(image, "/etc/length"), runner.read(image, "/etc/colour")) == ("5\n", "blue\n")


def test_an_agent_and_a_key_are_lent_to_lines_that_ask_for_ssh(runner: Runner, agent: str, key: Path) -> None:
    lent = replace(runner, environ={**runner.environ, "SSH_AUTH_SOCK": agent})
    for one, option in ((lent, "ssh=default"), (runner, f"ssh=default={key}")):
        image = one.build(KEYS, option, use_cache=False)
        assert blob_of(key) in b64decode(one.read(image, "/etc/keys"))


def test_without_the_cache_every_line_is_run_again(runner: Runner) -> None:
    first, second = (runner.read(runner.build(ONCE), "/etc/once") for _ in range(2))
    assert first == second
    assert runner.read(runner.build(ONCE, use_cache=False), "/etc/once") != first


@pytest.mark.parametrize("runner", ["docker"], indirect=True)  # chroot, by which the others isolate here, knows none
def test_a_bento_with_all_its_wheels_is_built_without_a_network(runner: Runner) -> None:
    image = runner.build("RUN ls /sys/class/net > /etc/networks-seen\n", "network=none", use_cache=False)
    assert runner.read(image, "/etc/networks-seen") == "lo\n"


def test_a_base_that_has_moved_is_seen_by_those_who_pull(runner: Runner, shared: RealRegistry) -> None:
    """podman and buildah do so unless they are told not to."""
    base = move_tag(shared, runner.name, "old")
    runner.pull(base)
    move_tag(shared, runner.name, "new")
    without, with_pull = ((), ("pull",)) if runner.name == "docker" else (("pull=false",), ("tls-verify=false", "pull"))
    assert runner.read(runner.build(WHICH, *without, base=base), "/etc/which") == "old\n"
    assert runner.read(runner.build(WHICH, *with_pull, base=base), "/etc/which") == "new\n"


def test_a_cache_in_a_registry_spares_the_work(runner: Runner, shared: RealRegistry) -> None:
    """Docker's own BuildKit writes none but into the image itself."""
    place = f"{shared.host}/cache-{runner.name}"
    if runner.name == "docker":
        image = runner.build(ONCE, "build-arg=BUILDKIT_INLINE_CACHE=1")
        runner.client.images.get(image.id).tag(place, "latest")
        runner.client.images.push(place, "latest")
        runner.client.images.remove(f"{place}:latest")
        runner.build(ONCE, f"cache-from={place}:latest")
        (step,) = (
            line.split()[0] for line in runner.reporter.lines if f"importing cache manifest from {place}" in line
        )
        assert any(line.startswith(f"{step} DONE") for line in runner.reporter.lines)
        return
    first = runner.read(runner.build(ONCE, f"cache-to={place}", "tls-verify=false", use_cache=False), "/etc/once")
    say(runner.environ, "podman", "rmi", "--all", "--force")
    say(runner.environ, "podman", "pull", "--quiet", "--tls-verify=false", f"{shared.host}/base:old")
    say(runner.environ, "podman", "tag", f"{shared.host}/base:old", runner.base)
    again = runner.build(ONCE, f"cache-from={place}", "tls-verify=false")
    assert runner.read(again, "/etc/once") == first
