"""`docker.dockerfile_template`: a project's own lines in its Containerfile, as a Jinja template with BentoML's blocks.

    filling     `fill_template`: the template and our blocks in, text out
    rendering   the process of its own that does it, bounded in time, memory and output
    checking    what a template may say, before any of it runs

A template comes with the project, and with a Bento from anywhere: it is never evaluated in our own process, sees texts
and numbers alone, reaches no file, and has no access to Python (CVE-2026-35044 is what happens otherwise). What it
writes is run by the engine, in the image that is built.
"""
