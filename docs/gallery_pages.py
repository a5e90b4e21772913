"""What the galleries need beyond Sphinx-Gallery: both looks of pictures, and the notebooks."""

import os
import re
import shutil
import sys
from pathlib import Path

import bug_pictures
from api_pages import summary
from sphinx_gallery.utils import scale_image
from two_looks import compress, dark_name, save

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for the studies
os.environ.pop("MINIDL_DATA", None)  # which run with stand-ins: the site has no pictures of others
THUMBNAIL = re.compile(r'sphinx_gallery_thumbnail_path = "(.+)"')


def scrape(block, block_vars, gallery_conf):
    """Save what a script of a gallery has drawn as `axes`, or what its `report` found.

    Sphinx-Gallery calls it after each block; it returns the reStructuredText of the picture.
    """
    names = block_vars["example_globals"]
    if block_vars.get("is_drawn") or not {"axes", "report"} & set(names):
        return ""
    block_vars["is_drawn"] = True
    if "axes" in names:
        figure, description = names["axes"], summary(Path(block_vars["src_file"]))
    else:
        figure, description = bug_pictures.draw(names["report"])
    path = Path(next(block_vars["image_path_iterator"]))
    save(figure, path)
    source = path.relative_to(gallery_conf["src_dir"]).as_posix()
    return f".. image:: /{source}\n   :alt: {description}\n   :class: sphx-glr-single-img\n\n"


def copy_notebooks(app):
    """Put the notebooks where Sphinx looks for pages."""
    folder = Path(app.srcdir) / "notebooks"
    folder.mkdir(exist_ok=True)
    for notebook in (ROOT / "experiments" / "notebooks").glob("*.ipynb"):
        shutil.copyfile(notebook, folder / notebook.name)


def draw_thumbnails(app):
    """Make a thumbnail of each script's dark picture, and smaller files of those that there are."""
    size = app.config.sphinx_gallery_conf["thumbnail_size"]
    for script, picture in thumbnail_pictures(app):
        folder = Path(app.srcdir) / script.parent / "images" / "thumb"
        light = folder / f"sphx_glr_{script.stem}_thumb.png"
        dark = Path(dark_name(str(light)))
        for source, thumbnail in ((picture, light), (dark_name(str(picture)), dark)):
            scale_image(source, thumbnail, *size)
            compress(thumbnail)


def thumbnail_pictures(app):
    """Yield each script, where Sphinx-Gallery has copied it, and the picture of its thumbnail."""
    source = Path(app.srcdir)
    for folder in app.config.sphinx_gallery_conf["gallery_dirs"]:
        for script in sorted((source / folder).glob("*.py")):
            named = THUMBNAIL.search(script.read_text(encoding="utf-8"))
            drawn = script.parent / "images" / f"sphx_glr_{script.stem}_001.png"
            yield script.relative_to(source), source / named[1] if named else drawn


def hide_paths(app, docname, source):
    """Show paths of this computer, which studies print, relative to the checkout."""
    if docname.split("/")[0] in app.config.sphinx_gallery_conf["gallery_dirs"]:
        source[0] = source[0].replace(f"{ROOT}/", "")


def setup(app):
    """Connect to the beginning of a build, after Sphinx-Gallery."""
    app.connect("builder-inited", copy_notebooks)
    app.connect("builder-inited", draw_thumbnails, priority=900)
    app.connect("source-read", hide_paths)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
