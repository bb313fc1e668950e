"""`containerfile(plan)`: the text of an image's Containerfile, a pure function of an `ImagePlan`.

    base ── skeleton ─┬─ wheels-numpy ────┐      base      the base image, system packages, setup script, environment
      │               ├─ wheels-torch ────┤      skeleton  an empty virtual environment, made by the base's python3
      │               ├─ wheels-rest ─────┤      wheels-*  one group of locked wheels, installed into the skeleton
      │               └─ wheels-runtime ──┤
      └──────────────────────────────── image    these environments laid over each other, each model, the source

So no cache and no secret is below the final stage (pip is, where the base brings it), and each stage depends on its own
lines of the lock alone: another dependency re-does `rest`, an edit of the source the last COPY. What lies above a
changed layer is copied again and comes out the same, byte for byte. For that no COPY of wheels or models may touch a
folder's time: the skeleton is there before the wheels are, and models come with the folders around them.

The text is composed here, not by a template, because hardly a line of it is fixed: stages, mounts and copies repeat
by group and model, and each value passes through a quoting function at the end of this page. What a finished one looks
like is in tests/packager/golden. Only dockerfile 1.2 syntax, which the frontend inside Docker 20.10 knows, and no
`# syntax=` line, which would fetch a frontend from a hub.
"""

from __future__ import annotations

import json
import shlex
import textwrap
from collections.abc import Iterable

from ekiben.packager.image_plan import RUNTIME, ImagePlan, plan_image
from ekiben.serving.healthcheck import PORT_FILE_VARIABLE
from ekiben.serving.target import BENTO_VARIABLE, VERSION_VARIABLE
from ekiben.store.bento_manifest import BentoManifest

APP = "/app"
BENTO = f"{APP}/bento"
VENV = f"{APP}/venv"
PYTHON = f"{VENV}/bin/python"
PORT = 3000
USER = 1034  # in no base image's /etc/passwd; every file is readable by anybody, so any other uid does as well
PORT_FILE = "/tmp/ekiben.port"  # in the one folder that is writable for any uid, also with a read-only root

# Names of the secrets that a build may be given; each may be missing.
PIP_CONF_SECRET = "ekiben-pip-conf"
CA_SECRET = "ekiben-ca"
NETRC_SECRET = "ekiben-netrc"
SECRETS_FOLDER = "/run/secrets"

VERSION_ARG = VERSION_VARIABLE  # the one thing that a Bento cannot say of itself: given at image time
COMPLAINT = "ekiben: "  # before what the Containerfile itself says when a base image lacks something

_DEFAULT_ENV = {  # a Bento may declare another value for all but the reserved ones (`image_plan`)
    "HOME": "/tmp",
    "PYTHONUNBUFFERED": "1",
    "PYTHONSAFEPATH": "1",  # a user's `types.py` in the working folder must not replace the standard library's
    "EKIBEN_HOME": APP,
    BENTO_VARIABLE: BENTO,
    PORT_FILE_VARIABLE: PORT_FILE,
}
_GROUP_MOUNT = "/mnt/ekiben"
_PIP_CACHE = "/var/cache/ekiben-pip"
_CONTINUED = " \\\n       "


def containerfile_for(manifest: BentoManifest, lock_text: str, runtime_wheel_name: str) -> str:
    """The Containerfile of a Bento, as `build` writes it into `env/docker/Containerfile`."""
    return containerfile(plan_image(manifest, lock_text, runtime_wheel_name))


def containerfile(plan: ImagePlan) -> str:
    """The whole text. It holds no version, tag, time or path of a machine, so it may lie in a Bento."""
    groups = [group.name for group in plan.groups] + [RUNTIME]
    stages = [_header(plan), _base(plan), _skeleton(plan), *map(_wheels, groups), _final(plan, groups)]
    return "\n\n".join("\n".join(stage) for stage in stages) + "\n"


