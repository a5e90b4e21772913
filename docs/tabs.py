"""Tabs: one of several ways to do the same, chosen by a click; no script is needed.

In a page, `::::{tabs}` holds `:::{tab} Title`, each with its text and code.
"""

from docutils import nodes
from sphinx.util.docutils import SphinxDirective


class tabs(nodes.General, nodes.Element):
    """Tabs side by side; each child is a `tab`."""


class tab(nodes.General, nodes.Element):
    """One tab, with its `title`."""


class Tabs(SphinxDirective):
    """The directive `tabs`."""

    has_content = True

    def run(self):
        """Return the node."""
        node = tabs(number=self.env.new_serialno("tabs"))
        node += self.parse_content_to_nodes()
        return [node]


class Tab(SphinxDirective):
    """The directive `tab`."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        """Return the node."""
        node = tab(title=self.arguments[0])
        node += self.parse_content_to_nodes()
        return [node]


def visit_tabs(translator, node):
    """Write the beginning of the tabs, and give each a number."""
    for number, child in enumerate(node.findall(tab)):
        child["group"], child["number"] = f"tabs-{node['number']}", number
    translator.body.append('<div class="tabs">\n')


def depart_tabs(translator, node):
    """Write their end."""
    translator.body.append("</div>\n")


def visit_tab(translator, node):
    """Write a button, its words and the beginning of what it shows."""
    group, number = node["group"], node["number"]
    name = f"{group}-{number}"
    checked = " checked" if number == 0 else ""
    translator.body.append(
        f'<input type="radio" name="{group}" id="{name}"{checked}>\n'
        f'<label for="{name}">{translator.encode(node["title"])}</label>\n'
        '<div class="tab">\n'
    )


def depart_tab(translator, node):
    """Write the end of a tab."""
    translator.body.append("</div>\n")


def setup(app):
    """Add the directives to Sphinx."""
    app.add_node(tabs, html=(visit_tabs, depart_tabs))
    app.add_node(tab, html=(visit_tab, depart_tab))
    app.add_directive("tabs", Tabs)
    app.add_directive("tab", Tab)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
