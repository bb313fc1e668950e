"""`containerfile(plan)`: the text of an image's Containerfile, made of an `ImagePlan` alone.

    base ── skeleton ─┬─ wheels-numpy ────┐      base      `base_stage`: all that is below the wheels
      │               ├─ wheels-torch ────┤      skeleton  an empty virtual environment, made by the base's python3
      │               ├─ wheels-rest ─────┤      wheels-*  one group of locked wheels, installed into the skeleton
      │               └─ wheels-runtime ──┤
      └──────────────────────────────── image    these environments laid over each other, each model, the source

So no cache and no secret is below the final stage (pip is, where the base brings it), and each stage depends on its own
lines of the lock alone: another dependency re-does `rest`, an edit of the source the last COPY. What lies above a
changed layer is copied again and comes out the same, byte for byte. For that no COPY of wheels or models may touch a
folder's time: the skeleton is there before the wheels are, and models come with the folders around them.

The text is composed here, not by a template, because hardly a line of it is fixed: stages, mounts and copies repeat
by group and model, and each value passes through a quoting function of `instructions`. It comes in the five blocks
that BentoML's Dockerfile has, and a project's own template may extend each (`dockerfile_template`). What a finished one
looks like is in tests/packager/golden. Only dockerfile 1.2 syntax, which the frontend inside Docker 20.10 knows, and no
`# syntax=` line, which would fetch a frontend from a hub.
"""

from __future__ import annotations

from collections.abc import Mapping

from ekiben.packager.image.base_stage import base_lines, pip_lines, right_version, system_lines
from ekiben.packager.image.dockerfile_template.filling import BASE_BLOCK, Blank, fill_template
from ekiben.packager.image.instructions import CONTINUED, demand, exec_form, pairs, run, wrapped
from ekiben.packager.image.mounts import (
    CA_SECRET,
    ENV_SECRET,
    NETRC_SECRET,
    PIP_CONF_SECRET,
    run_with_env,
    secret,
    secret_path,
)
from ekiben.packager.image.plan import ImagePlan
from ekiben.packager.image.running import (
    APP,
    BENTO,
    ENTRYPOINT,
    HEALTH_COMMAND,
    HEALTH_INTERVAL_S,
    HEALTH_RETRIES,
    HEALTH_START_PERIOD_S,
    HEALTH_TIMEOUT_S,
    PORT,
    PYTHON,
    STOP_SIGNAL,
    USER,
    VENV,
    WORKING_DIR,
    base_labels,
    gpu_env,
    image_env,
    path_above,
    title_label,
)
from ekiben.packager.image.wheel_groups import RUNTIME
from ekiben.packager.parts import INTENT, LOCK
from ekiben.serving.variables import VERSION_VARIABLE

VERSION_ARG = VERSION_VARIABLE  # the one thing that a Bento cannot say of itself: given at image time

_NO_PYTHON, _OTHER_PYTHON, _NO_PIP = 101, 102, 103  # exit statuses that neither sysexits.h nor a shell has given away
_GROUP_MOUNT = "/mnt/ekiben"
_PIP_CACHE = "/var/cache/ekiben-pip"


def check_template(template: str, python: str) -> None:
    """Raises ImageError for a template that no Containerfile can be made of; the rest of the Bento need not be known.
    `python` is the image's minor version."""
    containerfile(ImagePlan("bento", "base", python, groups=(), runtime_wheel="", template=template))


def containerfile(plan: ImagePlan) -> str:
    """The whole text. It holds no version, tag, time or path of a machine, so it may lie in a Bento.

    A plan with a template has it filled in by a process of its own. Raises ImageError for one that cannot be.
    """
    head = "\n".join(_header(plan))
    blocks = {name: "\n".join(lines) for name, lines in _blocks(plan).items()}
    if plan.template is not None:
        return fill_template(plan.template, Blank(head, blocks, _template_variables(plan)))
    return "\n".join([head, "", *filter(None, blocks.values())]) + "\n"


def _blocks(plan: ImagePlan) -> Mapping[str, list[str]]:
    """BentoML's five blocks, in its order. The third begins in the stage `base` and ends in the image's own."""
    groups = [group.name for group in plan.groups] + [RUNTIME]
    stages = [_skeleton(plan), *(_wheels(plan, group) for group in groups), _image(plan, groups)]
    separated = [line for lines in stages for line in ("", *lines)]
    return {
        BASE_BLOCK: base_lines(plan),
        "SETUP_BENTO_USER": [],  # the image's user has a number and needs no account
        "SETUP_BENTO_ENVARS": [f"ENV {pairs(plan.base_env)}"] if plan.base_env else [],
        "SETUP_BENTO_COMPONENTS": [*system_lines(plan), *separated],
        "SETUP_BENTO_ENTRYPOINT": _entrypoint(),
    }


def _template_variables(plan: ImagePlan) -> Mapping[str, object]:
    """What a template may read, by BentoML's names."""
    return {
        "bento__name": plan.title,
        "bento__path": BENTO,
        "bento__home": APP,
        "bento__user": str(USER),
        "bento__uid_gid": USER,
        "bento__python": PYTHON,
        "bento__enable_buildkit": True,
    }


