"""The command line: how it begins and ends, and what its commands share."""

from __future__ import annotations

import argparse
import inspect
import json
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from .. import __version__
from ..errors import MinidlError

EXAMPLES = """examples:
  minidl train moons --out results/moons
  minidl evaluate results/moons/model.h5 moons
  minidl check moons --layers 5,3
  minidl data list

exit status: 0 done; 1 an error, or a gradient that is wrong; 2 a command that is not understood; 130 Ctrl-C"""


class Parser(argparse.ArgumentParser):
    """An argument parser that tells a mistake in one line, with status 2."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        settings = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False, **settings}
        super().__init__(*arguments, **settings)

    def error(self, message: str) -> NoReturn:
        """End the program with status 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())} (see {self.prog} --help)\n")


def parser() -> Parser:
    """Return the command line with all commands."""
    from . import networks, sets  # they import from here

    cli = Parser(prog="minidl", description="Train small networks and prove their gradients right.", epilog=EXAMPLES)
    cli.add_argument("--version", action="version", version=f"minidl {__version__}")
    commands = cli.add_subparsers(dest="command", required=True, metavar="COMMAND")
    networks.add_commands(commands)
    sets.add_commands(commands)
    return cli


def command(commands: Any, name: str, run: Callable[[argparse.Namespace], int]) -> Parser:
    """Add a command: `run` returns its exit status, and its docstring is the help."""
    summary, _, rest = (inspect.getdoc(run) or name).partition("\n\n")
    description, _, examples = rest.partition("Examples\n--------\n")
    epilog = f"examples:\n{examples}" if examples else None
    added: Parser = commands.add_parser(name, help=summary[0].lower() + summary[1:-1], description=description, epilog=epilog)
    added.add_argument("--json", action="store_true", help="print JSON on stdout, and nothing else")
    added.add_argument("--debug", action="store_true", help="show the traceback of an error")
    added.set_defaults(run=run)
    return added


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; an error is one line on stderr."""
    from . import sets

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
    except BrokenPipeError:  # whoever read the output has gone, such as `head`
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


def number(kind: type, rule: str, fits: Callable[[Any], bool]) -> Callable[[str], Any]:
    """Return a type for argparse: a number of that `kind` for which `fits` is true; `rule` says so in words."""

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and fits(value)):
            raise argparse.ArgumentTypeError(f"must be {rule}, got {text!r}")
        return value

    return parse


WHOLE_OR_0 = number(int, "a whole number >= 0", lambda n: n >= 0)
WHOLE = number(int, "a whole number >= 1", lambda n: n >= 1)
POSITIVE = number(float, "a number > 0", lambda n: n > 0)
NOT_NEGATIVE = number(float, "a number >= 0", lambda n: n >= 0)
SHARE = number(float, "a number in (0, 1]", lambda n: 0 < n <= 1)
SEED = number(int, "a whole number from 0 to 2**32 - 1", lambda n: 0 <= n < 2**32)


def to_json(content: Mapping[str, Any]) -> str:
    """Return `content` as JSON: paths are texts, and numbers that are not finite null."""
    plain = json.loads(json.dumps(content, default=os.fspath), parse_constant=lambda _: None)
    return json.dumps(plain, indent=2)
