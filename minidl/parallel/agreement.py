"""What all ranks must have in common before a training: no error, and the same arguments."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from .. import errors
from ..errors import ArgumentError, ResumeError
from .process_group import ProcessGroup


@contextmanager
def agreeing(group: ProcessGroup) -> Generator[None]:
    """Raise the error of one rank within the block on all of them, once all are at its end.

    Parameters
    ----------
    group : ProcessGroup
        The ranks.

    Raises
    ------
    MinidlError
        That of the lowest rank that has one; it says which ranks have. Of another class than
        minidl's it becomes an `ArgumentError`, unless all ranks have one.
    """
    own: Exception | None = None
    try:
        yield
    except Exception as error:
        own = error
    found = group.gather(None if own is None else _described(own))
    failed = [rank for rank, description in enumerate(found) if description is not None]
    if not failed:
        return
    if own is not None and len(failed) == group.size:
        raise own
    place = f" (on {_ranks(failed)} of {group.size})"
    first = found[failed[0]]
    assert first is not None
    raise _made_of(first, place) from own


def _described(error: Exception) -> tuple[str, list[str]]:
    """Return the class and the texts of an error, which another process makes it of."""
    if isinstance(error, ResumeError):
        return "ResumeError", [error.differences, error.cure]
    name = type(error).__name__
    if getattr(errors, name, None) is type(error):
        return name, [str(error)]
    return "", [f"{name}: {error}"]


def _made_of(description: tuple[str, list[str]], place: str) -> Exception:
    name, texts = description
    kind = getattr(errors, name) if name else ArgumentError
    made: Exception = kind(*texts[:-1], texts[-1] + place)
    return made


def check_equal(group: ProcessGroup, descriptions: Mapping[str, str]) -> None:
    """Raise `ArgumentError` on all ranks if the ranks differ in something.

    Parameters
    ----------
    group : ProcessGroup
        The ranks.
    descriptions : mapping of str to str
        What identifies each thing on this rank: its text, or a digest of 64 digits.

    Raises
    ------
    ArgumentError
        It names each thing, and the ranks that have another one than rank 0.
    """
    of_ranks = group.gather(dict(descriptions))
    of_root, problems = of_ranks[0], []
    for name, text in of_root.items():
        others = [rank for rank, each in enumerate(of_ranks) if each[name] != text]
        if others:
            shown = f": {of_ranks[others[0]][name]} instead of {text}" if len(text) < 64 else ""
            problems.append(f"other {name} on {_ranks(others)} than on rank 0{shown}")
    if problems:
        raise ArgumentError(
            "all ranks must train the same model with the same arguments on the same data, got "
            f"{'; '.join(problems)}: run the same program, with the same seeds and files"
        )


def _ranks(numbers: list[int]) -> str:
    *first, last = map(str, numbers)
    return f"ranks {', '.join(first)} and {last}" if first else f"rank {last}"
