"""What the writers of Sphinx and the theme leave out for readers who hear a page, or pay for it.

`tests/pages/test_site.py` runs axe-core on every page: a correction that nothing needs may go.
"""

import re
from pathlib import Path

CORRECTIONS = {
    # A heading has a level, a landmark a name, a page a heading.
    r'role="heading"><span class="caption-text"': 'role="heading" aria-level="2">'
    '<span class="caption-text"',
    r'<aside class="sidebar-drawer"': '<aside aria-label="All pages" class="sidebar-drawer"',
    r'<aside class="toc-drawer': '<aside aria-label="This page" class="toc-drawer',
    r'(?<!</h1>)<div id="search-results">': '<h1>Search</h1><div id="search-results">',
    # The role of a citation is deprecated, and its list holds other things than citations.
    r' role="doc-biblioentry"': "",
    r'<div class="citation-list" role="list">|<div role="list" class="citation-list">': (
        '<div class="citation-list">'
    ),
    # Pictures are fetched when they are seen: of each pair, the one in the look of the page.
    r"<img (?![^>]*\bloading=)": '<img loading="lazy" ',
    # A signature of several lines is no list of definitions: nothing is defined.
    r'<dl>\n((?:<dd><em class="sig-param">.*?</dd>\n)+)</dl>': lambda match: re.sub(
        "<(/?)dd>", r"<\1span>", f'<span class="parameters">{match[1]}</span>'
    ),
}


def correct(app, exception):
    """Correct the pages that were written."""
    if exception is None and app.builder.format == "html":
        for path in Path(app.outdir).rglob("*.html"):
            page = corrected = path.read_text(encoding="utf-8")
            for wrong, right in CORRECTIONS.items():
                corrected = re.sub(wrong, right, corrected)
            if corrected != page:
                path.write_text(corrected, encoding="utf-8")


def setup(app):
    """Connect to the end of a build."""
    app.connect("build-finished", correct)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
