"""What the RUN instructions of an image may read and no layer may hold: secrets, and variables for the build alone.

Each secret may be missing. Who fills them is `secrets` and `build_env`.
"""

from __future__ import annotations

from ekiben.packager.image.instructions import CONTINUED, run
from ekiben.packager.image.plan import ImagePlan

PIP_CONF_SECRET = "ekiben-pip-conf"
CA_SECRET = "ekiben-ca"
NETRC_SECRET = "ekiben-netrc"
ENV_SECRET = "ekiben-env"  # lines of `export NAME='value'`: variables of stage `build` that the Bento only declares

SECRETS_FOLDER = "/run/secrets"
SETUP_MOUNT = "/mnt/setup"


def secret(name: str) -> str:
    """The mount of a secret, which may be missing."""
    return f"type=secret,id={name}"


def secret_path(name: str) -> str:
    """Where that secret is while it is mounted."""
    return f"{SECRETS_FOLDER}/{name}"


def trust_ca() -> str:
    """A command that lets the tools after it trust the CA bundle, where one is given."""
    ca = secret_path(CA_SECRET)
    return f"if [ -s {ca} ]; then{CONTINUED}export SSL_CERT_FILE={ca} CURL_CA_BUNDLE={ca} REQUESTS_CA_BUNDLE={ca}; fi"


def run_with_env(plan: ImagePlan, mounts: list[str], commands: list[str]) -> list[str]:
    """A RUN with the variables of stage `build`: read from a mounted file, so that no layer and no history has them."""
    if not plan.has_build_env:
        return run(mounts, commands)
    setup = f"type=bind,source=setup,target={SETUP_MOUNT}"
    secrets = [secret(ENV_SECRET)] if plan.secret_env else []
    return run([setup, *secrets, *mounts], [f". {SETUP_MOUNT}/build-env", *commands])