def _header(plan: ImagePlan) -> list[str]:
    lines = [
        f"# The image of the Bento {plan.title}. Written by ekiben; for BuildKit.",
        "#",
        "# `ekiben containerize` lays out the build context and runs this file. By hand, the context is:",
        "#   bento/                           bento.yaml, README.md, src/ and apis/ of the Bento",
        "#   models/<name>/<version>/         each model that bento.yaml lists, without its receipt.yaml, as a layer:",
        "#                                    its files are in app/models/<name>/<version>/ below that folder",
        f"#   python/<group>/requirements.txt  the lines of {_pins(plan)} for the packages below",
        "#   python/<group>/wheels/           wheels of these packages that no index has; may be empty",
    ]
    if plan.shared_layer_models:
        lines.append("#   more-models/                     the models that share a layer, in app/models/ again")
    if plan.has_setup_script:
        lines.append("#   setup/setup_script               env/docker/setup_script, executable")
    if plan.has_build_env:
        lines.append("#   setup/build-env                  `export NAME='value'` for each of `envs` of stage `build`")
    if plan.has_conda:
        lines.append("#   conda/environment.yml            env/conda/environment.yml")
    lines.append("# Groups:")
    for group in plan.groups:
        names = [package.name for package in group.packages] or ["whatever pip finds for them"]
        lines += wrapped(f"#   {group.name}: ", names)
    lines.append(f"#   {RUNTIME}: {plan.runtime_wheel} from env/python/wheels/, pinned with its hash as the others are")
    env_secret = f", {ENV_SECRET} ({', '.join(plan.secret_env)})" if plan.secret_env else ""
    lines += wrapped(
        "# Secrets, all optional: ",
        [f"{PIP_CONF_SECRET} (a pip.conf)", f"{CA_SECRET} (PEM)", NETRC_SECRET + env_secret],
    )
    lines[-1] += "."
    return lines


def _pins(plan: ImagePlan) -> str:
    return LOCK if plan.open_requirements is None else INTENT


def _skeleton(plan: ImagePlan) -> list[str]:
    other = f"the python3 of the base image is not {plan.python_version}"
    no_pip = "the base image has no pip; python3-pip is its Debian package"
    below = " --system-site-packages" if plan.has_conda else ""
    return [
        "# An empty virtual environment. The lock is for one version of Python, and pip is the base's.",
        "FROM base AS skeleton",
        *pip_lines(plan),
        f"ENV PIP_CONFIG_FILE={secret_path(PIP_CONF_SECRET)} NETRC={secret_path(NETRC_SECRET)}",
        f"ENV PIP_CACHE_DIR={_PIP_CACHE} PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore",
        *run(
            [],
            [
                demand("command -v python3", "the base image has no python3 on its PATH", _NO_PYTHON),
                demand(right_version(plan), other, _OTHER_PYTHON),
                demand("python3 -m pip --version", no_pip, _NO_PIP),
                f"python3 -m venv --without-pip{below} {VENV}",
                f"rm -f {VENV}/bin/activate* {VENV}/bin/Activate*",
                f"mkdir {VENV}/etc {VENV}/share",
            ],
        ),
    ]


def _wheels(plan: ImagePlan, group: str) -> list[str]:
    index = " --no-index" if group == RUNTIME else ""
    is_open = group != RUNTIME and plan.open_requirements is not None
    exact = "" if is_open else " --no-deps --require-hashes"
    return [
        f"FROM skeleton AS wheels-{group}",
        *run_with_env(
            plan,
            [
                f"type=bind,source=python/{group},target={_GROUP_MOUNT}",
                f"type=cache,id=ekiben-pip,target={_PIP_CACHE}",
                *map(secret, (PIP_CONF_SECRET, CA_SECRET, NETRC_SECRET)),
            ],
            [
                f"python3 -m pip --python {PYTHON} install{exact} --no-compile{index}{CONTINUED}"
                f"--find-links {_GROUP_MOUNT}/wheels --requirement {_GROUP_MOUNT}/requirements.txt",
                # In parallel, and unchecked since nobody can write there. What this Python cannot compile stays source.
                "{ python3 -m compileall -qq -j 0 --invalidation-mode unchecked-hash -x '/tests?/'"
                f" {VENV}/lib || true; }}",
                f"rm -f {VENV}/pyvenv.cfg {VENV}/lib64",  # the skeleton's, there already when this is copied over it
                f"ln -s {VENV} /wheels-{group}",  # the image's history then says which wheels a layer holds
            ],
        ),
    ]


def _image(plan: ImagePlan, groups: list[str]) -> list[str]:
    return [
        "# The image itself: nothing is run in it, only copied.",
        "FROM base AS image",
        f'ENV PATH="{path_above("$PATH")}"',
        f"ENV {pairs(image_env(plan))}",
        *_gpu(plan),
        f"LABEL {pairs([title_label(plan), *base_labels(plan.base_image)])}",
        f"WORKDIR {WORKING_DIR}",
        f"COPY --from=skeleton {VENV} {VENV}",
        *(f"COPY --from=wheels-{group} /wheels-{group} {VENV}" for group in groups),
        *(f"COPY models/{tag.name}/{tag.version} /" for tag in plan.own_layer_models),
        *(["COPY more-models /"] if plan.shared_layer_models else []),
        f"COPY bento {BENTO}",
    ]


def _gpu(plan: ImagePlan) -> list[str]:
    """Which devices NVIDIA's runtime hands over; what the base says of it stays."""
    defaults = (f'{name}="${{{name}:-{value}}}"' for name, value in gpu_env(plan))
    line = " ".join(defaults)
    return [f"ENV {line}"] if line else []


def _entrypoint() -> list[str]:
    return [
        f"EXPOSE {PORT}",
        f"STOPSIGNAL {STOP_SIGNAL}",
        f"HEALTHCHECK --interval={HEALTH_INTERVAL_S}s --timeout={HEALTH_TIMEOUT_S}s"
        f" --start-period={HEALTH_START_PERIOD_S}s --retries={HEALTH_RETRIES} CMD {exec_form([*HEALTH_COMMAND])}",
        f"ENTRYPOINT {exec_form([*ENTRYPOINT])}",
        f"ARG {VERSION_ARG}",
        f"ENV {VERSION_ARG}=${VERSION_ARG}",
        f"USER {USER}",
    ]
