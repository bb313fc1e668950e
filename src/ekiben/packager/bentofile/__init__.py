"""The bentofile: what a project says about how it is packed, read and checked before anything else happens.

    document    bentofile.yaml as data, every key and value with its line and column
    pyproject   the same from a table of pyproject.toml
    grammar     what a single value may be: paths, URLs, names that reach a Containerfile
    envfile     `NAME=value` lines under `docker.env`
    model_filter which versions of a model `models[].filter` means
    schema      every key by its level (pydantic: the edge)
    explaining  what pydantic found wrong, in words and with its place
    conda_file  conda's environment.yml, read into the same
    declaration what the service's own file says, joined with it   ── setup   its commands as one script
    overlay     arguments of `ekiben.build()` in the place of keys
    dependencies  the `python` block, with what pyproject.toml says   ── project_table   its [project]
    refusals    keys of `docker` that lead to no image
    bentofile   `Bentofile`, the frozen value that the rest of the packager works with
    loading     `load_bentofile`: all of the above in order, errors with their place

Nothing here looks into the store, imports the service or asks an index.
"""
