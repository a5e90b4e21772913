"""Child processes that no test leaves behind, however it ends."""

import subprocess
from contextlib import contextmanager


@contextmanager
def running(words, **options):
    """Start a program; kill it at the end if it is still running."""
    with subprocess.Popen(words, text=True, **options) as process:
        try:
            yield process
        finally:  # leaving the context of Popen alone would wait for its end
            process.kill()
