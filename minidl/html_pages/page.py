"""A whole page of HTML in one file, and the same content in a notebook."""

from __future__ import annotations

import platform
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from .._version import __version__
from ..errors import ArgumentError
from ..utils.atomic_files import FilePath, atomic_write
from .markup import Markup, element, joined

_NO_NETWORK = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_SUFFIXES = (".html", ".htm")


def page(title: str, *content: str) -> str:
    """Return a page that needs no other file and no network.

    Parameters
    ----------
    title : str
        The title, also the first heading.
    *content : Markup
        What follows.

    Returns
    -------
    str
        The page, light or dark as the reader's system is.
    """
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_NO_NETWORK),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", _style()),
    )
    versions = f"minidl {__version__}, NumPy {np.__version__}, Python {platform.python_version()}"
    main = element("main", element("h1", title), *content)
    body = element("body", main, element("footer", f"Made with {versions}."), class_="minidl page")
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def fragment(*content: str) -> str:
    """Return content for the output of a cell in a notebook.

    Parameters
    ----------
    *content : Markup
        What to show.

    Returns
    -------
    str
        The content with its style, which changes nothing outside of it.
    """
    return element("div", element("style", _style()), *content, class_="minidl")


def save_page(path: FilePath, function: str, title: str, *content: str) -> Path:
    """Write a page, whole or not at all.

    Parameters
    ----------
    path : path-like
        The file, whose name ends in .html; an old one is replaced.
    function : str
        What the user has called, for errors.
    title : str
        The title of the page.
    *content : Markup
        What follows.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    ArgumentError
        If the name ends otherwise, or is no path.
    DataError
        If the file cannot be written.
    """
    return atomic_write(check_page_path(path, function), page(title, *content).encode())


def check_page_path(path: FilePath, function: str) -> Path:
    """Return the path of a page to be written.

    Parameters
    ----------
    path : path-like
        What the user passed.
    function : str
        What the user has called, for errors.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    ArgumentError
        If it does not end in .html or .htm, or is no path.
    """
    name = None
    with suppress(TypeError):
        name = Path(path)
    if name is None or name.suffix.lower() not in _SUFFIXES:
        rule = f"{function} writes a page of HTML, to a path that ends in .html"
        raise ArgumentError(f"{rule}, got {path!r}: pass a path such as 'report.html'")
    return name


@cache
def _style() -> Markup:
    """Return the style; the file may be in a zip archive."""
    lines = (files(__package__) / "style.css").read_text("utf-8").splitlines()
    return joined(Markup("\n".join(line.strip() for line in lines)))
