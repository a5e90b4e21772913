"""The pictures of README and the first page, drawn by the code that stands beside them there.

`python docs/pictures.py` draws those of README; the site draws its own whenever it is built.
"""

import contextlib
import functools
import os
import re
import tempfile
import textwrap
from html import escape
from pathlib import Path
from unittest import mock

from docutils import nodes
from matplotlib.sphinxext.plot_directive import PlotDirective
from sphinx.util.docutils import SphinxDirective

from minidl.plots import set_look

ROOT = Path(__file__).resolve().parents[1]
TERMINAL = {  # colours of paper, text, and ANSI's green and red: contrast at least 4.5 : 1
    "light": {"paper": "#f6f8fa", "": "#1f2328", "32": "#116329", "31": "#b3141d"},
    "dark": {"paper": "#161b22", "": "#e6edf3", "32": "#56d364", "31": "#ff8f87"},
}
COLUMNS = 78


def programs():
    """Return the blocks of Python at the beginning of README."""
    beginning = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Quick start")[0]
    return re.findall(r"^```python\n(.*?)^```", beginning, re.MULTILINE | re.DOTALL)


def draw(folder):
    """Run the programs, and write what they draw in both looks: boundary-1-light.png and so on."""
    import matplotlib

    folder.mkdir(parents=True, exist_ok=True)

    def save(savefig, figure, name):
        stem, _, ending = name.rpartition(".")
        for look in TERMINAL:
            path = folder / f"{stem}-{look}.{ending}"
            savefig(set_look(figure, look), path, dpi=110, transparent=True)

    with saving_by(save), matplotlib.rc_context({"font.size": 13}):
        report = run_programs()["report"].text(colour=True)
    for look in TERMINAL:
        (folder / f"report-{look}.svg").write_text(terminal(report, look), encoding="utf-8")


@contextlib.contextmanager
def saving_by(save):
    """Let `figure.savefig(...)` call `save(savefig, figure, ...)`, with the original savefig."""
    from matplotlib.figure import Figure

    savefig = Figure.savefig

    def replacement(figure, *arguments, **options):
        save(savefig, figure, *arguments, **options)

    with mock.patch.object(Figure, "savefig", replacement):
        yield


def run_programs():
    """Run the programs one after another, in silence, and return their names."""
    names = {"__name__": "readme"}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            with contextlib.redirect_stderr(nowhere):
                for number, program in enumerate(programs()):
                    path = Path(f"program{number}.py")  # the checker reads the lines of its code
                    path.write_text(program, encoding="utf-8")
                    exec(compile(program, str(path), "exec"), names)
    return names


def terminal(text, look):
    """Return a text with ANSI colours as an SVG picture of a terminal."""
    lines = []
    for line in text.splitlines():
        code, plain = re.fullmatch(r"(?:\x1b\[(\d+)m)?(.*?)(?:\x1b\[0m)?", line).groups(default="")
        indent = " " * (len(plain) - len(plain.lstrip()) + 2)
        parts = textwrap.wrap(plain, COLUMNS, subsequent_indent=indent) or [""]
        lines += [(part, TERMINAL[look][code]) for part in parts]
    width, height = round(8.45 * COLUMNS) + 24, 19 * len(lines) + 20
    rows = "\n".join(
        f'<text x="12" y="{19 * number + 25}" fill="{colour}">{escape(line).replace(" ", "&#160;")}</text>'
        for number, (line, colour) in enumerate(lines)
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
width="{width}" height="{height}" \
font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">
<rect width="{width}" height="{height}" rx="6" fill="{TERMINAL[look]["paper"]}"/>
{rows}
</svg>
"""


class Picture(SphinxDirective):
    """The directive `picture`: a file of `draw` in the look of the page, described by its text."""

    has_content = True
    required_arguments = 1

    def run(self):
        """Return the image of each look, one of which is shown."""
        stem, _, ending = self.arguments[0].rpartition(".")
        alt = escape(" ".join(self.content))
        images = "".join(
            f'<img class="only-{look}" src="_static/pictures/{stem}-{look}.{ending}" alt="{alt}">'
            for look in TERMINAL
        )
        return [nodes.raw("", f'<div class="picture">{images}</div>', format="html")]


def draw_preview(folder):
    """Write preview.png, which other sites show beside a link: the boundary that was learned."""
    from matplotlib.figure import Figure
    from matplotlib.image import imread

    figure = Figure(figsize=(12, 6.3), facecolor="white")
    figure.text(0.05, 0.6, "minidl", size=68, weight="bold")
    words = "Deep learning in NumPy:\nevery gradient is written by hand,\nand proved right"
    figure.text(0.05, 0.24, words, size=23, linespacing=1.5)
    axes = figure.add_axes((0.5, 0.08, 0.49, 0.84))
    axes.imshow(imread(folder / "boundary-99-light.png"))
    axes.set_axis_off()
    figure.savefig(folder / "preview.png", dpi=100)


class BothLooks(PlotDirective):
    """The directive `plot`, which draws in the light and in the dark look."""

    def run(self):
        """Insert the code with the light figure, then the dark one."""
        env = self.state.document.settings.env
        # Its own numbers begin anew in each block of a Markdown page, so that figures would have
        # the same name.
        name = f"{env.docname.replace('/', '-')}-{env.new_serialno('plot') + 1}"
        for look in ("dark", "light"):  # each is inserted before what was inserted last
            self.options["class"] = [f"only-{look}"]
            self.options["include-source"] = look == "light"
            self.options["filename-prefix"] = f"{name}-{look}"
            with saving_by(functools.partial(save_in_look, look)):
                super().run()
        return []


def save_in_look(look, savefig, figure, *arguments, **options):
    """Save a figure in a look."""
    savefig(set_look(figure, look), *arguments, **options)


def draw_for_site(app, exception):
    """Draw the pictures of the first page into a site that has been built."""
    if exception is None and app.builder.format == "html":
        folder = Path(app.outdir) / "_static" / "pictures"
        draw(folder)
        draw_preview(folder)


def setup(app):
    """Register the directive, and draw at the end of a build."""
    app.add_directive("picture", Picture)
    app.add_directive("plot", BothLooks, override=True)
    app.connect("build-finished", draw_for_site)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    draw(ROOT / "docs" / "pictures")
