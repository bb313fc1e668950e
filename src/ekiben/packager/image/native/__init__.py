"""The native engine: a Bento becomes an image for each platform without a daemon, its wheels becoming layers directly.

    obstacles        what keeps a Bento from this engine
    engine           build_native: the order of it: bases, an image a platform, their index
    ├── bases/           what the image stands on: opened, looked at, held against the Bento     ── host/
    ├── plan             the layers above it, and the key that each depends on
    ├── wheel_layers     wheels become layers
    │   ├── locked_wheels, gathering   which wheel of each package; where its file is
    │   ├── wheels/          a wheel -> the files that an installer makes of it
    │   └── wheel_bytecode   the .pyc of each wheel, compiled once and kept
    │       ├── bytecode         which files of an image get one
    │       ├── interpreters     which Python of this machine can compile them
    │       └── compilers        processes that do, as many as there are cores    ── compile_worker: their program
    ├── model_layers     models become layers: the blobs that they are in a registry
    ├── entries          the entries of the other layers: links, source, models without blobs
    ├── layers           makes layers side by side, or finds them made
    ├── config           how the image runs
    └── delivering       to a layout, an archive, Docker, podman or a registry    ── outputs

    rebasing         rebased_image: its layers on another base

What is made is entries of layers (`ekiben.oci.entries`); nothing is unpacked or run to make them.
"""
