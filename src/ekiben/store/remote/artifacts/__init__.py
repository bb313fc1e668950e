"""What lies in a registry: manifests and configurations of models and Bentos, written and read. Values in, bytes out.

    modelpack        a model, as CNCF ModelPack has it; other tools' too     ── model_config   its configuration
    bento_artifact   a Bento, its models in it or only named                 ── bento_config   its configuration
    mountable        an ordinary image over a model's blobs: for volumes
    ├── layers       descriptors of an item's blobs                          ── file_kinds     weights, documents, code
    ├── foreign      layers that other tools made
    ├── facts        tag, digest, time and size of an item as annotations
    ├── refusals     what is not taken from strangers                        ── plain_json     YAML's values as JSON's
    └── artifact     the values that all of them share
    recognising      which of these a manifest is

What is read comes from strangers: it is bounded, held to its digest, and refused with a RemoteError that says what is
wrong. Nothing here decides where a file goes: a layer's `path` is checked, and the names in a tar are the extractor's.
"""
