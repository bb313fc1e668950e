"""The packager: a project becomes a Bento, a Bento becomes an image.

    rebuilding/       `ekiben build`: the Bento of the last time where nothing has changed, else
    build             the order of it all: `build`, `build_bento`           ── request  what is asked for
    ├── draft         what is known of a Bento while it is built      ── steps    what is found out, one after the other
    ├── bentofile/    what the project says, checked                  ── project  which service it means
    │                                                                 ── arguments  what it leaves open, filled in
    ├── selection/    which of its files go in, and those copied
    ├── describing/   the service described by a process of its own
    │   └── declaring  what it says of its image, in the words of the bentofile
    ├── models        the models it needs, pinned to versions and digests
    ├── locking       its dependencies, pinned with hashes            ── lock/    how that is done
    ├── runtime_wheel ekiben's own serving half as a wheel             ── wheel_file  its bytes, always the same
    ├── manifest      bento.yaml       ── readme    README.md
    ├── sbom/         sbom.cdx.json    ── slsa      provenance.json  ── source_tree  the source by digest, for both
    └── git_state     what the receipt says of git
    audit/            what is in a Bento, why, and what about it should worry somebody (`ekiben audit`)
    diff/             what changed between two Bentos (`ekiben diff`)
    verification      is a Bento what it was, down to its lock and its models (`ekiben verify`)
    project_lock      bento.lock written or checked (`ekiben lock`)   ── project_image  what the service says of it
    image/            a Bento becomes an image (`ekiben containerize`)
    airgap            what of it goes to a machine without a network (`ekiben export --images`)
    parts             where the parts of a Bento lie in its folder
    credentials       what in a URL is a secret, for bentofile/ and lock/
    asking            what another program prints, for git_state and image/
    inputs            what a build reads, as the interpreter tells it
    placing           files of caches put there whole or not at all, for lock/, image/ and rebuilding/
    registries        the client of registries, imported by those who talk to one, for image/
    child_process     another program that ends with us, for describing/, lock/ and image/
    scaffold          a new project to start from (`ekiben init`)

Talks through a `Reporter`, writes through a `Store`. Nobody here runs a service in this process.
"""
