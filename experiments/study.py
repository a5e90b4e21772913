"""What all studies share: command line, errors, table, files."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import minidl
from minidl.cli.argument_types import SEED
from minidl.escaping import escaped
from minidl.utils.atomic_files import atomic_write, check_folder

DPI = 120


def command(
    name: str,
    description: str | None,
    run: Callable[[argparse.Namespace], None],
    examples: str,
    *,
    seed: int,
    seed_help: str,
    quick_help: str,
    options: Iterable[Callable[[argparse.ArgumentParser], Any]] = (),
) -> Callable[..., int]:
    """Return the function `main` of a study, which runs it and returns its exit status.

    Each of `options` adds some to those of all studies, --seed, --out and --quick.
    """

    def main(argv: Sequence[str] | None = None) -> int:
        """Run the study and return its exit status."""
        parser = _make_parser(name, description, examples, seed, seed_help, quick_help)
        for add in options:
            add(parser)
        return run_study(name, run, parser.parse_args(argv))

    return main


def _make_parser(
    name: str, description: str | None, examples: str, seed: int, seed_help: str, quick_help: str
) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m experiments.{name}",
        usage="%(prog)s [options]",
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    text = f"{seed_help} (default: %(default)s)"
    parser.add_argument("--seed", type=SEED, default=seed, metavar="N", help=text)
    folder = Path("results") / name
    text = "folder of the results (default: %(default)s)"
    parser.add_argument("--out", type=Path, default=folder, metavar="DIR", help=text)
    parser.add_argument("--quick", action="store_true", help=f"{quick_help}, to try it out")
    return parser


def add_data_option(parser: argparse.ArgumentParser) -> None:
    """Add --data, the folder of the image files."""
    text = "folder of the .h5 files (default: $MINIDL_DATA, then datasets/, then stand-ins)"
    parser.add_argument("--data", metavar="FOLDER", help=text)


def run_study(
    name: str, run: Callable[[argparse.Namespace], None], options: argparse.Namespace
) -> int:
    """Run a study; return 0, 1 after an error or 130 after Ctrl-C, each one line on stderr."""
    try:
        check_folder(options.out)  # fails before the training rather than after it
        run(options)
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 130
    except (minidl.MinidlError, OSError, MemoryError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0


def arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options as JSON-compatible values."""
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in vars(options).items()
    }


def versions() -> dict[str, str]:
    """Return the versions of minidl, NumPy and Python."""
    return {"minidl": minidl.__version__, "numpy": np.__version__, "python": sys.version.split()[0]}


def majority_share(labels: np.ndarray) -> float:
    """Return the share of the larger class of labels 0 and 1."""
    return float(max(labels.mean(), 1 - labels.mean()))


def network_name(widths: Sequence[int]) -> str:
    """Return the widths of a network as "2-16-1"."""
    return "-".join(map(str, widths))


def table(rows: Sequence[Sequence[Any]]) -> str:
    """Return rows of cells as aligned lines: the first column to the left, None as a dash."""
    texts = [[_cell(cell) for cell in row] for row in rows]
    first_width, *widths = (max(map(len, column)) for column in zip(*texts, strict=True))
    lines = []
    for first, *others in texts:
        cells = [cell.rjust(width) for cell, width in zip(others, widths, strict=True)]
        lines.append("  ".join([first.ljust(first_width), *cells]).rstrip())
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else escaped(str(value))


def png(drawing: Any) -> bytes:
    """Return a figure, or the figure of an Axes, as the bytes of a PNG file."""
    figure = drawing if hasattr(drawing, "savefig") else drawing.figure
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def write(out: Path, results: Mapping[str, Any], figures: Mapping[str, Callable[[], Any]]) -> None:
    """Write results.json and the figures, each drawn by a function.

    Without matplotlib, only results.json is written.
    """
    contents = {"results.json": (json.dumps(results, indent=2) + "\n").encode()}
    try:
        contents |= {name: png(draw()) for name, draw in figures.items()}
    except ImportError:
        print(
            'no figures: matplotlib is not installed; run pip install -e ".[plot]" in the checkout'
        )
    for name, content in contents.items():
        atomic_write(out / name, content)
    print(escaped(f"wrote {', '.join(contents)} in {out}"))
