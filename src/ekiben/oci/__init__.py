"""Images as the OCI specifications have them: layers, documents, layouts, registries. Knows no word of what is packed.

    entries          Entry: a file, folder or link of a layer, and where its bytes come from
    ├── contents     reads those bytes, in pieces   ── zip_archive
    └── layer_tar    entries -> the one tar that they always give   ── tar_header
    compression      gzip or zstd over a layer's tar: the same bytes in, the same bytes out
    blobs            BlobStore, Layer: a folder of blobs by digest that many processes share
    ├── drafts       files that appear whole or not at all
    └── lane         a step of the work in a thread of its own
    streamed         StreamedLayer: a layer that is stored nowhere and made anew for each reader

A layer's `diff_id` (the digest of its tar) depends on its entries alone, on every machine. The digest of its compressed
blob depends on the compressor's version, too.
"""
