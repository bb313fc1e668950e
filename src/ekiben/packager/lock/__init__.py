"""From what a project asks for to exact files with hashes, for the image's Python, platform and C library.

    resolve.py        lock_requirements: the parts below in order
    request.py        LockRequest and Lock: what goes in, what comes out
    target.py         Target: the image's Python, platform and C library  ── base_image.py  which one a base image has
                                                                          ── wheel_tags.py  which wheels it installs
    preparing.py      a request read, its own wheels made: all that a lock is looked up by
    ├── lines.py          requirement files as logical lines: comments, continuations, nested -r and -c
    ├── intent.py         Intent: requirements and constraints in normal form, or a refusal in words
    ├── project_locks.py  the locks of other tools: uv_lock · foreign_pylock ── markers.py    markers for a target
    ├── sources.py        requirements that name a folder, an archive, a repository
    │   └── own_wheels.py     wheels made of them: git_source · wheel_build · normal_wheel · wheel_cache · origin
    └── pip_settings.py   PipSettings: indexes, certificates, the rest of what pip's configuration says
                          (pip_config.py reads it without starting pip)     ── indexes.py    indexes with names
    cache.py          locks kept by the digest of everything that shaped them
    job.py            ResolverJob and Resolution: what a resolver is handed, what it answers
    ├── uv_tool.py        `uv pip compile`
    ├── pip_tools.py      `pip-compile`     ── pip_report.py   `pip install --dry-run --report`, for files and licences
    ├── child.py          a resolver as a child process that leaves nothing behind
    └── explain.py        a resolver's complaint made readable
    settling.py       what stays of what was found: files that the target installs, each with its hash
    metadata.py       the licences of what is locked                        ── licences.py   what metadata says of them
                      (licence_cache.py: what wheels said in any project; links_page.py: which files pip is to open;
                      wheel_metadata.py: what a wheel says)
    pip_download.py   `pip download`: wheels of what is locked              ── wheel_files.py   those at hand, by digest
    lockfile.py       LockedPackage, LockedFile and requirements.lock       ── pylock.py     the same as PEP 751 has it
    base_digest.py    which image the base's tag means now
    bento_lock.py     bento.lock in the project                             ── freshness.py  whether it still fits
                      (documents.py: a lock as data; toml_text.py: TOML written)
    consistency.py    whether the lock files of a Bento agree
    local_files.py    the locked files that lie on this machine (find-links folders, file:// indexes)

Which requirements a project has, and where its lock comes from, is `packager/locking.py`'s to say.
"""
