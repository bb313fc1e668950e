"""Remotes: models and Bentos in registries, shared folders and buckets. Written once over `oci.artifact_store`.

    calls            push and pull as Python callers ask for them
    ├── pushing      an item to a remote                        ── mounting    a model as an image beside it
    ├── pulling      an item into the store
    │   ├── fetching     layers become files                    ── downloads   the cache they come into, and its locks
    │   ├── adopting     models that other tools pushed         ── vouching    who signed the manifest of one
    │   └── signed       the signatures that come along
    ├── copying · deleting · listing ── showing: what is told of each      ── sweeping    what no version leads to
    ├── tagging      versions stay, `latest` goes forward
    ├── attaching    what refers to an item, both ways          ── referrers · manifest_signatures
    └── documents    which version is meant, and what its documents say
    artifacts/       manifests and configurations, written and read
    packing          which blobs an item is                     ── item_blobs  those of an item in the store
    remotes          what `--to`, settings and references mean  ── opening     the stores of artifacts behind them
    object_store/    folders and buckets
    origin           where a pulled item came from, in its receipt

A push ends with its manifest, a pull with the commit of archives: before, nobody sees anything of it.
"""
