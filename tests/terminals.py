"""A pseudo-terminal of some width, as the standard error of this process."""

import os
import re
import struct
import sys
import threading
from contextlib import contextmanager, suppress

import pytest


class Screen:
    """What was shown on a terminal, once it is closed."""

    def __init__(self):
        self.text = ""

    @property
    def states(self):
        """What each line showed, one state after the other, without movements of the cursor."""
        plain = re.sub(r"\x1b\[\w", "", self.text)
        return [state for state in re.split(r"[\r\n]+", plain) if state.strip()]


@contextmanager
def terminal(columns):
    """Make stderr a terminal; yield the `Screen`."""
    pty = pytest.importorskip("pty", reason="only POSIX has pseudo-terminals")
    import fcntl
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    screen, pieces = Screen(), []

    def read():  # else a terminal that nobody reads would fill up
        with suppress(OSError):  # it is how Linux ends the reading
            while piece := os.read(master, 2**16):
                pieces.append(piece)

    reader, before = threading.Thread(target=read), sys.stderr
    reader.start()
    sys.stderr = os.fdopen(slave, "w", encoding="utf-8")
    try:
        yield screen
    finally:
        sys.stderr.close()
        sys.stderr = before
        reader.join(30)
        os.close(master)
        screen.text = b"".join(pieces).decode()
