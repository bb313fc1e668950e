"""What pickles import, found out without loading them.

    files        a file: is it a pickle, or something that holds some (zip, tar, npy, compressed)?
    ├── packed   what is compressed, read in pieces and never more than the budget lets
    ├── opcodes  what each opcode reads and does
    ├── machine  one pickle followed opcode by opcode, on values that only say what they would be
    │   ├── stack     its stack and memo, as the unpickler has them
    │   ├── values    what lies on them                  ── arrays   joblib's raw arrays between opcodes
    │   ├── calls     functions that call or import what they are given
    │   └── source    bytes read forward, in pieces
    ├── findings what was seen: imports, and what could not be told
    └── limits   the bounds of the work, all counted and none timed, so that every machine finds the same
    judging      what an import means: dangerous, code, trusted, unknown      ── trusted   the allow-lists

The machine reads opcodes as the unpickler does (pickle.py and _pickle.c of CPython), not as pickletools does, which is
stricter here and laxer there: a scanner that reads differently can be led past. Where an operand cannot be told, or the
bytes could be read in two ways, that is a finding of its own.
"""
