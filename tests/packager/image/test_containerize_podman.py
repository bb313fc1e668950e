"""Images built by the real podman and the real buildah, without a daemon."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from ekiben.errors import EngineFailed
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.packager.image.podman_storage import run_in, say
from tests.packager.small_bento import save_model, small_bento

pytestmark = pytest.mark.docker

TOKEN = "t0ken-that-no-layer-may-hold"
SETUP_SCRIPT = '#!/bin/sh\nset -e\ngrep -q t0ken /run/secrets/ekiben-pip-conf\necho "$GREETING" > /etc/greeting\n'
TEMPLATE = """\
{% extends bento_base_template %}
{% block SETUP_BENTO_COMPONENTS %}
{{ super() }}
ARG COLOUR
RUN --mount=type=secret,id=token wc -c < /run/secrets/token > /etc/length && echo "$COLOUR" > /etc/colour
{% endblock %}
"""


@pytest.fixture
def environ(podman_environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment of builds, with a secret in pip's configuration."""
    proxy = f"http://user:{TOKEN}@127.0.0.1:9"
    return {**podman_environ, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_PROXY": proxy}


def build(store: Store, bento: Bento, engine: str, base: str, environ: Mapping[str, str], *options: str) -> BuiltImage:
    """The Bento's image, made by the engine of this name."""
    request = ContainerizeRequest(
        tag=bento.tag, image_tags=(f"ekiben-test/{engine}:1",), engine=engine, base_image=base, options=options
    )
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    return containerize(request, store=store, settings=settings, reporter=SilentReporter(), environ=environ)


@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_an_image_is_what_docker_makes_of_the_bento(
    store: Store, base_image: str, environ: Mapping[str, str], engine: str
) -> None:
    bento = small_bento(
        store,
        models=[save_model(store, "iris")],
        setup_script=SETUP_SCRIPT,
        docker_keys={"setup_script": "env/docker/setup_script", "env": {"GREETING": "it's $HOME"}},
    )
    image = build(store, bento, engine, base_image, environ)
    (told,) = json.loads(say(environ, "podman", "image", "inspect", f"ekiben-test/{engine}:1"))
    assert f"sha256:{told['Id']}" == image.id
    assert told["Config"]["Entrypoint"] == ["/app/venv/bin/python", "-m", "ekiben.serving"]
    assert (told["Config"]["User"], told["Config"]["StopSignal"]) == ("1034", "SIGTERM")
    docker_config = json.loads(say(environ, "buildah", "inspect", "--type", "image", image.id))["Docker"]["config"]
    assert docker_config["Healthcheck"]["Test"] == ["CMD", "/app/venv/bin/python", "-m", "ekiben.serving.healthcheck"]
    assert told["Config"]["Labels"]["io.ekiben.bento"] == str(bento.tag)
    assert f"EKIBEN_BENTO_VERSION={bento.tag.version}" in told["Config"]["Env"]
    assert (len(image.layers), image.engine) == (len(told["RootFS"]["Layers"]), engine)
    assert image.size_bytes > 10_000_000
    program = "import light, os, scipy, ekiben; print(os.getuid(), open('/etc/greeting').read())"
    assert run_in(environ, image, "/app/venv/bin/python", "-c", program) == "1034 it's $HOME\n\n"


def test_no_layer_and_no_history_holds_a_secret(
    store: Store, base_image: str, environ: Mapping[str, str], tmp_path: Path
) -> None:
    build(store, small_bento(store), "buildah", base_image, environ)
    say(environ, "podman", "save", "--quiet", "--output", f"{tmp_path}/image.tar", "ekiben-test/buildah:1")
    saved = (tmp_path / "image.tar").read_bytes()
    assert b"EKIBEN_BENTO_VERSION" in saved
    assert TOKEN.encode() not in saved


@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_build_arguments_and_secrets_reach_the_lines_of_a_template(
    store: Store, base_image: str, environ: Mapping[str, str], engine: str, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("12345")
    bento = small_bento(store, template=TEMPLATE, docker_keys={"dockerfile_template": "env/docker/Dockerfile.template"})
    options = (f"secret=id=token,src={tmp_path}/token", f"build-arg=COLOUR={engine}")
    image = build(store, bento, engine, base_image, environ, *options)
    assert run_in(environ, image, "cat", "/etc/length", "/etc/colour") == f"5\n{engine}\n"


@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_another_version_of_python_is_said_in_words(
    store: Store, base_image: str, environ: Mapping[str, str], engine: str
) -> None:
    bento = small_bento(store, docker_keys={"python_version": "3.12"})
    with pytest.raises(EngineFailed, match=r"^the python3 of the base image is not 3\.12$"):
        build(store, bento, engine, base_image, environ)


@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_other_wheels_and_another_setup_script_are_noticed(
    store: Store, base_image: str, environ: Mapping[str, str], engine: str
) -> None:
    keys = {"setup_script": "env/docker/setup_script"}
    for content in ("1", "2"):
        script = f"#!/bin/sh\necho {content} > /etc/content\n"
        bento = small_bento(store, light=f"y = {content}\n", setup_script=script, docker_keys=keys)
        image = build(store, bento, engine, base_image, environ)
        program = "import light; print(light.y, open('/etc/content').read())"
        assert run_in(environ, image, "/app/venv/bin/python", "-c", program).split() == [content, content]
