"""A wheel file becomes the files that an installer makes of it, without an installer and without unpacking it.

    tree           installed_entries: a wheel -> WheelTree, the entries of its files below /app/venv
    ├── archive        the zip: its members, held to what a wheel may hold, before a byte of them is unpacked
    ├── dist_info      what the wheel says of itself: name, version, format, entry points
    ├── record         RECORD: the hashes that the wheel promises, and those of what is installed
    ├── scheme         where in the environment a member goes
    └── scripts        programs in bin/: those made of entry points, and those whose first line is `#!python`
    refused        what all of these say no with, without knowing the wheel's name
    fitting        require_fit: whether the image can run the wheel, told by its file name
    conflicts      two wheels that claim one path
    claims         which paths a wheel claims, kept for when it is not opened

A tree depends on the wheel's bytes, its file name and the image's Python alone, so a wheel's layer is the same in every
Bento. What a wheel promises in its RECORD is what its entries have to hold when they are read.
"""
