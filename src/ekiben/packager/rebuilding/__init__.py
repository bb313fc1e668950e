"""A build of what has not changed is not done again: its Bento is there.

    rebuild    `rebuild`: the Bento that stands, else a build, of which a record is kept
    ├── record   `BuildRecord`: what one build was asked, read and made; when it still holds
    └── inputs   what was read, as the interpreter tells it

What the record is silent about is named in `inputs`; `--rebuild` does the work whatever it says.
"""
