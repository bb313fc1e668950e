"""A Bento becomes an image.

    containerize   the order of it: check the models, plan, stage the context, gather the secrets, build
    ├── planning            what of a Bento the image is planned from
    ├── plan                which layers there are and what the environment holds: an `ImagePlan`, pure
    ├── running             how the image runs, whoever makes it
    ├── model_mounts        where a registry may have the models' blobs
    ├── native/             makes it without a daemon, where nothing has to run in it; else:
    ├── containerfile       the plan as text         ── instructions, mounts   how it is spelled
    ├── dockerfile_template/  lines of the project's own in that text
    ├── context             the build context, by hard links
    ├── secrets, build_env  what builds may read and no layer holds
    └── engines/            what runs the build
    rebase         another base under an image that is there already
    conda          environment.yml, which a build puts into the Bento

`build` uses the plan and its text too: a Bento carries the Containerfile of its first platform.
"""
