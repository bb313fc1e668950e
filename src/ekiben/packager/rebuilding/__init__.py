"""A build of what has not changed is not done again: its Bento is there.

    standing    `standing_bento`: the Bento of the last time, where nothing has changed
    recorded    `build_recorded`: a build, of which a record is kept
    └── record  `BuildRecord`: what one build was asked, read and made; whether it still holds

What was read is known by `packager.inputs`, which also names what it is silent about; `--rebuild` does the work
whatever the record says.
"""
