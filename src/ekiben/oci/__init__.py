"""Images as the OCI specifications have them: layers, documents, layouts, registries. Knows no word of what is packed.

    entries          Entry: a file, folder or link of a layer, and where its bytes come from
    ├── contents     reads those bytes, in pieces   ── zip_archive
    └── layer_tar    entries -> the one tar that they always give   ── tar_header
    compression      gzip or zstd over a layer's tar: the same bytes in, the same bytes out
    blobs            BlobStore, Layer: a folder of blobs by digest that many processes share
    ├── drafts       files that appear whole or not at all
    ├── sealed       files that nobody wrote to since they were held to their digest   ── records: small ones
    └── lane         a step of the work in a thread of its own
    streamed         StreamedLayer: a layer that is stored nowhere and made anew for each reader
    measured         digests of such layers, kept by what they are made of    ── placing: files of a cache
    image            Image: manifest, configuration and the source of their blobs; read_image, make_image
    ├── appending    append_layers: layers on top of a base, its configuration changed
    ├── manifest · index · config · descriptor    the documents   ── media_types   ── json_object: read and spelled
    └── reference    Reference: what an image is called
    image_index      ImageIndex: images under one index, one a platform; how they are found
    layout           Layout: a folder of images                     ── locking: one writer at a time
    └── reachable    what an index leads to: all else may go
    docker_archive   what `docker load` reads                       ── docker_archive_reader: what `docker save` writes
    └── stretches    files inside of a tar   ── strange_tar: of strangers   ── verified: blobs held to their digests
    artifact_store   ArtifactStore: what registries can do, for those who do not care whether it is one
    registry/        a client for registries                        ── transfer_progress: how far blobs are
    parallel         run_all: several jobs at once, one failure

A layer's `diff_id` (the digest of its tar) depends on its entries alone, on every machine. The digest of its compressed
blob depends on the compressor's version, too.
"""
