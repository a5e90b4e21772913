"""The code blocks of Markdown pages, as programs."""

import contextlib
import doctest
import importlib.util
import io
import re
import textwrap
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import pytest


class CodeBlock(NamedTuple):
    """A fenced block of a page, and the output that the page shows right after it."""

    path: Path
    line: int  # number of the line before the code
    language: str
    code: str
    expected_output: str  # "" if none is shown


FENCE = re.compile(
    r"^(?P<fence>```+)(?P<language>[^\n`]*)\n(?P<code>.*?)^(?P=fence)[ \t]*$\n?",
    re.MULTILINE | re.DOTALL,
)
FRAMEWORKS = {  # .ci/run does not install them
    *("torch", "jax", "pytensor", "autograd"),
    *("dask", "distributed", "ray", "pyspark", "fastapi"),
}
PLOT = ".. plot::\n"  # a directive of Sphinx, with the code of the figure below it
INCLUDE = re.compile(r":start-after: \"?(.+?)\"?\n:end-before: \"?(.+?)\"?\n")
ROUNDING_ERROR = re.compile(r"0\.0e\+00|[0-9.]+e-(1[3-9]|[2-9][0-9])")


def code_blocks(path, start=0, end=None):
    """Return the fenced blocks of a page from `start` to before `end`, with included parts."""
    text = path.read_text(encoding="utf-8")
    matches = list(FENCE.finditer(text, start, len(text) if end is None else end))
    blocks = []
    for match, following in zip_longest(matches, matches[1:]):
        language = match["language"].strip()
        if language.startswith("{include} "):
            included = path.parent / language.removeprefix("{include} ")
            blocks += _included_blocks(path, included, match["code"])
            continue
        shows_output = (
            following
            and following["language"].strip() == "text"
            and not text[match.end() : following.start()].strip()
        )
        line = text.count("\n", 0, match.start("code"))
        expected_output = following["code"] if shows_output else ""
        blocks.append(CodeBlock(path, line, language, match["code"], expected_output))
    return blocks


def _included_blocks(path, included, options):
    content = included.read_text(encoding="utf-8")
    edges = INCLUDE.match(options)
    if edges is None:
        return code_blocks(included)
    for edge in edges.groups():
        assert edge in content, f"{path} includes a part of {included} that is gone: {edge}"
    start = content.index(edges[1]) + len(edges[1])
    return code_blocks(included, start, content.index(edges[2], start))


def run_python(blocks, names=None):
    """Run the Python blocks one after another as one program, and compare what they print.

    The code of each figure is a separate program. What imports a framework that is not installed
    is left out.
    """
    names = {"__name__": "page"} | (names or {})
    for block in blocks:
        if block.language == "python" and not missing_frameworks(block.code):
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile("\n" * block.line + block.code, str(block.path), "exec"), names)
            printed, expected = output.getvalue(), block.expected_output
            assert not expected or is_same_output(printed, expected), (
                f"{block.path}, line {block.line + 1}, shows\n{expected}\nbut prints\n{printed}"
            )
        elif block.code.startswith(PLOT):
            _draw(block)


def missing_frameworks(code):
    """Return which of the frameworks that the code imports are not installed."""
    imported = re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE)
    return [
        name for name in imported if name in FRAMEWORKS and importlib.util.find_spec(name) is None
    ]


def _draw(block):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    options, code = block.code.split("\n\n", 1)
    n_lines = block.line + options.count("\n") + 2
    program = compile("\n" * n_lines + textwrap.dedent(code), str(block.path), "exec")
    exec(program, {"__name__": "figure"})
    assert pyplot.get_fignums()
    pyplot.close("all")


def is_same_output(printed, expected):
    """Return whether a program printed what a page shows.

    In the page, "..." stands for anything, and any number of the size of rounding errors for any
    other one.
    """
    return doctest.OutputChecker().check_output(
        ROUNDING_ERROR.sub("rounding", expected),
        ROUNDING_ERROR.sub("rounding", printed),
        doctest.ELLIPSIS,
    )
