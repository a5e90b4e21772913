"""Every system call of a save fails once, with every error, or is the last one of the process.

The calls of `minidl.utils.atomic_files` are counted first. Then, for each call and each fault, a
model is saved over an old one: either an error says what went wrong and the old file is bit for bit
the same, or the new file is complete; and nothing else is left in the folder. Faults that can
really happen (no space, a folder of that name, no permission) are tried without interposition.
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
from typing import Any, NamedTuple

from minidl import DataError, Linear, MeanSquaredError, Sequential
from minidl.utils import atomic_files as files

from .children import run_each
from .report import Result

DEFAULT_COUNT = 1
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
VERDICTS = (
    "error, old file whole",
    "done, new file whole",
    "interrupted, old file whole",
    "interrupted, new file whole",
    "killed, old file whole",
    "killed, new file whole",
    "WRONG",
)


class Interposed:
    """Replaces the module `os` or `fcntl` in `minidl.utils.atomic_files`; logs and fails calls."""

    def __init__(self, real: Any, fault: Callable[[str, int], None], log: list[str]) -> None:
        self._real = real
        self._fault = fault
        self._log = log

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._real, name)
        if name not in CALLS:
            return function

        def call(*positional: Any, **named: Any) -> Any:
            self._log.append(name)
            try:
                self._fault(name, len(self._log) - 1)
            except OSError:
                if name == "close":  # a close that fails has closed the file nevertheless
                    function(*positional)
                raise
            return function(*positional, **named)

        return call


class Fault(NamedTuple):
    """What happens at a call: an action, at that call only or also at all later ones."""

    name: str
    act: Callable[[str], None]
    at_later_calls: bool = False
    kills: bool = False

    @property
    def label(self) -> str:
        """The name in the table."""
        return f"{self.name}{' at all later calls' if self.at_later_calls else ''}"

    def at(self, position: int) -> Callable[[str, int], None]:
        """Return a function for `Interposed`, with the fault at this call."""

        def fault(name: str, number: int) -> None:
            if number == position or (self.at_later_calls and number > position):
                self.act(name)

        return fault


def all_faults() -> list[Fault]:
    """Return the faults; `ERRORS` at one call and at all later ones, Ctrl-C and kill -9."""
    faults = [
        Fault(errno.errorcode[number], _raiser(number), at_later_calls)
        for number in ERRORS
        for at_later_calls in (False, True)
    ]
    return [*faults, Fault("Ctrl-C", _interrupt), Fault("kill -9", _kill, kills=True)]


def run(count: int, seed: int, scratch: Path) -> Result:
    """Try every fault at every call, `count` times."""
    models = [Sequential([Linear(60, 40)], loss=MeanSquaredError(), seed=s) for s in (1, 2)]
    counts: dict[str, Counter[str]] = {}
    violations: list[str] = []
    logs: dict[str, list[str]] = {}
    for has_old_file in (True, False):
        situation = "over an old file" if has_old_file else "in a new folder"
        calls = logs[situation] = _calls(models, scratch / f"count-{has_old_file}", has_old_file)
        for fault in all_faults():
            fault_counts = counts.setdefault(fault.label, Counter())
            for position in [*range(len(calls))] * count:
                name = f"{has_old_file}-{fault.label}-{position}".replace(" ", "_")
                verdict = _save_with_fault(models, scratch / name, has_old_file, fault, position)
                fault_counts[verdict.partition(":")[0]] += 1
                if verdict.startswith("WRONG"):
                    call = f"call {position} ({calls[position]})"
                    violations.append(f"{fault.label} at {call}, {situation}: {verdict}")
    for label, verdict in _real_faults(models, scratch).items():
        counts.setdefault("really happened", Counter())[verdict.partition(":")[0]] += 1
        if verdict.startswith("WRONG"):
            violations.append(f"{label}: {verdict}")
    total = sum(counts.values(), Counter())
    rows: list[list[Any]] = [["fault", "tries", *VERDICTS]]
    for label, label_counts in [*counts.items(), ("all", total)]:
        rows.append([label, label_counts.total(), *(label_counts[kind] for kind in VERDICTS)])
    numbers = {"tries": total.total(), "calls": logs, "outcomes": counts}
    return Result(rows, numbers, violations)


def _raiser(number: int) -> Callable[[str], None]:
    def act(name: str) -> None:
        raise OSError(number, os.strerror(number))

    return act


def _interrupt(name: str) -> None:
    raise KeyboardInterrupt


def _kill(name: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _save(model: Sequential, path: Path, fault: Callable[[str, int], None]) -> list[str]:
    """Save a model with faults in the system calls; return the calls that were made."""
    log: list[str] = []
    real_os, real_fcntl = files.os, files.fcntl
    files.os = Interposed(real_os, fault, log)  # type: ignore[assignment]
    files.fcntl = Interposed(real_fcntl, fault, log)  # type: ignore[assignment]
    try:
        model.save(path)
    finally:
        files.os, files.fcntl = real_os, real_fcntl
    return log


def _prepare(
    models: list[Sequential], folder: Path, has_old_file: bool
) -> tuple[Path, bytes | None]:
    """Return the path to save to and its content: a private model, or nothing and no folder."""
    path = folder / "model.h5"
    if not has_old_file:
        return path, None
    models[0].save(path)
    path.chmod(MODE)
    return path, path.read_bytes()


def _calls(models: list[Sequential], folder: Path, has_old_file: bool) -> list[str]:
    path, _ = _prepare(models, folder, has_old_file)
    return _save(models[1], path, lambda name, number: None)


def _save_with_fault(
    models: list[Sequential], folder: Path, has_old_file: bool, fault: Fault, position: int
) -> str:
    """Save with one fault and return the verdict, "WRONG: ..." for a violation."""
    path, before = _prepare(models, folder, has_old_file)
    if fault.kills:
        status = _run_in_child(lambda: _save(models[1], path, fault.at(position)))
        state = "killed" if status == "killed by SIGKILL" else f"WRONG: {status}"
    else:
        try:
            _save(models[1], path, fault.at(position))
            state = "done"
        except DataError as error:
            state = "error" if str(path.parent) in str(error) else f"WRONG: unclear error {error}"
        except KeyboardInterrupt:
            state = "interrupted"
    may_leave = fault.kills or fault.at_later_calls
    return _verdict(state, models, path, before, may_leave=may_leave)


def _verdict(
    state: str, models: list[Sequential], path: Path, before: bytes | None, *, may_leave: bool
) -> str:
    """Return the verdict on the file, on other files, and on whether saving works again."""
    after = path.read_bytes() if path.exists() else None
    is_new = after is not None and after != before and _holds(path, models[1])
    if after != before and not is_new:
        return f"WRONG: {state}, and the file is neither the old nor the new one"
    if state == "done" and not is_new:
        return "WRONG: no error, and no new file"
    if before is not None and stat.S_IMODE(path.stat().st_mode) != MODE:
        return f"WRONG: {state}, and the mode is {path.stat().st_mode:o}"
    folder = path.parent
    others = [entry.name for entry in folder.iterdir() if entry != path] if folder.exists() else []
    if others and not may_leave:
        return f"WRONG: {state}, and it left {others}"
    models[1].save(path)
    if sorted(folder.iterdir()) != [path] or not _holds(path, models[1]):
        return f"WRONG: {state}, and the next save did not repair it"
    if state == "error" and is_new:
        state = "done"  # the error says that the file is written, but may not survive a power loss
    return f"{state}, {'new' if is_new else 'old'} file whole"


def _holds(path: Path, model: Sequential) -> bool:
    return Sequential.load(path).parameters.theta.tobytes() == model.parameters.theta.tobytes()


def _run_in_child(function: Callable[[], object]) -> str:
    def call(item: int) -> dict[str, Any]:
        function()
        return {}

    (outcome,) = run_each([0], call, seconds=10, memory=2**31)
    return outcome.status


def _real_faults(models: list[Sequential], scratch: Path) -> dict[str, str]:
    """Return the verdicts on faults without interposition."""
    verdicts = {}
    # No file may grow beyond a size, as on a full disk: an error first, then a signal that kills.
    for size in (0, 1, 1_000, 5_000, 9_000):
        for kills, name in ((False, "disk full"), (True, "killed")):
            path, before = _prepare(models, scratch / f"{name}-{size}", has_old_file=True)
            state = _save_with_size_limit(models[1], path, size, kills=kills)
            verdicts[f"{name} after {size} bytes"] = _verdict(
                state, models, path, before, may_leave=kills
            )
    path, before = _prepare(models, scratch / "read-only", has_old_file=True)
    path.parent.chmod(0o555)
    if not os.access(path.parent, os.W_OK):  # root may write anywhere
        state = _state_after_error(lambda: models[1].save(path))
        path.parent.chmod(0o755)
        verdicts["folder that is read-only"] = _verdict(
            state, models, path, before, may_leave=False
        )
    path.parent.chmod(0o755)
    return verdicts | _invalid_paths(models[1], scratch)


def _invalid_paths(model: Sequential, scratch: Path) -> dict[str, str]:
    """Return the verdicts on paths that cannot be a file."""
    file = scratch / "a-file"
    file.write_bytes(b"mine")
    (scratch / "a-folder").mkdir()
    os.mkfifo(scratch / "a-pipe")
    # Only in the scratch folder: with the protection broken and as root, a path such as /dev/null
    # would really be replaced.
    paths = {
        "folder that is a file": file / "model.h5",
        "path of a folder": scratch / "a-folder",
        "path of a pipe": scratch / "a-pipe",
        "name that is too long": scratch / ("x" * 300),
        "name with a zero byte": scratch / "a\0b",
    }
    verdicts = {}
    for name, path in paths.items():
        before = sorted(entry.name for entry in scratch.iterdir())
        state = _state_after_error(lambda path=path: model.save(path))
        after = sorted(entry.name for entry in scratch.iterdir())
        if state == "error" and after == before and file.read_bytes() == b"mine":
            verdicts[name] = "error, old file whole"
        else:
            verdicts[name] = f"WRONG: {state}, or a file is left"
    return verdicts


def _state_after_error(function: Callable[[], object]) -> str:
    try:
        function()
    except DataError:
        return "error"
    return "WRONG: no error"


def _save_with_size_limit(model: Sequential, path: Path, size: int, *, kills: bool) -> str:
    """Save with the kernel's limit on the size of files."""

    def save(item: int) -> dict[str, Any]:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL if kills else signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        return {"state": _state_after_error(lambda: model.save(path))}

    (outcome,) = run_each([0], save, seconds=10, memory=2**31)
    if outcome.status == "killed by SIGXFSZ":
        return "killed"
    return outcome.result.get("state", f"WRONG: {outcome.status}")
