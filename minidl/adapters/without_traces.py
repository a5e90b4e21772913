"""The code of one student, run so that nothing of it stays behind for the next."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout

import numpy as np

from ..utils.random import get_global_rng_state, set_global_rng_state


@contextmanager
def without_traces() -> Iterator[None]:
    """Show nothing of what the code inside prints, and undo the settings that it changes.

    NumPy's treatment of floating-point errors, its printing options and its global generator, and
    the filters of warnings are what they were before.
    """
    state = get_global_rng_state()
    with ExitStack() as stack:
        stack.callback(set_global_rng_state, state)
        stack.enter_context(redirect_stdout(io.StringIO()))
        stack.enter_context(redirect_stderr(io.StringIO()))
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(np.printoptions())
        stack.enter_context(np.errstate())
        yield
