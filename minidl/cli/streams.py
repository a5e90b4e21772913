"""The standard streams of a command: nothing that happens to them ends it."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from ..escaping import escaped
from ..utils.output import LenientStream


class Streams(NamedTuple):
    """The standard output and the standard error of a command.

    Parameters
    ----------
    out : LenientStream
        For the results.
    error : LenientStream
        For errors, warnings and progress bars.
    """

    out: LenientStream
    error: LenientStream

    def final_status(self, status: int) -> int:
        """Return the exit status: that of the command, or 1 if its output could not be written.

        Parameters
        ----------
        status : int
            What the command returned.

        Returns
        -------
        int
            1 instead of 0 if results are missing. A full disk is reported on stderr; a reader that
            has left, such as `head`, has seen what it wanted.
        """
        self.out.flush()
        problem = self.out.error
        if problem is not None and not isinstance(problem, BrokenPipeError):
            print(
                f"minidl: stdout: all results must be written, got {problem}: "
                "choose a file with enough free space",
                file=self.error,
            )
        self.error.flush()
        return status or int(problem is not None)


@contextmanager
def standard_streams() -> Iterator[Streams]:
    """Replace stdout and stderr within the block by streams that raise nothing.

    Closed streams take nothing, an encoding without a character gets its number instead, and after
    an error nothing more is written. Warnings are one line each, without control characters.

    Yields
    ------
    Streams
        The streams, with the errors of writing.
    """
    _reserve_handles()
    streams = Streams(LenientStream(sys.stdout), LenientStream(sys.stderr))
    replaced: Any = sys.stdout, sys.stderr, warnings.formatwarning
    new: Any = *streams, _format_warning
    sys.stdout, sys.stderr, warnings.formatwarning = new
    try:
        yield streams
    finally:
        streams.out.flush()
        streams.error.flush()
        sys.stdout, sys.stderr, warnings.formatwarning = replaced


def _reserve_handles() -> None:
    """Open the null device for standard streams that are closed.

    Otherwise the next file that is opened, such as a model that is being saved, would become the
    standard error of this process, and get what a library prints there.
    """
    for handle in range(3):
        try:
            os.fstat(handle)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)


def _format_warning(
    message: Warning | str, category: type[Warning], *place: object, line: str | None = None
) -> str:
    return f"minidl: {category.__name__}: {escaped(str(message))}\n"


def show(*lines: str) -> None:
    """Print lines on stdout, each without control characters, and at once.

    Parameters
    ----------
    *lines : str
        Lines that may have names from files in them.
    """
    print(*map(escaped, lines), sep="\n", flush=True)


def complain(command: str, problem: str) -> None:
    """Print a line on stderr.

    Parameters
    ----------
    command : str
        The command, such as "train".
    problem : str
        What is wrong.
    """
    print(escaped(f"minidl {command}: {problem}"), file=sys.stderr)
