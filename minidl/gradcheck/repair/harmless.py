"""Which functions only compute, so that an edit may change their arguments.

A function that writes a file or sends a message must not be called with arguments that nobody
wrote.
"""

from __future__ import annotations

from types import ModuleType

_COMPUTING = (
    "numpy",
    "scipy",
    "math",
    "cmath",
    "zlib",
    "builtins",
    "itertools",
    "functools",
    "operator",
)
"""The packages whose functions and types compute, apart from ..."""

_HARMFUL = frozenset(
    {
        "open",
        "input",
        "exec",
        "eval",
        "compile",
        "__import__",
        "breakpoint",
        "exit",
        "quit",
        "setattr",
        "delattr",
        "save",
        "savez",
        "savez_compressed",
        "savetxt",
        "savemat",
        "tofile",
        "dump",
        "memmap",
        "fromfile",
        "load",
        "loadtxt",
        "genfromtxt",
        "loadmat",
        "write",
        "set_printoptions",
        "seterr",
        "seed",
        "set_state",
    }
)
"""... these."""


def is_harmless(function: object) -> bool:
    """Return whether a function of a library only computes."""
    name = getattr(function, "__name__", "")
    owner = getattr(function, "__self__", None)
    if owner is None or isinstance(owner, ModuleType):
        module = getattr(function, "__module__", None) or type(function).__module__
    else:  # a method: of an array, a list, a random generator
        module = (owner if isinstance(owner, type) else type(owner)).__module__
    return name not in _HARMFUL and str(module).split(".")[0] in _COMPUTING
