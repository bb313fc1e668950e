"""What turns a Containerfile and its context into an image.

    engine      Engine (the interface), BuildJob, BuiltImage: values only
    choosing    which engine a name means, the native one among them; pure
    opening     that engine: ours, or a third party's by entry point; which one is at hand
    docker      DockerEngine, also called buildx: checks, builds, looks at the result
    ├── docker_cli   which command on PATH can do BuildKit (the SDK cannot), and the argument list of a build
    ├── docker_api   the Docker SDK, alone in knowing it: finding the engine, its version, images and their history
    └── build_log    BuildKit's plain progress: the steps, and what the failed one said
    built_image what is told of an image that lies where we can read it
    podman      PodmanEngine, also called buildah: the same by programs without a daemon
    ├── podman_cli   finding them, the argument list of a build, the layers of an image
    ├── step_log     what they say while they build
    ├── content_keys what their cache overlooks, told in the Containerfile
    ├── podman_storage  an image that is made already, handed to podman
    └── leftovers    the containers that they keep where a build is ended
    build_command    a build's command run to its end, its failure raised   ── failures   that failure, with a remedy
    streaming   a child process whose output is passed on line by line
    options     `--opt key=value`, and which keys would break a build of ours

What goes into an image is decided before (`plan`, `context`); an engine only runs it.
"""
