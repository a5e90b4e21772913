"""Types of command-line arguments: numbers in a range, widths of hidden layers, metrics, paths."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import ArgumentError
from ..html_pages.page import check_page_path
from ..metrics.table import as_metrics


def number_type(
    kind: type[int] | type[float], rule: str, is_valid: Callable[[Any], bool]
) -> Callable[[str], Any]:
    """Return a `type` for `argparse` that accepts the numbers of a range.

    Parameters
    ----------
    kind : type
        `int` or `float`.
    rule : str
        The range in words, for the error message: "must be {rule}, got ...".
    is_valid : callable
        Takes a finite number and returns whether it lies in the range.

    Returns
    -------
    callable
        Converts a string; raises `argparse.ArgumentTypeError` for anything else.

    Examples
    --------
    >>> number_type(int, "an integer from 1 to 9", lambda number: 1 <= number <= 9)("7")
    7
    """

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and is_valid(value)):
            raise argparse.ArgumentTypeError(f"must be {rule}, got {text!r}")
        return value

    return parse


NON_NEGATIVE_INTEGER = number_type(int, "an integer >= 0", lambda number: number >= 0)
POSITIVE_INTEGER = number_type(int, "an integer >= 1", lambda number: number >= 1)
POSITIVE_NUMBER = number_type(float, "a number > 0", lambda number: number > 0)
NON_NEGATIVE_NUMBER = number_type(float, "a number >= 0", lambda number: number >= 0)
FRACTION = number_type(float, "a number in (0, 1]", lambda number: 0 < number <= 1)
SEED = number_type(int, "an integer from 0 to 2**32 - 1", lambda number: 0 <= number < 2**32)


def layer_widths(text: str) -> list[int]:
    """Return the widths of the hidden layers.

    Parameters
    ----------
    text : str
        Integers >= 1 separated by commas, such as "20,7,5", or "none".

    Returns
    -------
    list of int
        Empty for "none".

    Raises
    ------
    argparse.ArgumentTypeError
        For any other string.

    Examples
    --------
    >>> layer_widths("20,7,5")
    [20, 7, 5]
    """
    if text == "none":
        return []
    try:
        return [POSITIVE_INTEGER(width) for width in text.split(",")]
    except argparse.ArgumentTypeError:
        rule = 'integers >= 1 separated by commas, such as 20,7,5, or "none"'
        raise argparse.ArgumentTypeError(f"must be {rule}, got {text!r}") from None


def metric_names(text: str) -> list[str]:
    """Return the names of metrics.

    Parameters
    ----------
    text : str
        Names separated by commas, such as "f1,recall".

    Returns
    -------
    list of str
        The names.

    Raises
    ------
    argparse.ArgumentTypeError
        If one is not known, or there twice.

    Examples
    --------
    >>> metric_names("f1, top_3")
    ['f1', 'top_3']
    """
    names = [name.strip() for name in text.split(",")]
    try:
        as_metrics(names)
    except ArgumentError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return names


def page_path(text: str) -> Path:
    """Return the path of a page of HTML to be written.

    Parameters
    ----------
    text : str
        A path that ends in .html.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    argparse.ArgumentTypeError
        If it ends otherwise.
    """
    try:
        return check_page_path(text, "it")
    except ArgumentError:
        rule = "must be a path that ends in .html, such as check.html"
        raise argparse.ArgumentTypeError(f"{rule}, got {text!r}") from None
