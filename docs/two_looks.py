"""Pictures in a light and a dark look: beside `x.png`, a page shows `x-dark.png` on dark pages.

A page names the light picture only, and its words for those who do not see it stand once.
"""

import io
from pathlib import Path

import numpy as np
from docutils import nodes
from PIL import Image
from sphinx.transforms import SphinxTransform

from minidl import plots

DPI, N_COLOURS = 100, 96  # sharp enough, and small


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


def save(drawing, path):
    """Write a figure, or that of its axes, as a small PNG file in each look."""
    figure = drawing if hasattr(drawing, "savefig") else np.ravel(drawing)[0].figure
    for look, file in (("light", path), ("dark", dark_name(str(path)))):
        memory = io.BytesIO()
        plots.set_look(figure, look).savefig(memory, dpi=DPI)
        picture = Image.open(memory).convert("RGB")
        picture.quantize(N_COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


def compress(path):
    """Make a PNG file smaller, by fewer colours; it may be transparent."""
    Image.open(path).quantize(N_COLOURS).save(path, optimize=True)


def dark_name(name):
    """Return the name of the dark picture of a light one."""
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-dark.{suffix}"


def setup(app):
    """Register the transform."""
    app.add_transform(AddDarkPictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
