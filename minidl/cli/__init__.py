"""The command line: `minidl train`, `evaluate`, `predict`, `check` and `data`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from .. import MinidlError, __version__
from . import commands, sets
from .common import Parser

EXAMPLES = """examples:
  minidl train moons --out results/moons
  minidl evaluate results/moons/model.h5 moons
  minidl check moons --layers 5,3
  minidl data list

exit status: 0 done; 1 an error, or a gradient that is wrong; 2 a command that is not understood; 130 Ctrl-C"""


def parser() -> Parser:
    """Return the command line."""
    cli = Parser(
        prog="minidl",
        description="Train small networks and prove their gradients right.",
        epilog=EXAMPLES,
    )
    cli.add_argument("--version", action="version", version=f"minidl {__version__}")
    added = cli.add_subparsers(required=True, metavar="COMMAND")
    commands.add_commands(added)
    sets.add_commands(added)
    return cli


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; an error is one line."""
    cli = parser()
    options = cli.parse_args(argv)
    if "points" in options and (wrong := sets.misfit(options)):
        cli.error(wrong)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        status, text = 130, "interrupted"
    except BrokenPipeError:  # whoever reads has gone, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if options.debug:
            raise
        status, text = 1, " ".join(str(error).split()) or type(error).__name__
        if not isinstance(error, MinidlError | OSError | MemoryError):
            text = f"unexpected {type(error).__name__}: {text} (--debug shows where)"
    print(f"minidl {options.command}: {text}", file=sys.stderr)
    return status
