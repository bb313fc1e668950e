"""Signatures: who vouches for a set of files. Knows digests and keys, and no word of what is stored or packed.

    keys             PublicKey, PrivateKey: EC P-256, P-384, P-521 and Ed25519       (alone in touching cryptography)
    key_files        where keys and passphrases come from: files and variables, never a command line
    dsse             Envelope: a payload and a signature over its pre-authentication encoding
    bundle           Bundle: the envelope as cosign and model-signing write and read it (sigstore bundle v0.3)
    statement        Statement: what the payload says, as in-toto has it
    ├── file_statement     one file by its digest: cosign's own predicate
    └── model_statement    every file of a model: the OpenSSF Model Signing predicate
    strict_json      JSON from strangers, bounded and unambiguous
    policy           Policy: what the settings want signed, and by which keys

A key is looked up first and the signature verified before its payload is believed. Nothing here reads a clock, a
certificate or a transparency log: who has the public key decides whom to trust.
"""
