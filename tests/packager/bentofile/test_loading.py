"""A bentofile becomes a `Bentofile`, or an error that says where and what."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import BentofileError, BuildError, PathNotFound
from ekiben.packager.bentofile.bentofile import (
    Bentofile,
    DockerOptions,
    EnvVariable,
    ModelReference,
    PythonOptions,
)
from ekiben.packager.bentofile.loading import load_bentofile
from ekiben.tag import Tag
from tests.packager.bentofile.conftest import Complains, Loads

FULL = """\
service: "service:Iris"
name: iris_classifier
description: tells flowers apart
labels: {owner: examples}
include: ["*.py"]
exclude: ["tests/"]
models:
  - iris:v1
  - {tag: "embedder", alias: words}
envs:
  - {name: LEVEL, value: "info"}
  - {name: TOKEN, stage: runtime}
python:
  requirements_txt: ./requirements.txt
  packages: [numpy, "scikit-learn==1.5.2"]
  lock_packages: true
  lock_tool: pip-tools
  index_url: https://index.example/simple
  extra_index_url: https://more.example/simple
  find_links: [wheels]
  no_index: false
  trusted_host: [more.example]
  pack_git_packages: true
  is_src_layout: false
docker:
  distro: debian
  python_version: "3.12"
  base_image: registry.example:5000/team/python:3.12@sha256:{digest}
  system_packages: [libgomp1, "curl=7.88.1-10+deb12u5"]
  env: {OMP_NUM_THREADS: "1"}
  setup_script: setup.sh
