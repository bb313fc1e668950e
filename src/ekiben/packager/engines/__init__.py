"""What turns a Containerfile and its context into an image.

engine      Engine (the interface), BuildJob, BuiltImage     values only
choosing    which engine a name means, and a refusal for those that are not there yet
docker      DockerEngine: checks, builds, looks at the result
├── docker_cli   which `docker` on PATH can do BuildKit, and the argument list of a build   (builds: the SDK knows no BuildKit)
└── docker_api   the Docker SDK: finding the engine, its version, images and their history  (its quarantine)
options     `--opt key=value`, and which keys would break a build of ours
streaming   a child process whose output is passed on line by line and that Ctrl-C ends
build_log   BuildKit's plain progress: the steps, and what failed
"""
