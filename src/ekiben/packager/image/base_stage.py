"""The lines of a Containerfile that are below the wheels: base image, its Python, system packages, conda, setup script.

A base without Python gets one in one of two ways. Onto a CUDA image that of an image of Python is copied, with those
libraries that it is linked to and that the base lacks; on others their package manager installs it. pip comes to the
stage that installs wheels alone, and so not into the image.
"""

from __future__ import annotations

import shlex

from ekiben.packager.image.instructions import CONTINUED, demand, run
from ekiben.packager.image.mounts import (
    CA_SECRET,
    NETRC_SECRET,
    PIP_CONF_SECRET,
    SETUP_MOUNT,
    run_with_env,
    secret,
    secret_path,
    trust_ca,
)
from ekiben.packager.image.plan import ImagePlan

CONDA = "/opt/conda"

MICROMAMBA_ARG = "EKIBEN_MICROMAMBA"  # another image that has /bin/micromamba, such as a mirror's
MICROMAMBA_IMAGE = "mambaorg/micromamba:2.0.5"  # https://github.com/mamba-org/micromamba-docker; for amd64 and arm64

_CONDA_CACHE = "/var/cache/ekiben-conda"
_COPY = "/python"  # in the stage that Python is copied from
_COPY_MOUNT = "/mnt/python"
_NOT_RUNNING = 104  # the exit status where the copied Python does not start, beside those of `containerfile`
_PREFIX = "/usr/local"  # where images of Python have it
# Modules that are linked to libraries: what is missing or too old shows when they are imported.
_LINKED_MODULES = "bz2, ctypes, hashlib, lzma, sqlite3, ssl, uuid, zlib"


def base_lines(plan: ImagePlan) -> list[str]:
    """The stages that something is taken from, and the beginning of the stage `base`."""
    conda = [f"ARG {MICROMAMBA_ARG}={MICROMAMBA_IMAGE}", f"FROM ${{{MICROMAMBA_ARG}}} AS micromamba", ""]
    return [
        *(conda if plan.has_conda else []),
        *(_python_stage(plan) if plan.python_image else []),
        "# What the service stands on.",
        *(["# hadolint ignore=DL3007"] if plan.base_image.endswith(":latest") else []),  # `ekiben lock` pins it
        f"FROM {plan.base_image} AS base",
        "# hadolint ignore=DL3002",  # the user of the last stage is another
        "USER 0:0",
        *(_copied_python(plan) if plan.python_image else []),
        *(_packaged_python(plan) if plan.python_package else []),
    ]


def system_lines(plan: ImagePlan) -> list[str]:
    """System packages, conda, setup script."""
    lines: list[str] = []
    if plan.system_packages:
        match plan.package_manager:
            case "apt":
                lines += _apt(plan)
            case "dnf":
                lines += _dnf(plan, list(plan.system_packages))
    if plan.has_conda:
        lines += _conda(plan)
    if plan.has_setup_script:
        lines += _setup_script(plan)
    return lines


def pip_lines(plan: ImagePlan) -> list[str]:
    """pip for a base that got Python without it."""
    if plan.python_package:
        return _dnf(plan, [f"{plan.python_package}-pip"])
    if not plan.python_image:
        return []
    packages = f"{_PREFIX}/lib/python{plan.python_version}/site-packages"
    return run(
        [f"type=bind,from=python,source={packages},target={_COPY_MOUNT}"],
        [f"{{ python3 -m pip --version > /dev/null 2>&1 || cp -a {_COPY_MOUNT}/. {packages}/; }}"],
    )


def right_version(plan: ImagePlan) -> str:
    """A command that fails where `python3` is of another version, or missing."""
    major, minor = plan.python_version.split(".")
    return f"python3 -c 'import sys; sys.exit(sys.version_info[:2] != ({major}, {minor}))'"


def _python_stage(plan: ImagePlan) -> list[str]:
    name = f"python{plan.python_version}"
    library = f"{_COPY}/local/lib/{name}"
    linked = f"{_COPY}/local/bin/{name} {library}/lib-dynload/*.so"
    return [
        "# The Python that the base lacks: interpreter, standard library, and what these are linked to.",
        f"FROM {plan.python_image} AS python",
        *run(
            [],
            [
                f"mkdir -p {_COPY}/local/bin {_COPY}/local/lib {_COPY}/libraries",
                f"cp -a {_PREFIX}/bin/python3 {_PREFIX}/bin/{name} {_COPY}/local/bin/",
                f"cp -a {_PREFIX}/lib/{name} {_COPY}/local/lib/",
                f"find {_PREFIX}/lib -maxdepth 1 -name 'libpython3*.so*' -exec cp -a {{}} {_COPY}/local/lib/ ';'",
                f"rm -rf {library}/site-packages {library}/test",
                f"mkdir {library}/site-packages",
                f"{{ python3 -m compileall -qq -j 0 --invalidation-mode unchecked-hash -s {_COPY}/local"
                f" -p {_PREFIX} {library} || true; }}",
                CONTINUED.join(
                    [
                        f"for word in $(ldd {linked}); do",
                        f'    case "$word" in {_COPY}/*|{_PREFIX}/*|*:) ;;'
                        f' /*) cp -L "$word" {_COPY}/libraries/ || exit 1 ;; esac;',
                        "done",
                    ]
                ),
            ],
        ),
        "",
    ]


