"""Every system call of a save fails once, with every error, or is the last one of the process: the old file must be whole.

Each call that `minidl.utils.atomic_files` makes is counted first. Then, for each call and each fault, a model is saved over an old one: either the
error says what is wrong and the old file is the same to the last bit, or the new file is whole; and nothing else lies in the folder.
Faults that a user can meet for real (no room, a folder in the way, nothing to write with) are tried without any trick.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minidl import DataError, Linear, MeanSquaredError, Sequential
from minidl.utils import atomic_files as files

from .children import run_each
from .report import Result

USUAL = 1  # rounds
CALLS = (
    "stat",
    "lstat",
    "fstat",
    "open",
    "close",
    "write",
    "fsync",
    "replace",
    "chmod",
    "makedirs",
    "mkdir",
    "unlink",
    "listdir",
    "flock",
)
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS)
MODE = 0o640


class Interposed:
    """Stands in for the module `os` (or `fcntl`) in `minidl.utils.atomic_files`, counts its calls, and lets some of them fail."""

    def __init__(self, real: Any, fault: Callable[[str, int], None], log: list[str]) -> None:
        self._real, self._fault, self._log = real, fault, log

    def __getattr__(self, name: str) -> Any:
        held = getattr(self._real, name)
        if name not in CALLS:
            return held

        def call(*arguments: Any, **settings: Any) -> Any:
            self._log.append(name)
            try:
                self._fault(name, len(self._log) - 1)
            except OSError:
                if name == "close":  # one that fails has closed the file all the same
                    held(*arguments)
                raise
            return held(*arguments, **settings)

        return call


def run(count: int, seed: int, scratch: Path) -> Result:
    """Try every fault at every call, `count` times."""
    models = [Sequential([Linear(60, 40)], loss=MeanSquaredError(), seed=s) for s in (1, 2)]
    counts: dict[str, Counter[str]] = {}
    violations: list[str] = []
    logs: dict[str, list[str]] = {}
    for old in (True, False):
        where = "over an old file" if old else "in a new folder"
        calls = logs[where] = _calls(models, scratch / f"count-{old}", old)
        faults: list[tuple[str, Callable[[str], None], bool]] = [
            *(
                (errno.errorcode[number], _raiser(number), onward)
                for number in ERRORS
                for onward in (False, True)
            ),
            ("Ctrl-C", _interrupt, False),
            ("kill -9", _kill, False),
        ]
        for name, act, onward in faults:
            label = f"{name}{' from there on' if onward else ''}"
            told = counts.setdefault(label, Counter())
            for at in [*range(len(calls))] * count:
                place = scratch / f"{old}-{label}-{at}".replace(" ", "_")
                verdict = _one(models, place, old, at, act, onward, name == "kill -9")
                told[verdict.split(":")[0]] += 1
                if verdict.startswith("WRONG"):
                    violations.append(f"{label} at call {at} ({calls[at]}), {where}: {verdict}")
    for label, verdict in _real_faults(models, scratch).items():
        counts.setdefault("met for real", Counter())[verdict.split(":")[0]] += 1
        if verdict.startswith("WRONG"):
            violations.append(f"{label}: {verdict}")
    kinds = (
        "error, old file whole",
        "done, new file whole",
        "interrupted, old file whole",
        "interrupted, new file whole",
        "killed, old file whole",
        "killed, new file whole",
        "WRONG",
    )
    rows: list[list[Any]] = [["fault", "tries", *kinds]]
    rows += [
        [label, told.total(), *(told[kind] for kind in kinds)] for label, told in counts.items()
    ]
    tries = sum(told.total() for told in counts.values())
    rows.append(["all", tries, *(sum(told[kind] for told in counts.values()) for kind in kinds)])
    return Result(rows, {"tries": tries, "calls": logs, "outcomes": counts}, violations)


def _raiser(number: int) -> Callable[[str], None]:
    def act(name: str) -> None:
        raise OSError(number, os.strerror(number))

    return act


def _interrupt(name: str) -> None:
    raise KeyboardInterrupt


def _kill(name: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _save(model: Sequential, path: Path, fault: Callable[[str, int], None]) -> list[str]:
    """Save a model with the module `os` of `minidl.utils.atomic_files` replaced; return the calls that it made."""
    log: list[str] = []
    real_os, real_fcntl = files.os, files.fcntl
    files.os, files.fcntl = Interposed(real_os, fault, log), Interposed(real_fcntl, fault, log)  # type: ignore[assignment]
    try:
        model.save(path)
    finally:
        files.os, files.fcntl = real_os, real_fcntl
    return log


def _prepared(models: list[Sequential], folder: Path, old: bool) -> tuple[Path, bytes | None]:
    """Return the path to save to and what lies there: a model that others may not read, or nothing and no folder."""
    path = folder / "model.h5"
    if not old:
        return path, None
    models[0].save(path)
    path.chmod(MODE)
    return path, path.read_bytes()


def _calls(models: list[Sequential], folder: Path, old: bool) -> list[str]:
    path, _ = _prepared(models, folder, old)
    return _save(models[1], path, lambda name, number: None)


def _one(
    models: list[Sequential],
    folder: Path,
    old: bool,
    at: int,
    act: Callable[[str], None],
    onward: bool,
    deadly: bool,
) -> str:
    """Save with one fault and return what lies there then; "WRONG: ..." is what must not be."""
    path, before = _prepared(models, folder, old)

    def fault(name: str, number: int) -> None:
        if number == at or (onward and number > at):
            act(name)

    if deadly:
        ended = _in_child(lambda: _save(models[1], path, fault))
        state = "killed" if ended == "killed by SIGKILL" else f"WRONG: {ended}"
    else:
        try:
            _save(models[1], path, fault)
            state = "done"
        except DataError as error:
            state = "error" if str(path.parent) in str(error) else f"WRONG: unclear error {error}"
        except KeyboardInterrupt:
            state = "interrupted"
    return _judged(state, models, path, before, may_leave=deadly or onward)


def _judged(
    state: str, models: list[Sequential], path: Path, before: bytes | None, *, may_leave: bool
) -> str:
    """Return the verdict on what lies at `path` and beside it, and on whether saving works again."""
    after = path.read_bytes() if path.exists() else None
    whole = after is not None and after != before and _holds(path, models[1])
    if after != before and not whole:
        return f"WRONG: {state}, and the file is neither the old nor the new one"
    if state == "done" and not whole:
        return "WRONG: no error, and no new file"
    if before is not None and stat.S_IMODE(path.stat().st_mode) != MODE:
        return f"WRONG: {state}, and the mode is {path.stat().st_mode:o}"
    others = (
        [entry.name for entry in path.parent.iterdir() if entry != path]
        if path.parent.exists()
        else []
    )
    if others and not may_leave:
        return f"WRONG: {state}, and it left {others}"
    models[1].save(path)
    if sorted(path.parent.iterdir()) != [path] or not _holds(path, models[1]):
        return f"WRONG: {state}, and the next save did not put it right"
    if state == "error" and whole:
        state = "done"  # it said that the file is written, but may not outlast a loss of power
    return f"{state}, {'new' if whole else 'old'} file whole"


def _holds(path: Path, model: Sequential) -> bool:
    return Sequential.load(path).parameters.theta.tobytes() == model.parameters.theta.tobytes()


def _in_child(act: Callable[[], object]) -> str:
    def told(item: int) -> dict[str, Any]:
        act()
        return {}

    (outcome,) = run_each([0], told, seconds=10, memory=2**31)
    return outcome.what


def _real_faults(models: list[Sequential], scratch: Path) -> dict[str, str]:
    """Return the verdicts on faults without a trick."""
    found = {}
    for size in (
        0,
        1,
        1_000,
        5_000,
        9_000,
    ):  # no file may grow further, as on a full disk: first an error, then a signal that kills
        for deadly, name in ((False, "disk full"), (True, "killed")):
            path, before = _prepared(models, scratch / f"{name}-{size}", old=True)
            state = _limited(models[1], path, size, deadly=deadly)
            found[f"{name} after {size} bytes"] = _judged(
                state, models, path, before, may_leave=deadly
            )
    path, before = _prepared(models, scratch / "read-only", old=True)
    path.parent.chmod(0o555)
    if not os.access(path.parent, os.W_OK):  # root may write anywhere
        state = _refused(lambda: models[1].save(path))
        path.parent.chmod(0o755)
        found["folder that is read-only"] = _judged(state, models, path, before, may_leave=False)
    path.parent.chmod(0o755)
    (scratch / "a-file").write_bytes(b"mine")
    (scratch / "a-folder").mkdir()
    os.mkfifo(scratch / "a-pipe")
    # Nothing outside of the scratch folder: with the guard broken and as root, a goal such as /dev/null would really be replaced.
    goals = {
        "folder that is a file": scratch / "a-file" / "model.h5",
        "goal that is a folder": scratch / "a-folder",
        "goal that is a pipe": scratch / "a-pipe",
        "name that is too long": scratch / ("x" * 300),
        "name with a zero byte": scratch / "a\0b",
    }
    for name, goal in goals.items():
        before_all = sorted(entry.name for entry in scratch.iterdir())
        state = _refused(lambda goal=goal: models[1].save(goal))
        kept = (
            sorted(entry.name for entry in scratch.iterdir()) == before_all
            and (scratch / "a-file").read_bytes() == b"mine"
        )
        found[name] = (
            f"{state}, old file whole"
            if state == "error" and kept
            else f"WRONG: {state}, or something is left"
        )
    return found


def _refused(act: Callable[[], object]) -> str:
    try:
        act()
    except DataError:
        return "error"
    return "WRONG: no error"


def _limited(model: Sequential, path: Path, size: int, *, deadly: bool) -> str:
    """Save where no file may grow beyond `size`: by the kernel's own limit."""

    def act(item: int) -> dict[str, Any]:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL if deadly else signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        return {"state": _refused(lambda: model.save(path))}

    (outcome,) = run_each([0], act, seconds=10, memory=2**31)
    return (
        "killed"
        if outcome.what == "killed by SIGXFSZ"
        else outcome.told.get("state", f"WRONG: {outcome.what}")
    )
