"""The service described by a process of its own: which APIs it has, their schemas, the models it names.

    describer     `Describer`: that process, from its start to its answer; what it sees of this machine
    ├── program   `python -m ekiben.packager.describing.program`: what runs there
    └── description   its answer as values, or what went wrong in words

User code is never imported in the process that builds.
"""