def _header(plan: ImagePlan) -> list[str]:
    lines = [
        f"# The image of the Bento {plan.title}. Written by ekiben; for BuildKit.",
        "#",
        "# `ekiben containerize` lays out the build context and runs this file. By hand, the context is:",
        "#   bento/                           bento.yaml, README.md, src/ and apis/ of the Bento",
        "#   models/<name>/<version>/         each model that bento.yaml lists, without its receipt.yaml, as a layer:",
        "#                                    its files are in app/models/<name>/<version>/ below that folder",
        "#   python/<group>/requirements.txt  the lines of env/python/requirements.lock for the packages below",
        "#   python/<group>/wheels/           wheels of these packages that no index has; may be empty",
    ]
    if plan.shared_layer_models:
        lines.append("#   more-models/                     the models that share a layer, in app/models/ again")
    if plan.has_setup_script:
        lines.append("#   setup/setup_script               env/docker/setup_script, executable")
    lines.append("# Groups:")
    for group in plan.groups:
        lines += _wrapped(f"#   {group.name}: ", [package.name for package in group.packages])
    lines.append(f"#   {RUNTIME}: {plan.runtime_wheel} from env/python/wheels/, pinned with its hash as the others are")
    lines.append(f"# Secrets, all optional: {PIP_CONF_SECRET} (a pip.conf), {CA_SECRET} (PEM), {NETRC_SECRET}.")
    return lines


def _base(plan: ImagePlan) -> list[str]:
    lines = ["# What the service stands on.", f"FROM {plan.base_image} AS base", "USER 0:0"]
    if plan.base_env:
        lines.append(f"ENV {_pairs(plan.base_env)}")
    if plan.system_packages:
        names = " ".join(plan.system_packages)
        lines += _run(
            [
                "type=cache,target=/var/cache/apt,sharing=locked",
                "type=cache,target=/var/lib/apt/lists,sharing=locked",
                _secret(CA_SECRET),
            ],
            [
                f"if [ -s {_secret_path(CA_SECRET)} ]; then"
                f" set -- -o Acquire::https::CAInfo={_secret_path(CA_SECRET)}; fi",
                'apt-get "$@" update',
                f'DEBIAN_FRONTEND=noninteractive apt-get "$@" install --yes --no-install-recommends {names}',
            ],
        )
    if plan.has_setup_script:
        ca = _secret_path(CA_SECRET)
        lines += _run(
            ["type=bind,source=setup,target=/mnt/setup", *map(_secret, (PIP_CONF_SECRET, CA_SECRET, NETRC_SECRET))],
            [
                f"export PIP_CONFIG_FILE={_secret_path(PIP_CONF_SECRET)} NETRC={_secret_path(NETRC_SECRET)}",
                f"if [ -s {ca} ]; then{_CONTINUED}"
                f"export SSL_CERT_FILE={ca} CURL_CA_BUNDLE={ca} REQUESTS_CA_BUNDLE={ca}; fi",
                "/mnt/setup/setup_script",
            ],
        )
    return lines


def _skeleton(plan: ImagePlan) -> list[str]:
    major, minor = plan.python_version.split(".")
    right_version = f"import sys; sys.exit(sys.version_info[:2] != ({major}, {minor}))"
    return [
        "# An empty virtual environment. The lock is for one version of Python, and pip is the base's.",
        "FROM base AS skeleton",
        f"ENV PIP_CONFIG_FILE={_secret_path(PIP_CONF_SECRET)} NETRC={_secret_path(NETRC_SECRET)}",
        f"ENV PIP_CACHE_DIR={_PIP_CACHE} PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore",
        *_run(
            [],
            [
                _demand("command -v python3", "the base image has no python3 on its PATH"),
                _demand(f"python3 -c '{right_version}'", f"the python3 of the base image is not {plan.python_version}"),
                _demand("python3 -m pip --version", "the base image has no pip; python3-pip is its Debian package"),
                f"python3 -m venv --without-pip {VENV}",
                f"rm -f {VENV}/bin/activate* {VENV}/bin/Activate*",
                f"mkdir {VENV}/etc {VENV}/share",
            ],
        ),
    ]


