"""How Sphinx builds this site: `python -m sphinx -W --keep-going docs build/docs`."""

import os
import re
import sys
from pathlib import Path

from docutils import nodes

from minidl import __version__

sys.path.insert(0, str(Path(__file__).parent))  # for the extensions of this folder

project, author, release = "minidl", "the authors of minidl", __version__
copyright = "the authors of minidl, MIT licence"
extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "matplotlib.sphinxext.plot_directive",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinxext.opengraph",
    "accessible",
    "api_pages",
    "mathml",
    "pictures",
]
exclude_patterns = ["_build", "about.md"]  # what a package index shows; the first page has it too

# The docstrings: shapes and types stand in their numpydoc sections; a public name in backquotes is
# a link.
default_role = "py:name"
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_inherit_docstrings = False  # an override without a docstring is not shown again
autosummary_generate = False
numpydoc_show_class_members = False
# tests/test_docstrings.py validates the docstrings.

# The pages.
myst_heading_anchors = 3
# "colon_fence" is for what stands around code: tests run the code of a tab like any other.
myst_enable_extensions = ["colon_fence", "dollarmath"]
html_math_renderer = "mathml"
smartquotes = False  # "auto" stays what one can type
toc_object_entries_show_parents = "hide"
maximum_signature_line_length = 90

# The figures: drawn by the code above them when the site is built.
plot_include_source = True
plot_html_show_source_link = plot_html_show_formats = False
plot_formats = [("png", 150)]

# The look: nothing is fetched from the network. The styles of code have a contrast of 7 : 1.
html_theme = "furo"
html_title = f"minidl {release}"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_js_files = ["scrolling.js"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
copybutton_selector = "div:not(.highlight-text) > div.highlight > pre"  # not what programs print

# What a link to a page shows elsewhere. The address is known to who publishes the site.
ogp_site_url = os.environ.get("MINIDL_SITE_URL", "")
ogp_image = "_static/pictures/preview.png"
ogp_image_alt = "minidl, and the boundary between two half-moons of points that a network has learned"


def shorten_citations(app, doctree, docname):
    """Show the citation [1] as [1]: numpydoc gives each a label that is unique on the page."""
    for text in doctree.findall(lambda node: isinstance(node, nodes.Text)):
        shortened = re.sub(r"^\[R[0-9a-f]{12}-(\d+)\]$", r"[\1]", text)
        if shortened != text:
            text.parent.replace(text, nodes.Text(shortened))


def setup(app):
    """Connect the hooks of this file to Sphinx."""
    app.connect("doctree-resolved", shorten_citations)
