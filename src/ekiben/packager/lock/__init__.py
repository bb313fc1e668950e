"""From what a project asks for to exact files with hashes, for the image's Python and platform.

    request.py     LockRequest, Lock: what goes in and what comes out
    target.py      Target: the image's Python and platform, and what each tool calls them
    lines.py       requirement files as logical lines: comments, continuations, nested -r and -c
    intent.py      lines -> Intent: normalised requirements and constraints, or a refusal in words
    pip_settings.py  what pip's own configuration says about indexes, certificates, credentials
    uv_tool.py     the resolver `uv pip compile`     \\  each turns intent + settings into the text of a lock
    pip_tools.py   the resolver `pip-compile`        /   (the only modules that know these tools)
    child.py       a resolver as a child process that leaves nothing behind
    explain.py     a resolver's complaint made readable
    lockfile.py    LockedPackage; the text of a lock, read and written
    cache.py       locks kept by the digest of everything that shaped them
    resolve.py     lock_requirements: all of the above in order
    local_files.py the locked files that lie on this machine (find-links folders, file:// indexes)
    redaction.py   URLs without their credentials

A committed `bento.lock` will be one more place that `resolve.py` looks in before the cache; `pylock.toml` one more
way to write `LockedPackage`s, beside `lockfile.py`.
"""
