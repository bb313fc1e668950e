"""The packager: a project becomes a Bento, a Bento becomes an image.

    bentofile/      what the project says, checked
    selection       which of its files go in; exclusions: what never does
    staging         the selected files copied, byte for byte
    description     the service described by a process of its own
    models          the models it needs, pinned to versions and digests
    lock/           its dependencies, pinned with hashes
    runtime_wheel   ekiben's own serving half as a wheel
    readme          the page that the Bento carries
    provenance      what the receipt says of the making: git, host
    build           all of the above in order: `build`, `build_bento`
    scaffold        a new project to start from (`ekiben init`)
    containerfile   what an image is made of; context, engines/, containerize: the making of it

Talks through a `Reporter`, writes through a `Store`. Nobody here runs a service in this process.
"""
