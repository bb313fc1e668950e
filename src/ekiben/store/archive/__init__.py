"""Archives: models and Bentos out of the store into one file, and back, on another machine, years later.

    exporting       an item into an archive                     importing       an archive into the store
    ├── contents    which files go in, in which order           ├── unpacking   a place's bytes become files
    │   ├── index   ekiben-archive.yaml, the first of them      │   ├── extracting      THE extractor
    │   └── member  one file, checked while it is read          │   ├── tar_reader · zip_reader · folder_reader
    └── writing     tar, zip, a folder: same in, same out       │   └── limits          size, count and ratio
                                                                ├── incoming    files become checked items
                                                                ├── from_bentoml ── bentoml_manifests
                                                                └── committing  they become the store's
    places          paths and URLs        ── new_file (appears whole) · remote_files (fsspec, its only module)
    compression     gz, bz2, xz, zst      ── the only module that touches a compressor
    offline         what a Bento's image is made of, for where there is no network
    formats · names · entry · tree        values that both ways share

An archive holds the item's files byte for byte under their own paths; a Bento's also its models. What is read is
believed in nothing: names, kinds, sizes, counts and sums are checked before the store changes.
"""
