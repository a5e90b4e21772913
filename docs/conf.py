"""How Sphinx builds this site: `python -m sphinx -W --keep-going docs build/docs`."""

import os
import re
import sys
from pathlib import Path

from docutils import nodes

from minidl import __version__

sys.path.insert(0, str(Path(__file__).parent))  # for the extensions of this folder

from api_pages import type_links

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
ogp_image_alt = (
    "minidl, and the boundary between two half-moons of points that a network has learned"
)

# Links to the documentation of others, by small inventories of the names that are used: no network.
extensions.append("sphinx.ext.intersphinx")
intersphinx_mapping = {
    "python": ("https://docs.python.org/3/", "inventories/python.txt"),
    "numpy": ("https://numpy.org/doc/stable/", "inventories/numpy.txt"),
    "matplotlib": ("https://matplotlib.org/stable/", "inventories/matplotlib.txt"),
    "sklearn": ("https://scikit-learn.org/stable/", "inventories/sklearn.txt"),
    "mpi4py": ("https://mpi4py.readthedocs.io/en/stable/", "inventories/mpi4py.txt"),
}
numpydoc_xref_param_type = True
numpydoc_xref_aliases, numpydoc_xref_ignore = type_links(), "all"

# The galleries: the scripts of docs/galleries and the notebooks of experiments/notebooks, which are
# run when the site is built. docs/recorded has the results of runs that take longer.
GALLERIES = ["bugs", "plots", "studies"]
extensions.remove("myst_parser")  # which myst_nb contains
extensions += ["myst_nb", "sphinx_gallery.gen_gallery", "gallery_pages", "two_looks"]
exclude_patterns += ["galleries", "recorded", *(f"{name}/index.rst" for name in GALLERIES)]
html_css_files.append("galleries.css")
nb_execution_mode, nb_execution_raise_on_error = "force", True
nb_merge_streams = True
sphinx_gallery_conf = {
    "examples_dirs": [f"galleries/{name}" for name in GALLERIES],
    "gallery_dirs": GALLERIES,
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"network\.py$",  # what all bugs share
    "image_scrapers": ["gallery_pages.scrape"],
    "notebook_extensions": set(),
    "download_all_examples": False,
    "abort_on_example_error": True,
    "backreferences_dir": "studies/backreferences",
    "line_numbers": True,  # the checker names lines
    "min_reported_time": 1e9,
    "write_computation_times": False,
    "remove_config_comments": True,
    "show_signature": False,
    "capture_repr": (),
}


def shorten_citations(app, doctree, docname):
    """Show the citation [1] as [1]: numpydoc gives each a label that is unique on the page."""
    for text in doctree.findall(lambda node: isinstance(node, nodes.Text)):
        shortened = re.sub(r"^\[R[0-9a-f]{12}-(\d+)\]$", r"[\1]", text)
        if shortened != text:
            text.parent.replace(text, nodes.Text(shortened))


def setup(app):
    """Connect the hooks of this file to Sphinx."""
    app.connect("doctree-resolved", shorten_citations)
