"""What turns a Containerfile and its context into an image.

    engine      Engine (the interface), BuildJob, BuiltImage: values only
    choosing    which engine a name means, the native one among them, and a refusal of those that are not there yet
    docker      DockerEngine: checks, builds, looks at the result
    ├── docker_cli   which `docker` on PATH can do BuildKit (the SDK cannot), and the argument list of a build
    └── docker_api   the Docker SDK, alone in knowing it: finding the engine, its version, images and their history
    build_log   BuildKit's plain progress: the steps, and what the failed one said
    streaming   a child process whose output is passed on line by line
    options     `--opt key=value`, and which keys would break a build of ours

What goes into an image is decided before (`plan`, `context`); an engine only runs it.
"""
