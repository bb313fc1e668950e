"""What a template may say, told from its syntax tree: everything in it has an effect, or is refused with its line.

Jinja drops what stands outside of blocks and blocks that the base does not have; here both are errors.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from jinja2 import nodes

from ekiben.nearest import did_you_mean

BASE = "bento_base_template"  # what every template extends, by BentoML's name
_OWN_PREFIX = "bento__"
_QUIET = (nodes.Block, nodes.Macro, nodes.AssignBlock)  # what is written in them is written elsewhere, or by a block


class TemplateRefused(Exception):
    """A template that cannot be used, with the line where that shows."""

    def __init__(self, message: str, line: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.hint = hint


def check_template(tree: nodes.Template, blocks: Collection[str]) -> None:
    """Raises TemplateRefused for what has no effect or leads out of the template."""
    _check_base(tree)
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport)):
        hint = "write what is needed into the template itself"
        raise TemplateRefused("a template reads no other file: `include` and `import` are not there", node.lineno, hint)
    for block in tree.find_all(nodes.Block):
        if block.name not in blocks:
            hint = did_you_mean(block.name, blocks) or f"blocks are: {', '.join(blocks)}"
            raise TemplateRefused(f"there is no block `{block.name}`", block.lineno, hint)
    for output in _loose(tree):
        hint = "put it into a block, with `{{ super() }}` for what ekiben writes there"
        raise TemplateRefused("what stands outside of the blocks would be dropped", output.lineno, hint)
    for name in tree.find_all(nodes.Name):
        if name.ctx == "store" and name.name.startswith(_OWN_PREFIX):
            hint = "places and user of an image of ekiben's are fixed"
            raise TemplateRefused(f"`{name.name}` can be read, not set", name.lineno, hint)


def _check_base(tree: nodes.Template) -> None:
    extended = list(tree.find_all(nodes.Extends))
    if len(extended) == 1 and extended[0] in tree.body:
        template = extended[0].template
        if isinstance(template, nodes.Name) and template.name == BASE:
            return
    line = extended[0].lineno if extended else 1
    raise TemplateRefused(
        "the template does not extend ekiben's Containerfile", line, f"begin it with `{{% extends {BASE} %}}`"
    )


def _loose(node: nodes.Node) -> Iterator[nodes.Output]:
    """What is written outside of every block, but for blank lines."""
    for child in node.iter_child_nodes():
        if isinstance(child, _QUIET):
            continue
        if isinstance(child, nodes.Output):
            if not all(isinstance(part, nodes.TemplateData) and not part.data.strip() for part in child.nodes):
                yield child
        else:
            yield from _loose(child)
