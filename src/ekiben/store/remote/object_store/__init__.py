"""Remotes that are no registries: a folder that many share, or a bucket, with the guarantees of a registry.

    opening          open_object_store: which of them a URL means
    └── store        ObjectStore: an ArtifactStore                   ── layout: where everything lies
        ├── documents    manifests, tags and referrers of a repository
        ├── saving       blobs into files, resumed                     ── source: as streams
        └── sweeping     what no version leads to goes                 ── condemned: and no push loses by it
    objects          Objects: what a place has to be able to do        ── checked: what is sent, held to its digest
    ├── folder       files below a folder                              ── shared_files · folder_locks
    └── bucket       any file system of fsspec                         ── ranges: fetched ahead
        └── s3 · google      uploads in parts, writes that compare     ── parts: several at once, resumed

Nothing is believed that lies there: names are held to the grammar of references, documents to their digests and a
limit, blobs to digest and size. Memory is a few parts, whatever the blob. Only `archive.remote_files` touches fsspec.
"""
