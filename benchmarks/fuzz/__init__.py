"""Fuzzers: inputs that nobody would write, for hours if wanted. Tests run each for a second or two."""
