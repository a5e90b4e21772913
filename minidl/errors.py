"""Exceptions and warnings.

Each exception is also a built-in one, so that ``except ValueError`` and the like work. The messages
name the rule that was broken, the value received, where, and what to do about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from .escaping import escaped

__all__ = [
    "ArgumentError",
    "DataError",
    "DtypeError",
    "EnvironmentWarning",
    "LayerReuseError",
    "MinidlError",
    "MissingDataError",
    "MissingDependencyError",
    "NonFiniteError",
    "OptimizerWarning",
    "ResumeError",
    "ShapeError",
    "SignatureError",
]


class MinidlError(Exception):
    """Base class of all errors that minidl raises.

    Its text has no control characters, whatever the name of a file in it.
    """

    def __str__(self) -> str:
        return escaped(super().__str__())


class ShapeError(MinidlError, ValueError):
    """Raised if an array has the wrong shape, or if the shapes of two layers do not match."""


class DtypeError(MinidlError, TypeError):
    """Raised if the dtype of an array is not one that minidl can compute with."""


class ArgumentError(MinidlError, ValueError):
    """Raised if an argument is out of its range, or if arguments contradict each other."""


class SignatureError(ArgumentError, TypeError):
    """Raised if an argument is missing, or is one that a function does not have."""


class ResumeError(ArgumentError):
    """Raised if a training is not the one in the checkpoint from which it is to resume.

    Parameters
    ----------
    differences : str
        What differs.
    cure : str
        What to do about it.

    Examples
    --------
    >>> print(ResumeError("the seed was 1 and is 2", "pass the same seed"))
    the seed was 1 and is 2: pass the same seed
    """

    def __init__(self, differences: str, cure: str) -> None:
        super().__init__(differences, cure)
        self.differences = differences
        self.cure = cure

    def __str__(self) -> str:
        return escaped(f"{self.differences}: {self.cure}")


class LayerReuseError(MinidlError, ValueError):
    """Raised if a layer is used in two models, or twice in one model."""


class NonFiniteError(MinidlError, ValueError):
    """Raised if the data, the loss or the gradient contain NaN or infinity."""


class DataError(MinidlError, OSError):
    """Raised if a file cannot be read, written or trusted."""


class MissingDataError(DataError, FileNotFoundError):
    """Raised if a file or folder does not exist."""


class MissingDependencyError(MinidlError, ImportError):
    """Raised if an optional package is not installed; the message names the pip command."""


class EnvironmentWarning(UserWarning):
    """Issued if a resumed training may differ from the saved one.

    Its last digits may, if the environment is another one. If the file is of an earlier minidl, it
    does not tell on which data it was trained.
    """


class OptimizerWarning(UserWarning):
    """Issued if an optimizer forgets its state, or if its learning rate has fallen to 0."""


def install_line(package: str, extra: str) -> str:
    """Return the command that installs what an extra of minidl needs.

    It names the requirements themselves, as the metadata of the installed minidl list them, and not
    minidl, since on the public index of packages that name is not known to be this project's.

    Parameters
    ----------
    package : str
        What to install if the metadata do not have the extra, as in a checkout that is not
        installed.
    extra : str
        The name of the extra in ``setup.cfg``.

    Returns
    -------
    str
        The command, its requirements quoted for the shell.

    Examples
    --------
    >>> install_line("numba", "nowhere")
    'pip install "numba"'
    """
    from importlib import metadata  # slow to import, and needed by few errors

    try:
        lines = metadata.requires("minidl") or []
    except metadata.PackageNotFoundError:
        lines = []
    requirements = list(_requirements(lines, extra)) or [package]
    return "pip install " + " ".join(f'"{requirement}"' for requirement in requirements)


def _requirements(lines: Iterable[str], extra: str) -> Iterator[str]:
    """Yield the requirements of an extra, and of the extras of minidl that it consists of."""
    of_extra = re.compile(rf"""(.+?)\s*(?:;|\band)\s*extra == ["']{re.escape(extra)}["']""")
    for match in filter(None, map(of_extra.fullmatch, lines)):
        if parts := re.fullmatch(r"minidl\[(.+)\]", match[1]):
            for part in parts[1].split(","):
                yield from _requirements(lines, part.strip())
        else:
            yield match[1].replace('"', "'")


@contextmanager
def require_extra(package: str, extra: str, feature: str) -> Iterator[None]:
    """Turn an ImportError within the block into an error that names the pip command.

    Parameters
    ----------
    package : str
        Name of the package, as in the requirements of the extra.
    extra : str
        The extra of minidl that installs it.
    feature : str
        The function or module that needs the package.

    Raises
    ------
    MissingDependencyError
        If an import within the block fails.
    """
    try:
        yield
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError)
        state = "is not installed" if missing else f"cannot be imported ({error})"
        raise MissingDependencyError(
            f"{feature} needs {package}, which {state}: {install_line(package, extra)}"
        ) from error
