"""Child processes that no test leaves behind, however it ends."""

import signal
import subprocess
from contextlib import contextmanager


@contextmanager
def running(words, **options):
    """Start a program; kill it at the end if it is still running.

    It gets Ctrl-C also where the tests do not, as in the background of a shell.
    """
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        started = subprocess.Popen(words, text=True, **options)
    finally:
        signal.signal(signal.SIGINT, handler)
    with started as process:
        try:
            yield process
        finally:  # leaving the context of Popen alone would wait for its end
            process.kill()
