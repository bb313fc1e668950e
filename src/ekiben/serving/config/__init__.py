"""What a running server is told, and by whom: every value carries the place it came from.

    default < decorator < file < environment < command line

    keys      one row per key: its place in files, its variables, its option, its reading
    file      finds and reads `ekiben.yaml` (or BentoML's file); unknown keys are refused
    classic   the blocks `runners` and `api_server` of such a file, as keys of ours
    values    text, numbers and switches read from what YAML, the environment or a command line holds
    server    `ServerConfig`, and `load_config` which lays the layers over one another
    unheeded  keys of BentoML's that mean nothing here, and why
    cpus      how many cores this process may use, in a container too

What a *project* says about its Bento is in its bentofile; what a *machine* says about ekiben is in `ekiben.settings`.
"""
