"""How the image runs: the native engine's configuration says what the Containerfile says."""

from __future__ import annotations

import re
from dataclasses import replace

from ekiben.oci.appending import ConfigChanges, changed_config
from ekiben.oci.config import ImageConfig
from ekiben.packager.image.containerfile import containerfile
from ekiben.packager.image.native.config import config_changes
from ekiben.packager.image.plan import ImagePlan
from tests.packager.image.native.tiny_base import AMD64

PLAN = ImagePlan(
    "small",
    f"registry.example/python:3.11@sha256:{'a' * 64}",
    "3.11",
    groups=(),
    runtime_wheel="ekiben_runtime-1-py3-none-any.whl",
    base_env=(("GREETING", "it's $HOME"), ("HOME", "/srv")),
    runtime_env=(("MODE", "test"),),
)
BASE = ImageConfig(platform=AMD64, env=("PATH=/usr/bin", "LANG=C.UTF-8"), user="nobody", cmd=("bash",))


def changed(plan: ImagePlan = PLAN, base: ImageConfig = BASE) -> ImageConfig:
    changes: ConfigChanges = config_changes(plan, base, plan.base_image, "v1", {"a": "b"})
    return changed_config(base, changes)


def said(instruction: str) -> list[str]:
    return re.findall(rf"^{instruction} (.*)$", containerfile(PLAN), re.MULTILINE)


def test_every_variable_of_the_containerfile_is_in_the_image() -> None:
    pairs = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', " ".join(said("ENV")))
    of_the_build = {"PIP_CONFIG_FILE", "PIP_CACHE_DIR"}
    expected = {name: re.sub(r"\\(.)", r"\1", value) for name, value in pairs if name not in of_the_build}
    expected |= {"PATH": "/app/venv/bin:/usr/bin", "LANG": "C.UTF-8", "EKIBEN_BENTO_VERSION": "v1"}
    assert changed().variables == expected


def test_a_gpu_image_asks_for_devices_as_far_as_its_base_does_not() -> None:
    plan = replace(PLAN, cuda_version="12.4")
    ours = {"NVIDIA_VISIBLE_DEVICES": "all", "NVIDIA_DRIVER_CAPABILITIES": "compute,utility"}
    assert ours.items() <= changed(plan).variables.items()
    nvidias = replace(BASE, env=(*BASE.env, "NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_DRIVER_CAPABILITIES=all"))
    assert changed(plan, nvidias).variables["NVIDIA_DRIVER_CAPABILITIES"] == "all"
    declared = replace(plan, runtime_env=(("NVIDIA_VISIBLE_DEVICES", "none"),))
    assert changed(declared).variables["NVIDIA_VISIBLE_DEVICES"] == "none"
    assert "NVIDIA_VISIBLE_DEVICES" not in changed(PLAN).variables


def test_labels_port_user_and_commands_are_the_containerfiles() -> None:
    config = changed()
    labels = dict(re.findall(r'([\w.]+)="([^"]*)"', said("LABEL")[0]))
    assert config.labels == {**labels, "a": "b"}
    assert config.ports == {f"{said('EXPOSE')[0]}/tcp"}
    assert config.user == said("USER")[-1]
    assert config.working_dir == said("WORKDIR")[0]
    assert config.stop_signal == said("STOPSIGNAL")[0]
    assert f"[{', '.join(f'{chr(34)}{word}{chr(34)}' for word in config.entrypoint or ())}]" == said("ENTRYPOINT")[0]
    assert config.cmd is None


def test_the_health_check_is_the_containerfiles() -> None:
    check = changed().healthcheck
    assert check is not None
    words = ", ".join(f'"{word}"' for word in check.test[1:])
    assert said("HEALTHCHECK") == [
        f"--interval={check.interval_s:.0f}s --timeout={check.timeout_s:.0f}s"
        f" --start-period={check.start_period_s:.0f}s --retries={check.retries} {check.test[0]} [{words}]"
    ]


def test_a_base_without_a_path_gets_the_one_that_engines_set() -> None:
    path = changed(base=replace(BASE, env=())).variables["PATH"]
    assert path.startswith("/app/venv/bin:/usr/local/sbin:")
