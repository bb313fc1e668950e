"""The store at scale, and under a crowd."""
