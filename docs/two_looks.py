"""Pictures in a light and a dark look: beside `x.png`, a page shows `x-dark.png` on dark pages.

A page names the light picture only, and its words for those who do not see it stand once.
"""

from pathlib import Path

from docutils import nodes
from sphinx.transforms import SphinxTransform


class AddDarkPictures(SphinxTransform):
    """Put the dark picture after each light one that has one; the theme hides one of them."""

    default_priority = 800  # before the pictures are collected

    def apply(self):
        """Change the page."""
        for image in list(self.document.findall(nodes.image)):
            dark = dark_name(image["uri"])
            if (Path(self.env.srcdir) / dark.lstrip("/")).exists():
                twin = image.deepcopy()
                twin["uri"] = dark
                image["classes"].append("only-light")
                twin["classes"].append("only-dark")
                image.parent.insert(image.parent.index(image) + 1, twin)


def dark_name(name):
    """Return the name of the dark picture of a light one."""
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-dark.{suffix}"


def setup(app):
    """Register the transform."""
    app.add_transform(AddDarkPictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
