"""The store: models and Bentos on disk by content address, safe under many processes and under a kill at any instant.

    local           Store, open_store, default_store: what is handed around
    ├── models      Model, ModelShelf, ModelDraft            ── model_manifest   model.yaml
    ├── bentos      Bento, BentoShelf, StagedBento           ── bento_manifest   bento.yaml
    ├── reference   BentoModel: a model as a service's class attribute
    ├── pins        the models of the loaded Bento (EKIBEN_BENTO): what lookups inside an image see
    └── aliases     second names of models where a project is served: what no Bento lists yet
    shelf           name/version folders: find and list                 ── latest    which version was saved last
    ├── index       what thousands of small files said when they were last read
    └── summaries   of manifests, through an index: what lists and pruning ask
    changes         commit and delete, under the store's lock
    usage           which Bentos need which models                      ── bento_models  those of one Bento, by digest
    claims          the models of a Bento that is still being made
    sharing         a large file that another version has already is stored once
    verify          is an item what its digest names, file by file
    signatures      who signed an item                                  ── admission which of them a policy lets through
    item            what models and Bentos have in common               ── receipt   receipt.yaml
    seal            a draft becomes a checked, hashed, synced tree      ── sums      SHA256SUMS
    staging         folders in tmp/ that die with their process         ── lock      locks between processes
    upkeep/         prune, du, fsck
    archive/        export and import: items as files, folders and behind URLs, and the one extractor
    remote/         push and pull: registries, shared folders, buckets
    layout · documents (YAML) · plain (values YAML keeps) · plain_file (opening what nobody trusts) · pickles
    loading         what it means that a library fails over a file
    disk            errors in words, fsync

Writing is always: stage in tmp/, seal, take the store's lock, one rename. Reading takes no lock.
"""
