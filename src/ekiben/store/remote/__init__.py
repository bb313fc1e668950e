"""Remotes: models and Bentos in registries, shared folders and buckets.

packing         which blobs an item is      ── item_blobs   those of an item in the store
"""