def _wheels(group: str) -> list[str]:
    index = " --no-index" if group == RUNTIME else ""
    return [
        f"FROM skeleton AS wheels-{group}",
        *_run(
            [
                f"type=bind,source=python/{group},target={_GROUP_MOUNT}",
                f"type=cache,id=ekiben-pip,target={_PIP_CACHE}",
                *map(_secret, (PIP_CONF_SECRET, CA_SECRET, NETRC_SECRET)),
            ],
            [
                f"python3 -m pip --python {PYTHON} install --no-deps --require-hashes --no-compile{index}{_CONTINUED}"
                f"--find-links {_GROUP_MOUNT}/wheels --requirement {_GROUP_MOUNT}/requirements.txt",
                # In parallel, and unchecked since nobody can write there. What this Python cannot compile stays source.
                "{ python3 -m compileall -qq -j 0 --invalidation-mode unchecked-hash -x '/tests?/'"
                f" {VENV}/lib || true; }}",
                f"rm -f {VENV}/pyvenv.cfg {VENV}/lib64",  # the skeleton's, there already when this is copied over it
                f"ln -s {VENV} /wheels-{group}",  # the image's history then says which wheels a layer holds
            ],
        ),
    ]


def _final(plan: ImagePlan, groups: list[str]) -> list[str]:
    declared = {name for name, _ in (*plan.base_env, *plan.runtime_env)}
    defaults = [(name, value) for name, value in _DEFAULT_ENV.items() if name not in declared]
    lines = [
        "# The image itself: nothing is run in it, only copied.",
        "FROM base AS image",
        f'ENV PATH="{VENV}/bin:$PATH"',
        f"ENV {_pairs([*defaults, *plan.runtime_env])}",
        f"LABEL {_pairs(_labels(plan))}",
        f"EXPOSE {PORT}",
        "STOPSIGNAL SIGTERM",
        "HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3"
        f" CMD {_exec([PYTHON, '-m', 'ekiben.serving.healthcheck'])}",
        f"ENTRYPOINT {_exec([PYTHON, '-m', 'ekiben.serving'])}",
        f"WORKDIR {BENTO}/src",
    ]
    lines.append(f"COPY --from=skeleton {VENV} {VENV}")
    lines += [f"COPY --from=wheels-{group} /wheels-{group} {VENV}" for group in groups]
    lines += [f"COPY models/{tag.name}/{tag.version} /" for tag in plan.own_layer_models]
    if plan.shared_layer_models:
        lines.append("COPY more-models /")
    return [*lines, f"COPY bento {BENTO}", f"ARG {VERSION_ARG}", f"ENV {VERSION_ARG}=${VERSION_ARG}", f"USER {USER}"]


def _labels(plan: ImagePlan) -> list[tuple[str, str]]:
    """As the OCI annotation keys say; version and Bento are true of one making and come with the build."""
    name, _, digest = plan.base_image.partition("@")
    labels = [("title", plan.title), ("base.name", name), *([("base.digest", digest)] if digest else [])]
    return [(f"org.opencontainers.image.{key}", value) for key, value in labels]


def _run(mounts: list[str], commands: list[str]) -> list[str]:
    """A RUN instruction over several lines, which stops at the first command that fails."""
    parts = [*(f"--mount={mount}" for mount in mounts), commands[0], *(f"&& {command}" for command in commands[1:])]
    lines = [f"{'RUN' if number == 0 else '   '} {part}" for number, part in enumerate(parts)]
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


def _demand(command: str, complaint: str) -> str:
    """`command` without its output; where it fails, the build ends with a line that `EngineFailed` picks up."""
    return f"{{ {command} > /dev/null 2>&1 || {{ echo {shlex.quote(COMPLAINT + complaint)} >&2; exit 1; }}; }}"


def _secret(name: str) -> str:
    return f"type=secret,id={name}"


def _secret_path(name: str) -> str:
    return f"{SECRETS_FOLDER}/{name}"


def _wrapped(prefix: str, names: list[str]) -> list[str]:
    text = prefix + ", ".join(names)
    return textwrap.wrap(text, width=118, subsequent_indent="#     ", break_long_words=False, break_on_hyphens=False)


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"{name}={_quoted(value)}" for name, value in pairs)


def _exec(words: list[str]) -> str:
    return json.dumps(words)


def _quoted(value: str) -> str:
    """A value of ENV or LABEL, of one line (the plan saw to that): nothing in it is expanded or ends it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'
