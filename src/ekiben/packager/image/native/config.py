"""How the image runs, as changes to its base's configuration: the Containerfile's ENV, LABEL and the like."""

from __future__ import annotations

from collections.abc import Mapping

from ekiben.oci.appending import ConfigChanges
from ekiben.oci.config import Healthcheck, ImageConfig
from ekiben.packager.image.native.bases.facts import DEFAULT_PATH
from ekiben.packager.image.plan import ImagePlan
from ekiben.packager.image.running import (
    ENTRYPOINT,
    HEALTH_COMMAND,
    HEALTH_INTERVAL_S,
    HEALTH_RETRIES,
    HEALTH_START_PERIOD_S,
    HEALTH_TIMEOUT_S,
    PORT,
    STOP_SIGNAL,
    USER,
    WORKING_DIR,
    base_labels,
    gpu_env,
    image_env,
    path_above,
    title_label,
)
from ekiben.serving.variables import VERSION_VARIABLE


def config_changes(
    plan: ImagePlan, base: ImageConfig, reference: str | None, version: str, labels: Mapping[str, str]
) -> ConfigChanges:
    """What the image of `plan` changes of its `base`, which others call `reference`. `version` is the Bento's, `labels`
    those of this making."""
    path = dict(plan.base_env).get("PATH") or base.variables.get("PATH") or DEFAULT_PATH
    gpu = {name: value for name, value in gpu_env(plan) if name not in base.variables}
    return ConfigChanges(
        env={
            **gpu,
            **dict(plan.base_env),
            "PATH": path_above(path),
            **dict(image_env(plan)),
            VERSION_VARIABLE: version,
        },
        labels={**dict([title_label(plan), *(base_labels(reference) if reference else [])]), **labels},
        ports=frozenset({f"{PORT}/tcp"}),
        user=str(USER),
        entrypoint=ENTRYPOINT,
        working_dir=WORKING_DIR,
        stop_signal=STOP_SIGNAL,
        healthcheck=Healthcheck(
            ("CMD", *HEALTH_COMMAND), HEALTH_INTERVAL_S, HEALTH_TIMEOUT_S, HEALTH_START_PERIOD_S, HEALTH_RETRIES
        ),
    )
