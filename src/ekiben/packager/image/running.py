"""How an image runs, whichever engine makes it: where things are, variables, labels, user and health check."""

from __future__ import annotations

from ekiben.packager.image.plan import ImagePlan
from ekiben.serving.healthcheck import PORT_FILE_VARIABLE
from ekiben.serving.variables import BENTO_VARIABLE, VERSION_VARIABLE
from ekiben.tag import Tag

APP = "/app"
BENTO = f"{APP}/bento"
MODELS = f"{APP}/models"
VENV = f"{APP}/venv"
PYTHON = f"{VENV}/bin/python"
WORKING_DIR = f"{BENTO}/src"
PORT = 3000
USER = 1034  # in no base image's /etc/passwd; every file is readable by anybody, so any other uid does as well
PORT_FILE = "/tmp/ekiben.port"  # in the one folder that is writable for any uid, also with a read-only root

ENTRYPOINT = (PYTHON, "-m", "ekiben.serving")
STOP_SIGNAL = "SIGTERM"
HEALTH_COMMAND = (PYTHON, "-m", "ekiben.serving.healthcheck")
HEALTH_INTERVAL_S = 10
HEALTH_TIMEOUT_S = 5
HEALTH_START_PERIOD_S = 60
HEALTH_RETRIES = 3

_DEFAULT_ENV = {  # a Bento may declare another value for all but the reserved ones (`plan`)
    "HOME": "/tmp",
    "USER": "ekiben",  # what asks for a name (torch.compile, for its cache) finds no uid of ours in /etc/passwd
    "PYTHONUNBUFFERED": "1",
    "PYTHONSAFEPATH": "1",  # a user's `types.py` in the working folder must not replace the standard library's
    "EKIBEN_HOME": APP,
    BENTO_VARIABLE: BENTO,
    PORT_FILE_VARIABLE: PORT_FILE,
}
OWN_VARIABLES = frozenset({*_DEFAULT_ENV, VERSION_VARIABLE})  # which the image has of ekiben, whatever its base has

# What NVIDIA's container runtime goes by; its own images say the same. An engine without it, and one that is asked for
# no device, passes them over. https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html
_GPU_ENV = {"NVIDIA_VISIBLE_DEVICES": "all", "NVIDIA_DRIVER_CAPABILITIES": "compute,utility"}

BENTO_LABEL = "io.ekiben.bento"
PYTHON_LABEL = "io.ekiben.python"  # where a base that had no Python got it from
BASE_NAME = "org.opencontainers.image.base.name"
BASE_DIGEST = "org.opencontainers.image.base.digest"
_TITLE = "org.opencontainers.image.title"
_VERSION = "org.opencontainers.image.version"
OWN_LABELS = frozenset({BENTO_LABEL, _TITLE, _VERSION})


def image_env(plan: ImagePlan) -> list[tuple[str, str]]:
    """The variables of the finished image beyond `plan.base_env`, PATH and the Bento's version."""
    declared = {name for name, _ in (*plan.base_env, *plan.runtime_env)}
    defaults = [(name, value) for name, value in _DEFAULT_ENV.items() if name not in declared]
    return [*defaults, *plan.runtime_env]


def gpu_env(plan: ImagePlan) -> list[tuple[str, str]]:
    """The variables of an image that uses GPUs, which a base may have set otherwise."""
    declared = {name for name, _ in (*plan.base_env, *plan.runtime_env)}
    return [(name, value) for name, value in _GPU_ENV.items() if name not in declared] if plan.uses_gpu else []


def path_above(base: str) -> str:
    """The image's PATH over the base's."""
    return f"{VENV}/bin:{base}"


def base_labels(reference: str) -> list[tuple[str, str]]:
    """What an image says of the base of this reference, as the OCI annotation keys say."""
    name, _, digest = reference.partition("@")
    return [(BASE_NAME, name), *([(BASE_DIGEST, digest)] if digest else [])]


def bento_labels(bento: Tag) -> dict[str, str]:
    """The labels that are true of one version of a Bento, and so not in the Containerfile that lies in it."""
    return {_VERSION: bento.version or "", BENTO_LABEL: str(bento)}


def title_label(plan: ImagePlan) -> tuple[str, str]:
    """What an image is called; version and Bento are true of one making and come with the build."""
    return (_TITLE, plan.title)
