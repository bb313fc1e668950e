"""A client of the distribution API (OCI distribution-spec 1.1): images and blobs in any registry.

    registry         Registry: what can be done with one, in images, blobs and manifests
    ├── uploads      Upload: a blob there by the cheapest way; resumed      (rewinding: its content, from any byte)
    │   ├── kept_uploads     how far it is, in a file, for the next process
    │   └── habits           what the registry was found to take    (quirks: what is known of it by its name)
    ├── downloads    RemoteBlob: a blob streamed, resumed, checked     (reader: to read from)
    │   ├── saving           Saving: into a file, over one connection or several, locked and hashed     (kept_blobs)
    │   ├── partial_file     PartialFile: what of it is there, after any kill
    │   ├── line             Line: one of several connections, which asks for no more than it has to
    │   └── ranges           Pieces: which connection brings what, and when more of them help
    ├── manifests    Manifests: asked for, fetched, put, deleted
    ├── referrers    Referrers: what is about a manifest, in lists    (rivals: others who move the same tag meanwhile)
    └── listing      Listing: repositories and tags by name     (paging: lists that come in pages)
    client           Client: one request with credentials, redirects, errors in words
    ├── authorization    logins and tokens      (challenge: what is asked; credentials: what `docker login` keeps)
    ├── logging_in       log_in: shown to the registry, kept by `logins`      (credential_helpers: programs that keep)
    ├── transport        one request, one answer: alone in touching urllib3      (live_connections: to break them off)
    ├── retrying         which failures are waited out, and how long
    ├── network          proxies and trust      (certificates: what single registries want and are trusted by)
    └── addresses        hosts to URLs

Nothing is believed that a registry sends: blobs and manifests are checked against their digests, documents are bounded,
credentials go to its own origin alone. Memory is a few pieces per transfer, whatever the blob. What is known of a host
by its name is a first guess: a registry's habits are learned from its answers.
"""
