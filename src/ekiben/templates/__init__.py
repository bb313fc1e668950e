"""Text files that ekiben writes, and the loader that fills them in.

    loader      `render`: a template with its values; `template_names`: what a folder holds
    readme.md.j2
    project/    what `ekiben init` puts into a new project

The loader needs jinja2, which the image does not carry: nothing that serves imports this room.
"""
