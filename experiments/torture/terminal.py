"""Runs the command with hostile names, in all encodings, on streams that are closed or full.

Whatever the name and the encoding: no traceback, no control character in the output, no line that
a name has made, an exit status of minidl's own, and no result lost.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import minidl
from minidl.escaping import escaped

from .hostile_names import FORGED, WAYS, draw_name, encoded, in_folder
from .report import Result

DEFAULT_COUNT = 200
ROOT = Path(minidl.__file__).parents[1]
SECONDS = 120
STATUSES = (0, 1, 2, 3)  # those in the help

UTF8 = {"PYTHONIOENCODING": "utf-8"}
ENCODINGS: dict[str, dict[str, str]] = {
    "utf-8": UTF8,
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1:strict"},
    "cp437": {"PYTHONIOENCODING": "cp437"},
    "locale C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
STREAMS = {  # how a shell starts the command
    "open": '"$@"',
    "a terminal": '"$@"',
    "stdout closed": '"$@" >&-',
    "stderr closed": '"$@" 2>&-',
    "both closed": '"$@" >&- 2>&-',
    "stdout full": '"$@" > /dev/full',
    "stderr full": '"$@" 2> /dev/full',
    "reader left": '{ "$@"; echo "$?" > status; } | (exit 0); exit "$(cat status)"',
}


class Outcome(NamedTuple):
    """What a command has written, and what is wrong with it."""

    status: int
    out: str
    error: str
    problems: list[str]


def run(count: int, seed: int, scratch: Path) -> Result:
    """Run `count` commands, each with a name, an encoding and streams of its own."""
    ways = list(WAYS.items())
    counts: dict[str, Counter[str]] = {name: Counter() for name in WAYS}
    violations: list[str] = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        way, make = ways[number % len(ways)]
        name = draw_name(rng)
        encoding = list(ENCODINGS)[int(rng.integers(len(ENCODINGS)))]
        # Every other command has open streams, where all of its output is seen.
        streams = list(STREAMS)[int(rng.integers(len(STREAMS))) * (number % 2)]
        folder = scratch / str(number)
        words = in_folder(folder, make, name)
        outcome = run_command(words, folder, encoding, streams)
        counts[way].update(["commands", f"status {outcome.status}"])
        hostile = {character for character in name if not character.isprintable()}
        shown = outcome.out + outcome.error
        counts[way]["hostile"] += bool(hostile)
        counts[way]["escaped"] += any(escaped(character) in shown for character in hostile)
        counts[way]["tracebacks"] += "a traceback" in outcome.problems
        counts[way]["control characters"] += "a control character" in outcome.problems
        counts[way]["other"] += bool(set(outcome.problems) - {"a traceback", "a control character"})
        if outcome.problems:
            violations.append(
                f"{way}, {name!r}, {encoding}, {streams}: {', '.join(outcome.problems)}: "
                f"status {outcome.status}, {outcome.out[-300:]!r}, {outcome.error[-600:]!r}"
            )
    columns = ["commands", "hostile", "escaped", "tracebacks", "control characters", "other"]
    rows: list[list[Any]] = [["the name is that of a", *columns]]
    rows += [[way, *(counts[way][column] for column in columns)] for way in WAYS]
    total = sum(counts.values(), Counter())
    rows.append(["all", *(total[column] for column in columns)])
    found = dict.fromkeys(columns, 0) | total
    return Result(rows, {"found": found, "table": rows}, violations)


def run_command(words: list[str], folder: Path, encoding: str, streams: str) -> Outcome:
    """Run a command in a folder and judge what it has written."""
    names = ("PATH", "HOME", "LANG", "OPENBLAS_NUM_THREADS", "LD_LIBRARY_PATH", "MPLCONFIGDIR")
    environment = {name: os.environ[name] for name in names if name in os.environ}
    environment |= {"PYTHONPATH": str(ROOT), "MPLBACKEND": "agg", **ENCODINGS[encoding]}
    program: list[str | bytes] = [
        "sh",
        "-c",
        STREAMS[streams],
        "sh",
        sys.executable,
        "-m",
        "minidl",
    ]
    arguments: dict[str, Any] = {"cwd": folder, "env": environment, "stdin": subprocess.DEVNULL}
    start = _on_a_terminal if streams == "a terminal" else _with_pipes
    status, *written = start([*program, *encoded(words)], arguments)
    codec = ENCODINGS[encoding].get("PYTHONIOENCODING", "ascii").partition(":")[0]
    out, error = (text.decode(codec, "surrogateescape") for text in written)
    found = problems(out, error, status, debug="--debug" in words)
    if "--out" in words and status in (0, 1):
        results = folder / os.fsdecode(encoded(words)[-1])
        missing = {"model.h5", "results.json"} - set(os.listdir(results))
        found += [f"no {name}" for name in sorted(missing)]
    return Outcome(status, out, error, found)


def _with_pipes(command: list[str | bytes], arguments: dict[str, Any]) -> tuple[int, bytes, bytes]:
    done = subprocess.run(command, **arguments, capture_output=True, timeout=SECONDS, check=False)
    return done.returncode, done.stdout, done.stderr


def _on_a_terminal(
    command: list[str | bytes], arguments: dict[str, Any]
) -> tuple[int, bytes, bytes]:
    """Run a command on a terminal; return all that it shows as stderr.

    A terminal returns to the beginning of the line after each line, as a progress bar does to draw
    itself again: these characters are left out.
    """
    master, slave = pty.openpty()
    shown = bytearray()
    with subprocess.Popen(command, **arguments, stdout=slave, stderr=slave) as process:
        os.close(slave)
        try:
            with suppress(OSError):  # it is how Linux ends the reading
                while piece := os.read(master, 2**16):
                    shown += piece
            status = process.wait(SECONDS)
        finally:
            process.kill()
            os.close(master)
    return status, b"", bytes(shown.replace(b"\r", b""))


def problems(out: str, error: str, status: int, *, debug: bool = False) -> list[str]:
    """Return what is wrong with the output of a command: nothing, if all is right."""
    text = out + error
    tracebacks = ("Exception ignored", *(() if debug else ("Traceback",)))
    lines = text.split("\n")
    found = {
        "a traceback": any(word in text for word in tracebacks),
        "a control character": not all(line.isprintable() for line in lines),
        "a forged line": any(line.startswith(FORGED) for line in lines),
        "an unexpected error": "unexpected " in error,
        f"status {status}": status not in STATUSES,
    }
    return [problem for problem, is_there in found.items() if is_there]
