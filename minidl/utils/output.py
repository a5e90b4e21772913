"""Streams that cannot show a text, or that take no text any more."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from typing import Any, TextIO


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal; one that is closed, or was never there, is none."""
    if stream is None:
        return False
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # a host's own stream, or it is closed
        return False


def encodable(text: str, stream: Any) -> str:
    r"""Return text with what the encoding of a stream does not have as \u and digits.

    Parameters
    ----------
    text : str
        What is to be written.
    stream : text stream or None
        Where; without an encoding of its own, UTF-8 is assumed.

    Returns
    -------
    str
        Text that can be written without an error.

    Examples
    --------
    >>> print(encodable("größe", io.TextIOWrapper(io.BytesIO(), "ascii")))
    gr\xf6\xdfe
    """
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


class LenientStream:
    """A text stream whose failure ends nothing: no training, no report of an error.

    Characters that its encoding does not have are replaced. After the first error, as on a full
    disk or when the reader of a pipe has left, nothing more is written.

    Parameters
    ----------
    stream : text stream or None
        The stream to write to; None, as `sys.stdout` is where it was closed, takes nothing.

    Attributes
    ----------
    error : OSError or None
        The error after which nothing more was written.

    Examples
    --------
    >>> LenientStream(None).write("nobody reads this")
    17
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.error: OSError | None = None

    @property
    def encoding(self) -> str:
        """The encoding of the stream."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        """Write text, unless there was an error."""
        if self._stream is not None and self.error is None:
            self._try("write", encodable(text, self._stream))
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, unless there was an error."""
        if self._stream is not None and self.error is None:
            self._try("flush")

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        return is_terminal(self._stream)

    def fileno(self) -> int:
        """Return the number of the open file, for the width of the terminal."""
        try:
            return self._stream.fileno()  # type: ignore[union-attr]  # None has none
        except (AttributeError, ValueError):  # that of a closed file
            raise io.UnsupportedOperation("the stream has no open file") from None

    def _try(self, method: str, *arguments: str) -> None:
        try:
            getattr(self._stream, method)(*arguments)
        except OSError as error:
            self.error = error
            with suppress(OSError, ValueError):
                _empty_buffer(self._stream)
        except ValueError:  # it is closed
            self._stream = None


def _empty_buffer(stream: Any) -> None:
    """Write what is left to the null device: Python would try it again at its end, and fail."""
    handle = stream.fileno()
    kept = os.dup(handle)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, handle)
        stream.flush()
    finally:
        os.dup2(kept, handle)
        os.close(kept)
        os.close(null)
