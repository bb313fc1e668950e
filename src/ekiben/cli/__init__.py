"""The command line: argv in, text out. Nobody imports this room.

    main.py        the console script: runs the app, prints an error with its hint, exits with its code
    direct.py      `list` and `get` in their plain form, without what the application imports
    app.py         the Typer application and its global options
    commands.py    the table of commands, each imported when it is asked for
    interrupts.py  what a command says that was stopped
    state.py       settings, store and reporter, made once and handed to each command
    console.py     the reporters of a terminal, of logs and of programs (JSON), always on stderr
    ├── pace.py    how far, how fast, how much longer, and when that is worth saying     ── bars.py  drawn by rich
    output.py      data on stdout: table, JSON, YAML, path; never wrapped or coloured when it is no terminal
    formats.py     what commands print in       options.py  option types that several commands share
    items.py       list, get, delete: the same for Bentos and models
    reading.py     what `list` and `get` print, however they were called
    bentos.py      `list get delete`          models.py   `models list|get|delete|...`
    archiving.py   `export import`, for models, too
    trusting.py    `verify sign`, for models, too
    building.py    `init build`               images.py   `containerize`
    locking.py     `lock`                     auditing.py `audit`
    pruning.py     `prune`, for models, too   checking.py `fsck du`
    serving.py     `serve`                    env.py      `env`

Command modules declare signatures and import what they run inside the command's body, so that starting stays quick.
"""
