"""How Sphinx builds this site: `python -m sphinx -W --keep-going docs build/docs`."""

import sys
from pathlib import Path

from minidl import __version__

sys.path.insert(0, str(Path(__file__).parent))  # for names.py

project, author, release = "minidl", "the authors of minidl", __version__
copyright = "the authors of minidl, MIT licence"
extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "matplotlib.sphinxext.plot_directive",
    "names",
]
exclude_patterns = ["_build", "about.md"]  # what a package index shows; the first page has it too

# The docstrings: shapes and types stand in their numpydoc sections; what is in backquotes is a link where it is a public name.
default_role = "py:name"
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autosummary_generate = False
numpydoc_show_class_members = False
# No tabs, known sections in their order, a docstring at all, a summary that ends in a full stop, and parameters that exist, in their order,
# with a type, without a space before the colon. That none is left out is asked by names.py.
numpydoc_validation_checks = {
    "GL05",
    "GL06",
    "GL07",
    "GL08",
    "GL10",
    "SS01",
    "SS03",
    "SS04",
    "PR02",
    "PR03",
    "PR04",
    "PR10",
}

# The pages.
myst_heading_anchors = 3
smartquotes = False  # "auto" stays what one can type
toc_object_entries_show_parents = "hide"
maximum_signature_line_length = 90

# The pictures: drawn by the code above them when the site is built.
plot_include_source = True
plot_html_show_source_link = plot_html_show_formats = False
plot_formats = [("png", 150)]

# The look: nothing is fetched from the network.
html_theme = "furo"
html_title = f"minidl {release}"
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