def _copied_python(plan: ImagePlan) -> list[str]:
    """Python beside what the base has, and each library that it lacks where its loader looks for it."""
    steps = [
        f"if ! {right_version(plan)} 2> /dev/null; then",
        '    folder="/usr/lib/$(uname -m)-linux-gnu"; [ -d "$folder" ] || folder=/usr/lib64;',
        f"    cp -a {_COPY_MOUNT}/local/. {_PREFIX}/ || exit 1;",
        f"    for library in {_COPY_MOUNT}/libraries/*; do",
        '        [ -e "$folder/${library##*/}" ] || cp "$library" "$folder/" || exit 1;',
        "    done;",
        "    ldconfig;",
        "fi",
    ]
    complaint = f"the python3 of {plan.python_image} does not run on the base image, whose C library is too old"
    return run(
        [f"type=bind,from=python,source={_COPY},target={_COPY_MOUNT}"],
        [
            CONTINUED.join(steps),
            demand(f"python3 -c 'import {_LINKED_MODULES}'", complaint, _NOT_RUNNING),
        ],
    )


def _packaged_python(plan: ImagePlan) -> list[str]:
    """The distribution's Python, called `python3` in a folder of its own: /usr/bin/python3 is for its tools."""
    link = f"ln -s /usr/bin/python{plan.python_version} {_PREFIX}/bin/python3"
    return _dnf(plan, [str(plan.python_package)], link)


def _apt(plan: ImagePlan) -> list[str]:
    return [
        "# hadolint ignore=DL3008",  # whether a package is pinned is the bentofile's to say
        *run_with_env(
            plan,
            [
                "type=cache,target=/var/cache/apt,sharing=locked",
                "type=cache,target=/var/lib/apt/lists,sharing=locked",
                secret(CA_SECRET),
            ],
            [
                _with_ca("-o Acquire::https::CAInfo="),
                'apt-get "$@" update',
                'DEBIAN_FRONTEND=noninteractive apt-get "$@" install --yes --no-install-recommends '
                + " ".join(plan.system_packages),
            ],
        ),
    ]


def _dnf(plan: ImagePlan, packages: list[str], *further: str) -> list[str]:
    """By dnf, or by microdnf, which small images have in its place; then `further` commands."""
    return run_with_env(
        plan,
        [secret(CA_SECRET)],
        [
            _with_ca("--setopt=*.sslcacert="),  # of every repository: microdnf takes it in no other form
            'dnf="$(command -v dnf || command -v microdnf)"',
            f'"$dnf" -y --setopt=tsflags=nodocs --setopt=install_weak_deps=0 "$@" install {" ".join(packages)}',
            '"$dnf" -y clean all',
            "rm -rf /var/cache/dnf /var/cache/yum",
            *further,
        ],
    )


def _with_ca(option: str) -> str:
    """A command that puts `option` with the CA bundle, where one is given, before the next command's other options."""
    ca = secret_path(CA_SECRET)
    words = " ".join(map(shlex.quote, f"{option}{ca}".split(" ")))
    return f"if [ -s {ca} ]; then set -- {words}; fi"


def _conda(plan: ImagePlan) -> list[str]:
    """conda's packages at /opt/conda, first on the PATH: its python3 makes the virtual environment."""
    return [
        *run_with_env(
            plan,
            [
                "type=bind,from=micromamba,source=/bin/micromamba,target=/mnt/micromamba",
                "type=bind,source=conda,target=/mnt/conda",
                f"type=cache,id=ekiben-conda,target={_CONDA_CACHE},sharing=locked",
                secret(CA_SECRET),
            ],
            [
                f"export MAMBA_ROOT_PREFIX={_CONDA_CACHE}",
                trust_ca(),
                f"/mnt/micromamba create --yes --prefix {CONDA} --file /mnt/conda/environment.yml",
            ],
        ),
        f'ENV PATH="{CONDA}/bin:$PATH"',
    ]


def _setup_script(plan: ImagePlan) -> list[str]:
    setup = [f"type=bind,source=setup,target={SETUP_MOUNT}"]
    return run_with_env(
        plan,
        [*([] if plan.has_build_env else setup), *map(secret, (PIP_CONF_SECRET, CA_SECRET, NETRC_SECRET))],
        [
            f"export PIP_CONFIG_FILE={secret_path(PIP_CONF_SECRET)} NETRC={secret_path(NETRC_SECRET)}",
            trust_ca(),
            f"{SETUP_MOUNT}/setup_script",
        ],
    )
