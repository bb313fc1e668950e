"""What is in a Bento, why, and what about it should worry somebody. Reads; runs, imports and unpickles nothing.

audit         `audit_bento`: inventory, checks and allowances, in order
├── evidence    `Evidence`: what the checks look at                 ── inventory   every file: size, kind, rule
├── checks, each from evidence to findings
│   ├── kept        notebooks, data, large files, caches, links, executables
│   ├── contents    secrets in files                            ── secrets     how they show
│   ├── packages    the locks: pins, hashes, withdrawals, licences, what is there twice
│   ├── image       base image, variables, system packages, setup script
│   ├── models      models that are missing or other than named
│   ├── formats     what files without a pickle want trusted: types of skops, code in Keras' layers
│   └── pickled     what pickles import                         ── pickles/    how that is found out
├── finding     `Finding`: what, where                          ── codes       what each code means
└── allowances  what the project allows, with reasons
report        `AuditReport`, and the same as JSON                 ── sarif       the same for other tools
"""
