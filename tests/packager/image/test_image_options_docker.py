"""What a bentofile's options make of an image, by a real engine: stages of variables, templates, conda."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import docker
import pytest

from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.docker_cli import build_environment, find_docker_cli
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.packager.image.conftest import OURS
from tests.packager.small_bento import small_bento

pytestmark = pytest.mark.docker

DECLARED = "declared-that-no-layer-may-hold"
TOKEN = "t0ken's-that-no-layer-may-hold"
SETUP_SCRIPT = '#!/bin/sh\nset -e\nprintf %s "$EARLY-$TOKEN" | sha256sum > /etc/seen\n'
TEMPLATE = """\
{% extends bento_base_template %}
{% block SETUP_BENTO_BASE_IMAGE %}
{{ super() }}
RUN echo base > /etc/template
{% endblock %}
{% block SETUP_BENTO_COMPONENTS %}
{{ super() }}
COPY bento/src/service.py /opt/copied.py
RUN id -u >> /etc/template && test -f {{ expands_bento_path("src", "service.py") }}
{% endblock %}
{% block SETUP_BENTO_ENTRYPOINT %}
{{ super() }}
ENV AFTER="all"
{% endblock %}
"""
# Stands in for conda, which no test can reach: an interpreter of its own below the prefix, with a package in it.
MICROMAMBA = """\
#!/bin/sh
set -e
test "$1 $2 $3 $5" = "create --yes --prefix --file"
mkdir -p "$4/bin" "$4/lib"
cp -a /usr/bin/python3 /usr/bin/python3.11 "$4/bin"
cp -a /usr/lib/python3 /usr/lib/python3.11 "$4/lib"
cp "$6" "$4/lib/python3/dist-packages/fromconda.py"
"""
ASK = "import sys, fromconda, light; print(sys.base_prefix, sys.prefix, light.y)"


def build(store: Store, bento: Bento, base_image: str, *options: str) -> BuiltImage:
    """The Bento's image."""
    request = ContainerizeRequest(
        tag=bento.tag,
        image_tags=(f"ekiben-test/options-{os.getpid()}",),
        engine="docker",
        base_image=base_image,
        labels={OURS: str(os.getpid())},
        options=options,
        progress="plain",
    )
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    environ = {**os.environ, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "TOKEN": TOKEN}
    return containerize(request, store=store, settings=settings, reporter=SilentReporter(), environ=environ)


def output(client: docker.DockerClient, image: BuiltImage, command: str) -> str:
    """What a shell in the image prints."""
    return bytes(client.containers.run(image.id, ["-c", command], entrypoint="sh", remove=True)).decode()


def saved(client: docker.DockerClient, image: BuiltImage) -> bytes:
    """Everything that the image is: layers, configuration and history."""
    content = b""
    with tarfile.open(fileobj=io.BytesIO(b"".join(client.images.get(image.id).save()))) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            content += stream.read() if stream else b""
    return content


def test_variables_of_the_build_are_there_while_it_runs_and_nowhere_afterwards(
    client: docker.DockerClient, store: Store, base_image: str
) -> None:
    envs = (
        {"name": "EARLY", "value": DECLARED, "stage": "build"},
        {"name": "TOKEN", "value": "", "stage": "build"},
    )
    keys = {"setup_script": "env/docker/setup_script"}
    image = build(store, small_bento(store, envs=envs, setup_script=SETUP_SCRIPT, docker_keys=keys), base_image)
    expected = subprocess.run(
        ["sha256sum"], input=f"{DECLARED}-{TOKEN}", capture_output=True, text=True, check=True
    ).stdout
    assert output(client, image, "cat /etc/seen") == expected
    assert output(client, image, "env | grep -c 'EARLY\\|TOKEN' || true") == "0\n"
    assert output(client, image, "find /mnt /run/secrets -type f") == ""
    everything = saved(client, image)
    assert TOKEN.encode() not in everything
    assert everything.count(DECLARED.encode()) == 1  # in bento.yaml, which says what was built


def test_a_template_adds_to_every_part_of_the_image(client: docker.DockerClient, store: Store, base_image: str) -> None:
    keys = {"dockerfile_template": "env/docker/Dockerfile.template"}
    image = build(store, small_bento(store, template=TEMPLATE, docker_keys=keys), base_image)
    assert output(client, image, "cat /etc/template /opt/copied.py") == "base\n0\nclass Small: ...\n"
    config = client.images.get(image.id).attrs["Config"]
    assert "AFTER=all" in config["Env"]
    assert config["User"] == "1034"
    assert config["Entrypoint"] == ["/app/venv/bin/python", "-m", "ekiben.serving"]


def test_conda_lies_below_what_is_locked(
    client: docker.DockerClient, store: Store, base_image: str, tmp_path: Path
) -> None:
    (tmp_path / "micromamba").write_text(MICROMAMBA)
    (tmp_path / "micromamba").chmod(0o755)
    (tmp_path / "Dockerfile").write_text(f"FROM {base_image}\nCOPY micromamba /bin/micromamba\n")
    cli, name = str(find_docker_cli(os.environ).path), f"ekiben-test/micromamba-{os.getpid()}"
    command = [cli, "build", "--quiet", "--tag", name, "--label", f"{OURS}={os.getpid()}", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, env=build_environment(os.environ))
    bento = small_bento(store, conda={"dependencies": ["libgdal"]}, environment="x = 'from conda'\n")
    image = build(store, bento, base_image, f"build-arg=EKIBEN_MICROMAMBA={name}")
    assert output(client, image, f'python -c "{ASK}"') == "/opt/conda /app/venv 2\n"
    assert output(client, image, "ls /bin/micromamba /var/cache/ekiben-conda/* 2> /dev/null || true") == ""
    environ = client.images.get(image.id).attrs["Config"]["Env"]
    assert any(one.startswith("PATH=/app/venv/bin:/opt/conda/bin:") for one in environ)
