"""What every study does alike: its command line, its errors, its table, its files."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import minidl
from minidl.cli.argument_types import number_type
from minidl.utils.atomic_files import atomic_write, make_folder


def parser(
    name: str, description: str, examples: str, *, seed: int, seed_help: str, quick_help: str
) -> argparse.ArgumentParser:
    """Return a command line with --seed, --out and --quick, to which a study adds its own options."""
    cli = argparse.ArgumentParser(
        prog=f"python -m experiments.{name}",
        usage="%(prog)s [options]",
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    whole = number_type(int, "an integer from 0 to 2**32 - 1", lambda n: 0 <= n < 2**32)
    cli.add_argument(
        "--seed", type=whole, default=seed, metavar="N", help=f"{seed_help} (default: %(default)s)"
    )
    cli.add_argument(
        "--out",
        type=Path,
        default=Path("results") / name,
        metavar="DIR",
        help="where the results go (default: %(default)s)",
    )
    cli.add_argument("--quick", action="store_true", help=f"{quick_help}, to try it out")
    return cli


def main(name: str, run: Callable[[argparse.Namespace], None], options: argparse.Namespace) -> int:
    """Run a study; return 0, or 1 after an error and 130 after Ctrl-C, each told in one line on stderr."""
    try:
        make_folder(options.out)  # fails before the training rather than after it
        run(options)
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 130
    except (minidl.MinidlError, OSError, MemoryError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0


def settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options as JSON takes them."""
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in vars(options).items()
    }


def versions() -> dict[str, str]:
    """Return what the numbers were computed with."""
    return {"minidl": minidl.__version__, "numpy": np.__version__, "python": sys.version.split()[0]}


def table(rows: Sequence[Sequence[Any]]) -> str:
    """Return rows of cells as lines: the first column to the left, the others to the right; None is a dash."""
    cells = [
        [
            "-" if cell is None else f"{cell:.3f}" if isinstance(cell, float) else str(cell)
            for cell in row
        ]
        for row in rows
    ]
    wide = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            [
                row[0].ljust(wide[0]),
                *(cell.rjust(w) for cell, w in zip(row[1:], wide[1:], strict=True)),
            ]
        ).rstrip()
        for row in cells
    )


def png(drawn: Any) -> bytes:
    """Return a figure, given itself or as one of its Axes, as the bytes of a PNG file."""
    memory = io.BytesIO()
    (drawn if hasattr(drawn, "savefig") else drawn.figure).savefig(memory, format="png", dpi=120)
    return memory.getvalue()


def write(out: Path, results: Mapping[str, Any], pictures: Mapping[str, Callable[[], Any]]) -> None:
    """Write results.json and the pictures, each drawn by a function that returns a figure; none where matplotlib is missing."""
    files = {"results.json": (json.dumps(results, indent=2) + "\n").encode()}
    try:
        files |= {name: png(draw()) for name, draw in pictures.items()}
    except ImportError:
        print(
            'no pictures: matplotlib is not installed; get it by: pip install -e ".[plot]" (in the checkout)'
        )
    for name, content in files.items():
        atomic_write(out / name, content)
    print(f"wrote {', '.join(files)} in {out}")