""".replace("{digest}", "0" * 64)


def test_every_key_that_is_acted_on_is_read(project: Path, loads: Loads) -> None:
    (project / "requirements.txt").write_text("numpy\n")
    (project / "setup.sh").write_text("#!/bin/sh\n")
    (project / "wheels").mkdir()
    assert loads(FULL) == Bentofile(
        project=project,
        path=project / "bentofile.yaml",
        service="service:Iris",
        name="iris_classifier",
        description="tells flowers apart",
        labels={"owner": "examples"},
        include=("*.py",),
        exclude=("tests/",),
        models=(ModelReference(Tag("iris", "v1")), ModelReference(Tag("embedder"), "words")),
        envs=(EnvVariable("LEVEL", "info"), EnvVariable("TOKEN", stage="runtime")),
        python=PythonOptions(
            requirements_txt="requirements.txt",
            packages=("numpy", "scikit-learn==1.5.2"),
            lock_tool="pip-tools",
            index_url="https://index.example/simple",
            extra_index_url=("https://more.example/simple",),
            find_links=("wheels",),
            trusted_host=("more.example",),
        ),
        docker=DockerOptions(
            python_version="3.12",
            base_image=f"registry.example:5000/team/python:3.12@sha256:{'0' * 64}",
            system_packages=("libgomp1", "curl=7.88.1-10+deb12u5"),
            env={"OMP_NUM_THREADS": "1"},
            setup_script="setup.sh",
        ),
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "null\n", "python:\ndocker:\nlabels:\n"])
def test_what_is_not_said_has_its_default(project: Path, loads: Loads, text: str) -> None:
    assert loads(text) == Bentofile(project=project, path=project / "bentofile.yaml")


def test_the_course_modules_bentofile_is_read(loads: Loads) -> None:
    loaded = loads(
        'service: "service:svc"\ninclude:\n  - "service.py"\n  - "bentoml_configuration.yml"\n'
        'exclude:\n  - "tests/"\n  - ".env"\npython:\n  packages:\n    - "bentoml>=1.1,<1.5"\n    - "numpy==2.1.3"\n'
        'docker:\n  distro: "debian"\n  python_version: "3.11"\n  system_packages:\n    - "libgomp1"\n'
    )
    assert loaded.service == "service:svc"
    assert loaded.python.packages == ("bentoml>=1.1,<1.5", "numpy==2.1.3")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("lables: {}\n", "1:1: `lables` is no key here | did you mean `labels`?"),
        ("python:\n  pakages: []\n", "2:3: `pakages` is no key here, under `python` | did you mean `packages`?"),
        (
            "docker: {distro: ubi9, system_packages: [vim, '@tools']}\n",
            "1:47: `docker.system_packages[1]` `@tools` is no RPM package"
            " | write one name an item, such as `libgomp` or `libxml2-2.9.13-6.el9`",
        ),
        ("docker: {cuda: x}\n", "1:10: `cuda` is no key here, under `docker` | did you mean `cuda_version`?"),
        ("packages: [numpy]\n", "1:1: `packages` is no key here | `packages` goes under `python`"),
        ("python: {labels: {}}\n", "1:10: `labels` is no key here, under `python` | `labels` goes to the top level"),
        ("envs:\n  - {name: A, valeu: b}\n", "2:15: `valeu` is no key here, under `envs[0]` | did you mean `value`?"),
        (
            "version: v1\n",
            "1:1: `version` is no key here"
            " | it is made from the content; `ekiben build --version` gives one of your own",
        ),
        ("traffic: {}\n", "1:1: `traffic` is no key here | it goes to `@ekiben.service(...)`"),
        ("models: [{tga: x}]\n", "1:11: `tga` is no key here, under `models[0]` | did you mean `tag`?"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_right_one(complains: Complains, text: str, complaint: str) -> None:
    assert complains(text) == f"bentofile.yaml:{complaint}"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "docker:\n  python_version: 3.10\n",
            '2:19: `docker.python_version` is `3.10`, a number, and asks for text | quote it: python_version: "3.10"',
        ),
        ("labels: {a: yes}\n", '1:13: `labels.a` is `yes`, a truth value, and asks for text | quote it: a: "yes"'),
        ('labels: {a: b, " ": c}\n', "1:21: `labels. ` is a label without a name | write NAME: VALUE"),
        ("labels: {a: null}\n", '1:13: `labels.a` is empty, and asks for text | quote it: a: ""'),
        ("name: 2024-01-01\n", '1:7: `name` is a date, and asks for text | quote it: name: "2024-01-01"'),
        ("include: ['*', 3]\n", '1:16: `include[1]` is `3`, a number, and asks for text | quote it: - "3"'),
        ("include: service.py\n", '1:10: `include` is text, and asks for a list | write include: ["service.py"]'),
        (
            "envs: {A: b}\n",
            "1:7: `envs` is a mapping, and asks for a list | an item of it is written `- {name: NAME, value: VALUE}`",
        ),
        (
            "envs: ['A=b']\n",
            "1:8: `envs[0]` is text, and asks for a mapping of keys to values"
            " | an item of it is written `- {name: NAME, value: VALUE}`",
        ),
        ("docker: [debian]\n", "1:9: `docker` is a list, and asks for a mapping of keys to values"),
        ("python: {no_index: 'yes'}\n", "1:20: `python.no_index` is text, and asks for `true` or `false`"),
        (
            "python: {lock_tool: poetry}\n",
            "1:21: `python.lock_tool` is `poetry`, and asks for one of `uv` or `pip-tools`",
        ),
        (
            "docker: {distro: debain}\n",
            "1:18: `docker.distro` is `debain`, and asks for one of `debian`, `alpine`, `amazonlinux`, `ubi8` or "
            "`ubi9`"
            " | did you mean `debian`?",
        ),
        ("envs: [{value: b}]\n", "1:8: `envs[0].name` is missing"),
        ("- service\n", "1:1: the file is a list, and asks for a mapping of keys to values"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_what_is_expected(
    complains: Complains, text: str, complaint: str
) -> None:
    assert complains(text) == f"bentofile.yaml:{complaint}"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("envs: [{name: PATH, value: x}]\n", "1:15: `envs[0].name` names `PATH`"),
        ("envs:\n  - {name: EKIBEN_BENTO, stage: build}\n", "2:12: `envs[0].name` names `EKIBEN_BENTO`"),
        ("docker:\n  env: {EKIBEN_HOME: /x}\n", "2:22: `docker.env.EKIBEN_HOME` names `EKIBEN_HOME`"),
        ("docker:\n  env: [A=b, PATH=/x]\n", "2:8: `docker.env.PATH` names `PATH`"),
    ],
)
def test_a_variable_that_the_image_lives_by_is_refused_with_its_place(
    complains: Complains, text: str, complaint: str
) -> None:
    assert complains(text) == f"bentofile.yaml:{complaint}, which the image sets itself | use another name"


def test_a_setup_script_whose_interpreter_no_kernel_finds_is_refused(
    project: Path, loads: Loads, complains: Complains
) -> None:
    (project / "setup.sh").write_bytes(b"#!/bin/sh\r\necho hi\r\n")
    assert complains("docker:\n  setup_script: setup.sh\n") == (
        "bentofile.yaml:2:17: `docker.setup_script` names a script with line endings of Windows, and no interpreter"
        " is found by them | save it with those of Unix (`dos2unix`)"
    )
    (project / "setup.sh").write_bytes(b"echo hi\r\n")
    assert loads("docker: {setup_script: ./setup.sh}\n").docker.setup_script == "setup.sh"


@pytest.mark.parametrize("key", ["include", "exclude"])
def test_what_is_no_pattern_is_refused_with_its_place(complains: Complains, key: str) -> None:
    assert complains(f"{key}:\n  - '*.py'\n  - a//\n") == (
        f"bentofile.yaml:3:5: `{key}[1]` `a//` is no pattern | write it as in .gitignore"
    )


def test_a_variable_is_named_once_for_a_stage(complains: Complains, loads: Loads) -> None:
    twice = "envs:\n  - {name: A, value: x}\n  - {name: A, value: y}\n"
    assert complains(twice) == (
        "bentofile.yaml:3:5: the variable `A` is named twice for the stage `all` | keep one of the two"
    )
    assert len(loads("envs: [{name: A, value: x, stage: build}, {name: A, value: y, stage: runtime}]\n").envs) == 2


def test_a_package_that_is_no_requirement_is_told_with_its_place(complains: Complains) -> None:
    assert complains("python:\n  packages:\n    - six\n    - idna==\n").startswith(
        "bentofile.yaml:4:7: `python.packages[1]` `idna==` is no requirement: "
    )


def test_the_first_of_several_errors_is_told(complains: Complains) -> None:
    assert complains("name: Iris\nlabels: 3\nservice: '!'\n").startswith("bentofile.yaml:1:7: `name` cannot be `Iris`")


def test_a_description_may_come_from_a_file(project: Path, loads: Loads) -> None:
    (project / "card.md").write_text("# Card\n")
    loaded = loads('description: "file: ./card.md"\n')
    assert (loaded.description, loaded.description_file) == (None, "card.md")


@pytest.mark.parametrize(
    "text",
    [
        'description: "file: ../secret"\n',
        "python: {requirements_txt: /etc/passwd}\n",
        "docker: {setup_script: ../../setup.sh}\n",
        "docker: {env: ../.env}\n",
        "python: {find_links: ['/srv/wheels']}\n",
    ],
)
def test_a_path_that_leaves_the_project_is_refused(complains: Complains, text: str) -> None:
    assert "outside the project" in complains(text)


def test_a_link_that_leaves_the_project_is_refused(project: Path, complains: Complains) -> None:
    (project / "requirements.txt").symlink_to("/etc/hostname")
    assert "outside the project" in complains("python: {requirements_txt: requirements.txt}\n")


@pytest.mark.parametrize("text", ['description: "file: {}"\n', "docker: {{setup_script: {}}}\n"])
@pytest.mark.parametrize("file", [".env", ".git/config", "link", "notes/x"])
def test_a_file_that_stays_out_of_the_source_stays_out_beside_it(
    project: Path, complains: Complains, text: str, file: str
) -> None:
    for path in (".env", ".git/config", "notes/x"):
        (project / path).parent.mkdir(exist_ok=True)
        (project / path).write_text("hunter2")
    (project / "link").symlink_to(".env")
    (project / ".bentoignore").write_text("notes/\n")
    complaint = complains(text.format(file))
    assert "names a file that cannot go in" in complaint
    assert complaint.startswith("bentofile.yaml:1:")


def test_a_script_that_is_excluded_from_the_source_is_run_all_the_same(project: Path, loads: Loads) -> None:
    (project / "scripts").mkdir()
    (project / "scripts" / "setup.sh").write_text("#!/bin/sh\n")
    text = 'exclude: ["scripts/"]\ndocker: {setup_script: ./scripts/setup.sh}\n'
    assert loads(text).docker.setup_script == "scripts/setup.sh"


def test_a_file_that_stays_out_unless_it_is_named_goes_in_where_it_is(project: Path, loads: Loads) -> None:
    (project / "card.pem").write_text("# Card\n")
    assert loads('description: "file: card.pem"\ninclude: [card.pem]\n').description_file == "card.pem"


def test_a_file_that_is_not_there_is_refused(complains: Complains) -> None:
    assert complains("python: {requirements_txt: no.txt}\n").endswith("names `no.txt`, which does not exist")


@pytest.mark.parametrize(
    "text",
    [
        "python: {index_url: 'https://user:hunter2@index.example/simple'}\n",
        "python: {extra_index_url: ['https://hunter2@index.example/simple']}\n",
        "python: {find_links: 'https://user:hunter2@index.example/wheels'}\n",
        "python: {packages: ['git+https://hunter2@code.example/a.git']}\n",
        "python: {packages: ['thing @ https://user:hunter2@code.example/a.whl']}\n",
        "docker: {env: {DB: 'postgres://user:hunter2@db.example/x'}}\n",
        "docker: {base_image: 'user:hunter2@registry.example/python'}\n",
        "envs: [{name: DB, value: 'redis://:hunter2@db.example'}]\n",
        "labels: {a: 'https://user:hunter2@code.example/a'}\n",
        "service: 'https://user:hunter2@code.example/a'\n",
        "labels: {'https://user:hunter2@code.example/a': a}\n",
        "description: 'see https://user:hunter2@code.example/a'\n",
        "python: {trusted_host: ['user:hunter2@index.example']}\n",
        "python: {trusted_host: 'hunter2@index.example:443'}\n",
        "python: {extra_index_url: 'http://user:s3\"hunter2@index.example:8765/simple'}\n",
        "'https://user:hunter2@code.example/a': b\n",
        "labels: {'https://user:hunter2@code.example/a': 3}\n",
        "labels:\n  'https://user:hunter2@code.example/a': b\n  'https://user:hunter2@code.example/a': b\n",
        "python: {index_url: 'http://user:s3/hunter2@index.example/simple'}\n",
        "envs: [{name: DB, value: 'postgres://user:s3 hunter2@db.example/x'}]\n",
        "python: {index_url: 'https://index.example/simple?token=hunter2'}\n",
        "python: {packages: ['a @ git+ssh://git:hunter2@code.example/a.git']}\n",
        'envs: [{name: DB, value: "https://u:it\'s-hunter2@db.example"}]\n',
    ],
)
def test_credentials_in_a_url_are_refused_and_not_repeated(complains: Complains, text: str) -> None:
    assert "hunter2" not in complains(text)


def test_credentials_are_refused_where_they_stand_with_their_host(complains: Complains) -> None:
    said = complains("python:\n  index_url: https://index.example/simple?page=1&access_token=t\n")
    assert said.startswith("bentofile.yaml:2:14: `python.index_url` holds credentials in the URL of `index.example`")


@pytest.mark.parametrize("user", ["git", "hg", "me"])
def test_a_repository_over_ssh_is_no_credential(loads: Loads, user: str) -> None:
    assert loads(f"python: {{packages: ['a @ git+ssh://{user}@code.example/a.git']}}\n").python.packages


@pytest.mark.parametrize(
    "text",
    [
        'docker: {base_image: "python:3.11\\nRUN evil"}\n',
        'docker: {system_packages: ["curl\\nRUN evil"]}\n',
        'docker: {system_packages: ["curl; evil"]}\n',
        'docker: {env: {"A\\nRUN evil": b}}\n',
        'docker: {env: {A: "b\\nRUN evil"}}\n',
        'docker: {env: ["A=b\\rRUN evil"]}\n',
        'envs: [{name: "A B", value: c}]\n',
        'envs: [{name: A, value: "b\\u2028RUN evil"}]\n',
        'labels: {a: "b\\nLABEL c"}\n',
        'docker: {setup_script: "a\\nb"}\n',
    ],
)
def test_nothing_that_ends_a_line_reaches_a_containerfile(complains: Complains, text: str) -> None:
    assert complains(text).startswith("bentofile.yaml:1:")


@pytest.mark.parametrize(
    "text", ['docker: {env: {A: "x\\uD800y"}}\n', 'description: "\\uDC80"\n', "args: &a {b: *a}\n"]
)
def test_no_text_ends_in_a_traceback(complains: Complains, text: str) -> None:
    assert complains(text).startswith("bentofile.yaml:1:")


def test_variables_of_the_image_come_from_a_mapping_a_list_or_a_file(project: Path, loads: Loads) -> None:
    (project / "image.env").write_text("# numbers\nexport A=1\n\nB='two words'\n")
    expected = {"A": "1", "B": "two words"}
    assert loads('docker: {env: {A: "1", B: two words}}\n').docker.env == expected
    assert loads("docker: {env: ['A=1', 'B=two words']}\n").docker.env == expected
    assert loads("docker: {env: image.env}\n").docker.env == expected


def test_a_line_that_sets_no_variable_is_told_by_its_number_alone(project: Path, complains: Complains) -> None:
    (project / "image.env").write_text("A=1\nhunter2\n")
    complaint = complains("docker: {env: image.env}\n")
    assert "item 2" in complaint
    assert "hunter2" not in complaint


def test_a_source_layout_is_accepted_where_there_is_one(project: Path, loads: Loads, complains: Complains) -> None:
    assert "no folder `src`" in complains("python: {is_src_layout: true}\n")
    (project / "src").mkdir()
    loads("python: {is_src_layout: true}\n")
    (project / "src/__init__.py").touch()
    assert "`src` is itself a package" in complains("python: {is_src_layout: true}\n")


def test_a_project_without_a_bentofile_is_an_error_unless_one_is_optional(project: Path) -> None:
    with pytest.raises(BuildError, match=r"has no bentofile\.yaml"):
        load_bentofile(project)
    assert load_bentofile(project, is_optional=True) == Bentofile(project=project)


def test_a_named_file_goes_before_the_usual_one(project: Path) -> None:
    (project / "bentofile.yaml").write_text("name: usual\n")
    (project / "gpu.yaml").write_text("name: gpu\n")
    assert load_bentofile(project, project / "gpu.yaml").name == "gpu"
    assert load_bentofile(project, Path("gpu.yaml")).name == "gpu"
    with pytest.raises(PathNotFound):
        load_bentofile(project, project / "missing.yaml")


def test_a_project_that_is_no_folder_is_an_error(project: Path) -> None:
    with pytest.raises(PathNotFound):
        load_bentofile(project / "nowhere")


def test_a_file_that_is_no_text_is_an_error(project: Path) -> None:
    (project / "bentofile.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BentofileError, match="no UTF-8"):
        load_bentofile(project)
