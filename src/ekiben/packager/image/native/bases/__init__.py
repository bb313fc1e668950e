"""What an image stands on: found, and looked at before anything is built on it.

naming       BaseName: `python:3.11-slim`, `oci:DIR`, `docker-archive:FILE`, `docker-daemon:REF`, `host`
opening      open_bases: the images of that name, one a platform
├── engine_image   an image that a Docker engine has, saved once
├── copied_python  the Python of another image on top of one that has none
│   └── python_files   what of it is copied    ── elf   which libraries that needs
└── (host/)        one made of the running interpreter
files        ImageFiles: what a container of an image would see, by reading its layers; nothing is unpacked
facts        BaseFacts: interpreter, C library, machine; kept by the image's id
fitting      whether a Bento can stand on it
"""
