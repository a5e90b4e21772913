"""The command `minidl data` and its subcommands."""

from __future__ import annotations

from typing import Any

from .common import print_help
from .data_fetch import add_data_fetch
from .data_list import add_data_list
from .data_make import add_data_make
from .data_verify import add_data_verify

DESCRIPTION = """\
List the image files of the DeepLearning.AI assignments that are present, verify files by their
SHA-256, write synthetic images instead of them, or download them from an address that you give."""
EXAMPLES = """examples:
  minidl data list
  minidl data verify datasets/*.h5
  minidl data make synthetic --set cats
  minidl data fetch cats --url https://example.org/course/datasets/"""


def add_data(subparsers: Any) -> None:
    """Add the command with its subcommands.

    Parameters
    ----------
    subparsers : object
        The commands of the program.
    """
    parser = subparsers.add_parser(
        "data",
        help="list, verify, make or fetch the image files",
        description=DESCRIPTION,
        epilog=EXAMPLES,
    )
    print_help(parser)
    data_subparsers = parser.add_subparsers(metavar="list|verify|make|fetch")
    add_data_list(data_subparsers)
    add_data_verify(data_subparsers)
    add_data_make(data_subparsers)
    add_data_fetch(data_subparsers)
