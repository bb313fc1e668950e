"""From what a project asks for to exact files with hashes, for the image's Python and platform.

    resolve.py       lock_requirements: the parts below in order
    request.py       LockRequest and Lock: what goes in, what comes out
    target.py        Target: the image's Python and platform
    lines.py         requirement files as logical lines: comments, continuations, nested -r and -c
    intent.py        Intent: requirements and constraints in normal form, or a refusal in words
    pip_settings.py  PipSettings: indexes, certificates and the rest of what pip's configuration says
    pip_config.py    pip's files and variables, read without starting pip
    cache.py         locks kept by the digest of everything that shaped them
    job.py           ResolverJob: what a resolver is handed
    uv_tool.py         `uv pip compile`
    pip_tools.py       `pip-compile`
    child.py         a resolver as a child process that leaves nothing behind
    explain.py       a resolver's complaint made readable
    lockfile.py      LockedPackage, and the text of a lock
    local_files.py   the locked files that lie on this machine (find-links folders, file:// indexes)

A committed `bento.lock` will be one more place where `resolve.py` looks before the cache (its staleness is a
comparison of intents and targets); `pylock.toml` one more way to write `LockedPackage`s, beside `lockfile.py`.
"""
