"""Which files of a project go into its Bento, and those files copied.

    selection      the walk: `select_files`, `find_file`; what is kept out is never entered
    ├── rules      what include, exclude and .bentoignore say about a path, taken together
    ├── wildmatch  what one pattern matches
    └── exclusions what never goes in, and what only when it is named
    staging        the selected files copied, byte for byte

Knows of no bentofile: it is given folders and patterns. lock/ uses it for projects that become wheels, audit/ for why a
file is in a Bento.
"""
