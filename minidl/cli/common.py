"""What all commands share: how they are added, what they read and how they print."""

from __future__ import annotations

import argparse
import inspect
import json
import math
import os
from collections.abc import Callable
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """Tells a mistake in one line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **settings
        )

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())} (see {self.prog} --help)\n")


def command(commands: Any, name: str, run: Callable[[argparse.Namespace], int]) -> Parser:
    """Add a command; the docstring of `run` is its help."""
    summary, _, rest = (inspect.getdoc(run) or name).partition("\n\n")
    description, _, examples = rest.partition("Examples\n--------\n")
    epilog = f"examples:\n{examples}" if examples else None
    added: Parser = commands.add_parser(
        name,
        help=summary[0].lower() + summary[1:].rstrip("."),
        description=description,
        epilog=epilog,
    )
    added.add_argument("--json", action="store_true", help="print JSON on stdout, and nothing else")
    added.add_argument("--debug", action="store_true", help="show the traceback of an error")
    added.set_defaults(run=run, command=added.prog.removeprefix("minidl "))
    return added


def to_json(content: dict[str, Any]) -> str:
    """Return JSON, in which numbers that are not finite are null."""
    plain = json.loads(json.dumps(content, default=os.fspath), parse_constant=lambda _: None)
    return json.dumps(plain, indent=2)


def tell(
    options: argparse.Namespace, content: dict[str, Any], lines: list[str], *, wrong: bool = False
) -> int:
    """Print the lines, or JSON, and return the exit status."""
    for line in [to_json({"command": options.command, **content})] if options.json else lines:
        print(line)
    return int(wrong)


def number(kind: type, rule: str, fits: Callable[[Any], bool]) -> Callable[[str], Any]:
    """Return a type for argparse; `rule` says what `fits`."""

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
